package state

import (
	"context"
	"math"
	"time"
)

// Wait is what of a job waits for quota.
type Wait struct {
	Job       string
	Slices    int
	Until     time.Time // when the first of them may go on
	Reason    string    // why that one waits
	Scheduled bool      // the run that left one of them was no backfill
	Force     bool      // the run that left one of them loads unchanged slices too
}

// Waits returns what waits for quota until by or earlier, in the order of the
// jobs' names; a zero bound is open. Slices that wait for something else, whose
// WaitUntil is zero, are not among it.
func (s *Store) Waits(ctx context.Context, by time.Time) ([]Wait, error) {
	list, err := query(ctx, s.read, func(row scanner) (w Wait, err error) {
		err = row.Scan(&w.Job, &w.Slices, (*instant)(&w.Until), &w.Reason, &w.Scheduled, &w.Force)
		return w, err
	}, `SELECT slices.job, count(*), min(slices.wait_until), slices.error,
			total(coalesce(runs.priority, '') <> 'backfill') > 0, total(coalesce(runs.force, 0)) > 0
		FROM slices LEFT JOIN runs ON runs.id = slices.run
		WHERE slices.state = 'waiting' AND slices.wait_until > ? AND slices.wait_until <= ?
		GROUP BY slices.job ORDER BY slices.job`, micros(time.Time{}), until(by))
	return list, s.classify(ctx, err, "read what waits for quota")
}

// ParkedRuns returns the runs that were parked before they had planned a slice,
// until by or earlier, and after which no other run of their job was asked for.
func (s *Store) ParkedRuns(ctx context.Context, by time.Time) ([]Run, error) {
	list, err := query(ctx, s.read, scanRun, `SELECT `+runColumns+` FROM runs
		WHERE state = 'parked' AND slices = 0 AND wait_until > ? AND wait_until <= ?
		  AND NOT EXISTS (SELECT 1 FROM runs AS later WHERE later.job = runs.job AND later.seq > runs.seq)
		ORDER BY seq`, micros(time.Time{}), until(by))
	return list, s.classify(ctx, err, "read parked runs")
}

func until(by time.Time) int64 {
	if by.IsZero() {
		return math.MaxInt64
	}
	return micros(by)
}
