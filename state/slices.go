package state

import (
	"context"
	"math"
	"time"
)

// Slices returns the slices of a job whose interval starts in [from, to), by
// start and part. A zero bound is open.
func (s *Store) Slices(ctx context.Context, job string, from, to time.Time) ([]Slice, error) {
	low, high := bounds(from, to)
	list, err := query(ctx, s.read, scanSlice, `SELECT `+sliceColumns+` FROM slices
		WHERE job = ? AND interval_start >= ? AND interval_start < ? ORDER BY interval_start, part`, job, low, high)
	return list, s.classify(ctx, err, "read the slices of %s", job)
}

// SliceStates counts the slices of every job by state. Its cost does not grow
// with the number of slices.
func (s *Store) SliceStates(ctx context.Context) ([]SliceCount, error) {
	list, err := query(ctx, s.read, func(row scanner) (c SliceCount, err error) {
		err = row.Scan(&c.Job, &c.State, &c.N)
		return c, err
	}, `SELECT job, state, n FROM slice_counts WHERE n > 0 ORDER BY job, state`)
	return list, s.classify(ctx, err, "count slices")
}

// DeleteSlices forgets the slices of a job whose interval starts in [from, to), a
// zero bound being open, except those in work. It returns how many it forgot.
func (s *Store) DeleteSlices(ctx context.Context, job string, from, to time.Time) (int64, error) {
	low, high := bounds(from, to)
	n, err := s.exec(ctx, s.full, `DELETE FROM slices
		WHERE job = ? AND interval_start >= ? AND interval_start < ? AND state IN (`+quoted(atRest)+`)`, job, low, high)
	return n, s.classify(ctx, err, "forget slices of %s", job)
}

func bounds(from, to time.Time) (low, high int64) {
	low, high = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		low = micros(from)
	}
	if !to.IsZero() {
		high = micros(to)
	}
	return low, high
}
