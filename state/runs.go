package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"exporter/fault"
)

// Enqueue writes a request durably and returns it with its ID.
func (s *Store) Enqueue(ctx context.Context, r Run) (Run, error) {
	r = s.request(r)
	_, err := s.exec(ctx, s.full, insertRun, r.values()...)
	return r, s.classify(ctx, err, "enqueue a run of %s", r.Job)
}

var insertRun = `INSERT INTO runs (` + runColumns + `) VALUES (?` + strings.Repeat(", ?", strings.Count(runColumns, ",")) + `)`

// request makes a run that was asked for out of what it says.
func (s *Store) request(r Run) Run {
	now := s.now()
	r.ID, r.State, r.Requested = newID(now), RunQueued, now.UTC().Truncate(time.Microsecond)
	r.Started, r.Finished, r.Epoch, r.Cancelled = time.Time{}, time.Time{}, 0, false
	if r.Priority == "" {
		r.Priority = PriorityScheduled
	}
	return r
}

// NextQueued moves the next queued run to running under the lease of that epoch:
// scheduled ones before backfills, each in the order of request. Runs of the jobs
// in busy stay where they are, and what a scheduler asked for of jobs that are paused.
// It reports false if there is nothing to do, and [ErrLost] if the lease has gone to
// another process.
func (s *Store) NextQueued(ctx context.Context, epoch int64, busy ...string) (r Run, ok bool, err error) {
	skip, err := json.Marshal(append([]string{}, busy...))
	if err != nil {
		return Run{}, false, fmt.Errorf("take the next run: %w", err)
	}
	err = s.inTx(ctx, s.full, func(tx *sql.Tx) error {
		if err := s.fence(ctx, tx, epoch); err != nil {
			return err
		}
		r, err = s.begin(ctx, tx, epoch, `seq = (
			SELECT seq FROM runs
			WHERE state = 'queued' AND job NOT IN (SELECT value FROM json_each(?3))
			  AND NOT (triggered_by IN ('schedule', 'again', 'quota') AND job IN (SELECT job FROM jobs WHERE paused))
			ORDER BY priority = 'backfill', seq LIMIT 1)`, string(skip))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, false, nil
	}
	if err != nil {
		return Run{}, false, s.classify(ctx, err, "take the next run")
	}
	return r, true, nil
}

// fence fails unless the lease of that epoch is held. Inside an immediate
// transaction nobody can take it before the commit.
func (s *Store) fence(ctx context.Context, tx *sql.Tx, epoch int64) error {
	var holder string
	var ours bool
	err := tx.QueryRowContext(ctx, `SELECT holder, epoch = ? AND expires > 0 FROM lease`, epoch).Scan(&holder, &ours)
	if err != nil {
		return err
	}
	if !ours {
		return lostTo(holder)
	}
	return nil
}

// Progress stores the counts of a running run. It may lose its last second to a
// power cut.
func (s *Store) Progress(ctx context.Context, r Run) error {
	n, err := s.exec(ctx, s.quick, `
		UPDATE runs SET slices = ?, committed = ?, unchanged = ?, failed = ?, waiting = ?, wait_until = ?, rows = ?, calls = ?
		WHERE id = ? AND state = 'running' AND epoch = ? AND epoch = (SELECT epoch FROM lease)`,
		r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, micros(r.WaitUntil), r.Rows, r.Calls, r.ID, r.Epoch)
	return s.moved(ctx, n, err, "store progress of run %s", r.ID)
}

// Finish closes a running run with r's state, outcome and counts, durably.
func (s *Store) Finish(ctx context.Context, r Run) error {
	if !r.Done() {
		return fmt.Errorf("finish run %s: %q is not an end", r.ID, r.State)
	}
	n, err := s.exec(ctx, s.full, `
		UPDATE runs SET state = ?, exit_code = ?, error = ?, hint = ?, class = ?, finished = ?,
			slices = ?, committed = ?, unchanged = ?, failed = ?, waiting = ?, wait_until = ?, rows = ?, calls = ?, note = ?
		WHERE id = ? AND state = 'running' AND epoch = ? AND epoch = (SELECT epoch FROM lease)`,
		r.State, r.ExitCode, r.Error, r.Hint, r.Class, micros(s.now()),
		r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, micros(r.WaitUntil), r.Rows, r.Calls, r.Note, r.ID, r.Epoch)
	return s.moved(ctx, n, err, "finish run %s", r.ID)
}

func (s *Store) moved(ctx context.Context, n int64, err error, format string, args ...any) error {
	if err == nil && n == 0 {
		return stale(fmt.Sprintf(format, args...))
	}
	return s.classify(ctx, err, format, args...)
}

func stale(what string) error {
	return fault.New(fault.Interrupted, "%s: %w", what, ErrStale).
		WithHint("Another process took over and closed the run. Its slices go on with their next run.")
}

// Withdraw takes back a request nobody has begun. It reports false if the run is
// running or done.
func (s *Store) Withdraw(ctx context.Context, id string) (bool, error) {
	n, err := s.exec(ctx, s.full, `
		UPDATE runs SET state = 'interrupted', finished = ?, class = ?, error = 'withdrawn before it began', exit_code = 130
		WHERE id = ? AND state = 'queued'`, micros(s.now()), string(fault.Interrupted), id)
	return n == 1, s.classify(ctx, err, "withdraw run %s", id)
}

// Run returns one run.
func (s *Store) Run(ctx context.Context, id string) (Run, bool, error) {
	r, err := scanRun(s.read.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, false, nil
	}
	return r, err == nil, s.classify(ctx, err, "read run %s", id)
}

// Runs returns the latest limit runs of a job (of all with job ""), newest first.
func (s *Store) Runs(ctx context.Context, job string, limit int) ([]Run, error) {
	where, args := "", []any{limit}
	if job != "" {
		where, args = "WHERE job = ?", []any{job, limit}
	}
	list, err := query(ctx, s.read, scanRun,
		`SELECT `+runColumns+` FROM runs `+where+` ORDER BY seq DESC LIMIT ?`, args...)
	return list, s.classify(ctx, err, "read runs")
}

// Begun returns the runs of a job that have begun and are not queued again, at most limit,
// the one first that began last, whatever the clock did since.
func (s *Store) Begun(ctx context.Context, job string, limit int) ([]Run, error) {
	list, err := query(ctx, s.read, scanRun,
		`SELECT `+runColumns+` FROM runs WHERE job = ? AND began > 0 AND state <> 'queued' ORDER BY began DESC LIMIT ?`, job, limit)
	return list, s.classify(ctx, err, "read the runs of %s that have begun", job)
}

// OpenRuns returns the queued and running runs, oldest first.
func (s *Store) OpenRuns(ctx context.Context) ([]Run, error) {
	list, err := query(ctx, s.read, scanRun,
		`SELECT `+runColumns+` FROM runs WHERE state IN ('queued', 'running') ORDER BY seq`)
	return list, s.classify(ctx, err, "read open runs")
}
