package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

// Committed implements sinks.Sink. A slice whose objects somebody removed is not
// committed any more.
func (s *sink) Committed(ctx context.Context, job string, from, to time.Time) ([]sinks.Committed, error) {
	list, err := s.committed(ctx, job, span{from, to})
	return list, wrap(ctx, err, "read manifests of job "+job)
}

func (s *sink) committed(ctx context.Context, job string, r span) ([]sinks.Committed, error) {
	v, err := s.settled(ctx, job, r)
	if err != nil {
		return nil, err
	}
	var list []sinks.Committed
	for _, f := range v.manifests {
		if f.manifest.State == committed && v.whole(f.manifest) {
			s.learn(job, f.place.table)
			list = append(list, f.manifest.committed())
		}
	}
	slices.SortStableFunc(list, func(a, b sinks.Committed) int {
		return cmp.Or(a.Slice.Start.Compare(b.Slice.Start), cmp.Compare(a.Slice.Part, b.Slice.Part), b.LoadedAt.Compare(a.LoadedAt))
	})
	// A job that fills other tables than before has two manifests until both are one.
	return slices.CompactFunc(list, func(a, b sinks.Committed) bool {
		return a.Slice.Part == b.Slice.Part && a.Slice.Start.Equal(b.Slice.Start)
	}), nil
}

// settled looks at a span of a job, once nothing in it is being published.
func (s *sink) settled(ctx context.Context, job string, r span) (view, error) {
	tables, err := s.homes(ctx, job)
	if err != nil {
		return view{}, err
	}
	for {
		v, err := s.find(ctx, job, r, false, tables)
		if err != nil {
			return v, err
		}
		again := false
		for _, f := range v.manifests {
			if f.manifest.State == publishing {
				again = true
				if _, err := s.settle(ctx, f); err != nil {
					return v, err
				}
			}
		}
		if !again {
			return v, nil
		}
	}
}

// Checked implements sinks.Sink.
func (s *sink) Checked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) error {
	err := errMoved
	for tries := 0; tries < 100 && errors.Is(err, errMoved); tries++ {
		err = s.checked(ctx, slice, at, provisional)
	}
	return wrap(ctx, err, fmt.Sprintf("record check of slice %s %s", slice.Job, slice.Interval()))
}

func (s *sink) checked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) error {
	v, err := s.settled(ctx, slice.Job, only(slice))
	if err != nil {
		return err
	}
	for _, f := range v.ofSlice(slice) {
		if f.manifest.State != committed {
			continue
		}
		m := f.manifest
		if m.Provisional = provisional; at.After(m.CheckedAt) {
			m.CheckedAt = at.UTC()
		}
		text, err := m.document()
		if err == nil {
			_, err = s.store.put(ctx, f.place.manifest(), text, f.generation)
		}
		return err
	}
	return fault.New(fault.Permanent, "no manifest in %s has a committed load of it", s.store.at()).
		WithHint("Somebody removed it. Load the slice again.")
}
