package state

import (
	"context"
	"database/sql"
	"time"
)

// Firing is what a scheduler decided about a firing of a job.
type Firing struct {
	Job     string
	At      time.Time // planned
	Run     *Run      // what is requested for it, with ID and state afterwards; nil = nothing
	Missed  int64     // firings until At that nobody was there for
	Skipped int64     // firings until At that were left out because the run before went on
	Waived  bool      // nothing is requested because the job says so (overlap or missed = "skip"): nobody waits for it
}

// Fire records a firing and requests its run in one step, under the lease of that
// epoch: whatever ends the process, a firing has its run once. Slices that failed in
// the firing before are this one's now.
func (s *Store) Fire(ctx context.Context, epoch int64, f Firing) error {
	err := s.inTx(ctx, s.full, func(tx *sql.Tx) error {
		if err := s.fence(ctx, tx, epoch); err != nil {
			return err
		}
		err := s.changeJob(ctx, tx, f.Job, "last_firing = ?3, retry_at = ?4, retries = 0, missed = missed + ?5, skipped = skipped + ?6, waived = CASE WHEN ?7 THEN ?3 ELSE waived END",
			micros(f.At), micros(time.Time{}), f.Missed, f.Skipped, f.Waived)
		if err != nil || f.Run == nil {
			return err
		}
		*f.Run = s.request(*f.Run)
		_, err = tx.ExecContext(ctx, insertRun, f.Run.values()...)
		return err
	})
	return s.classify(ctx, err, "record the firing of %s", f.Job)
}
