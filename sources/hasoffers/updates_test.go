package hasoffers_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

// edited returns a vendor with changes made by hand on the first of May.
func edited(t *testing.T) *vendor {
	t.Helper()
	v := newVendor(t, sandbox.Config{})
	for _, d := range []sandbox.Drift{
		{Kind: sandbox.Restate, Day: "2026-03-05", Rows: 7, At: "2026-05-01T15:00:00Z"},
		{Kind: sandbox.Restate, Day: "2026-03-06", Rows: 2, At: "2026-05-01T16:00:00Z"},
		{Kind: sandbox.Backdate, Day: "2026-03-10", Rows: 3, At: "2026-05-01T17:00:00Z"},
		{Kind: sandbox.Restate, Day: "2026-03-20", Rows: 5, At: "2026-05-20T17:00:00Z"},
	} {
		if _, err := v.Drift(d); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestUpdates(t *testing.T) {
	for _, size := range []int{3, 1000} {
		v := edited(t)
		s := overWire(t, v, v.network(), &hasoffers.Options{PageSize: size})
		req := request(t, s, "conversion_updates", day(t, "2026-05-01", 1))
		got := collect(t.Context(), t, s, req)
		if got.err != nil {
			t.Fatal(got.err)
		}
		updated := 0
		for _, c := range got.columns {
			if c == "updated" {
				updated++
			}
		}
		if got.rows != 12 || got.announced != 12 || updated != 9 {
			t.Errorf("page size %d: got %d rows of %d announced, %d of them updated, want 12, 12 and 9", size, got.rows, got.announced, updated)
		}
		for i, mark := range got.marks {
			req.After = mark
			if rest := collect(t.Context(), t, s, req); rest.err != nil || rest.announced != 12 {
				t.Errorf("page size %d, after checkpoint %d: announced %d, %v", size, i, rest.announced, rest.err)
			}
		}
	}
}

func TestChanged(t *testing.T) {
	v := edited(t)
	ask := func(o hasoffers.Options, stream string, since time.Time) []sources.Interval {
		t.Helper()
		changer, ok := overWire(t, v, v.network(), &o).(sources.Changer)
		if !ok {
			t.Fatal("the source does not tell changes")
		}
		got, err := changer.Changed(t.Context(), stream, since)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	since := time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC)
	restate := hasoffers.Options{Restate: "updates", PageSize: 4}
	want := []sources.Interval{day(t, "2026-03-05", 2), day(t, "2026-03-10", 1), day(t, "2026-03-20", 1)}
	same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, ask(restate, "conversions", since), same); diff != "" {
		t.Errorf("changed since April (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], ask(restate, "conversions", since.AddDate(0, 0, 10)), same); diff != "" {
		t.Errorf("changed since the tenth of May (-want +got):\n%s", diff)
	}
	if got := slices.Concat(ask(hasoffers.Options{}, "conversions", since), ask(restate, "conversion_updates", since)); len(got) != 0 {
		t.Errorf("changes nobody asked for: %v", got)
	}
}
