package state_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"exporter/sources/httpapi"
	"exporter/state"
)

func BenchmarkPutSlice(b *testing.B) {
	s := fresh(b, state.Options{})
	r := begin(b, s, acquire(b, s), "job")
	v := state.Slice{Job: "job", Part: "7", Start: day(1), End: day(2), Definition: "0123456789abcdef", Run: r.ID, State: state.SlicePlanned}
	must(b, s.PutSlice(context.Background(), v))
	v.State = state.SliceExtracting
	for b.Loop() {
		v.Page++
		if err := s.PutSlice(context.Background(), v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanSlices(b *testing.B) {
	s := fresh(b, state.Options{})
	r := begin(b, s, acquire(b, s), "job")
	list := make([]state.Slice, 1000)
	n := 0
	for b.Loop() {
		for i := range list {
			n++
			list[i] = state.Slice{Job: "job", Part: fmt.Sprint(i % 10), Start: day(n), End: day(n + 1), Run: r.ID, State: state.SlicePlanned}
		}
		if err := s.PutSlice(context.Background(), list...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "slices/s")
}

func BenchmarkSaveQuota(b *testing.B) {
	for _, spent := range []int{20, 1000} {
		b.Run(fmt.Sprint(spent), func(b *testing.B) {
			q := fresh(b, state.Options{}).Quota()
			u := usage(spent)
			for b.Loop() {
				if err := q.Save(context.Background(), "tune", u); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSaveToken(b *testing.B) {
	s := fresh(b, state.Options{})
	for b.Loop() {
		if err := s.SaveToken(context.Background(), "tune", httpapi.Token{Access: "a", Refresh: "b", Expires: day(1)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMillionSlices shows what a status page costs over a full state.
func BenchmarkMillionSlices(b *testing.B) {
	s := fresh(b, state.Options{})
	const jobs, each = 100, 10_000
	list := make([]state.Slice, each)
	for j := range jobs {
		for i := range list {
			start := day(1).Add(time.Duration(i) * time.Hour)
			list[i] = state.Slice{Job: fmt.Sprintf("job%d", j), Start: start, End: start.Add(time.Hour), State: state.SliceCommitted, Definition: "0123456789abcdef"}
		}
		must(b, s.PutSlice(context.Background(), list...))
	}
	b.Run("SliceStates", func(b *testing.B) {
		for b.Loop() {
			if list, err := s.SliceStates(context.Background()); err != nil || len(list) != jobs {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("Slices of a month", func(b *testing.B) {
		for b.Loop() {
			if list, err := s.Slices(context.Background(), "job50", day(1), day(31)); err != nil || len(list) != 720 {
				b.Fatal(len(list), err)
			}
		}
	})
}
