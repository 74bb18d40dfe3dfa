package state

import (
	"context"
	"database/sql"
	"errors"
)

// Orders is what a run at work is to do, as others have asked for it since it began.
type Orders struct {
	Cancel bool // end: somebody called Cancel
	// GiveWay: a run that goes first was asked for since. OfJob, it is of the same job.
	GiveWay, OfJob bool
}

// Orders reads what a run that has begun is to do now. It is asked for about once a
// second. What was asked for since goes by the order of requests, whatever the clock did.
func (s *Store) Orders(ctx context.Context, r Run) (o Orders, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT r.cancelled, count(q.id) > 0, total(q.job = r.job) > 0
		FROM runs AS r LEFT JOIN runs AS q ON q.state = 'queued' AND q.priority <> 'backfill' AND q.seq > ?
		WHERE r.id = ? GROUP BY r.id`, r.Behind, r.ID).Scan(&o.Cancel, &o.GiveWay, &o.OfJob)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return o, s.classify(ctx, err, "read what run %s is to do", r.ID)
}

// Cancel asks a run to end. One that nobody has begun is withdrawn; one at work ends
// with its executor's next look, and what is complete stays. It reports false if the
// run is done.
func (s *Store) Cancel(ctx context.Context, id string) (bool, error) {
	n, err := s.exec(ctx, s.full, `UPDATE runs SET cancelled = 1 WHERE id = ? AND state IN ('queued', 'running')`, id)
	if err != nil || n == 0 {
		return false, s.classify(ctx, err, "cancel run %s", id)
	}
	_, err = s.Withdraw(ctx, id)
	return true, err
}

// Yield puts a running run back among the requests, with what it has done so far, so
// that others go first. Its slices must be at rest.
func (s *Store) Yield(ctx context.Context, r Run) error {
	n, err := s.exec(ctx, s.full, `
		UPDATE runs SET state = 'queued', slices = ?, committed = ?, unchanged = ?, failed = ?, waiting = ?, wait_until = ?, rows = ?, calls = ?
		WHERE id = ? AND state = 'running' AND epoch = ? AND epoch = (SELECT epoch FROM lease)`,
		r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, micros(r.WaitUntil), r.Rows, r.Calls, r.ID, r.Epoch)
	return s.moved(ctx, n, err, "put run %s back", r.ID)
}
