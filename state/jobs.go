package state

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Job is what is remembered of a job besides its runs and slices. Zero times are
// not known, or not there.
type Job struct {
	Name       string
	Since      time.Time // when a scheduler first knew it
	LastFiring time.Time // the last planned firing that was recorded
	Paused     bool
	Resumed    time.Time // end of its last pause
	Missed     int64     // firings nobody was there for, since ever
	Skipped    int64     // firings left out because the run before went on, since ever
	RetryAt    time.Time // when slices that failed are tried again
	Retries    int       // how often they were since the last firing
	Owed       time.Time // start of the oldest interval that a firing left to the next ones
	Healed     time.Time // when the newest firing began of which later runs did the rest
	Waived     time.Time // the last planned firing that was left out because the job says so
}

const jobColumns = `job, since, last_firing, paused, resumed, missed, skipped, retry_at, retries, owed, healed, waived`

func scanJob(row scanner) (j Job, err error) {
	err = row.Scan(&j.Name, (*instant)(&j.Since), (*instant)(&j.LastFiring), &j.Paused, (*instant)(&j.Resumed),
		&j.Missed, &j.Skipped, (*instant)(&j.RetryAt), &j.Retries, (*instant)(&j.Owed), (*instant)(&j.Healed), (*instant)(&j.Waived))
	return j, err
}

// Jobs returns what is remembered of every job, in the order of their names.
func (s *Store) Jobs(ctx context.Context) ([]Job, error) {
	list, err := query(ctx, s.read, scanJob, `SELECT `+jobColumns+` FROM jobs ORDER BY job`)
	return list, s.classify(ctx, err, "read what is remembered of jobs")
}

// Job returns what is remembered of one job; only its name if nothing is.
func (s *Store) Job(ctx context.Context, name string) (Job, error) {
	j, err := scanJob(s.read.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs WHERE job = ?`, name))
	if errors.Is(err, sql.ErrNoRows) {
		j, err = Job{Name: name}, nil
	}
	return j, s.classify(ctx, err, "read what is remembered of %s", name)
}

// LastFiring returns the last planned firing of a job that was recorded.
func (s *Store) LastFiring(ctx context.Context, job string) (t time.Time, ok bool, err error) {
	j, err := s.Job(ctx, job)
	return j.LastFiring, !j.LastFiring.IsZero(), err
}

// SetFiring records a planned firing durably. Slices that failed in the one before
// are its own now.
func (s *Store) SetFiring(ctx context.Context, job string, t time.Time) error {
	return s.setJob(ctx, job, "last_firing = ?3, retry_at = ?4, retries = 0", "record the firing of %s", micros(t), micros(time.Time{}))
}

// SetRetry records when slices of a job that failed are tried again, and how often
// they were since the last firing; the zero time means not at all.
func (s *Store) SetRetry(ctx context.Context, job string, at time.Time, retries int) error {
	return s.setJob(ctx, job, "retry_at = ?3, retries = ?4", "record the retry of %s", micros(at), retries)
}

// SetOwed records from where on a job owes intervals that a firing left to the next
// ones; the zero time means that it left none.
func (s *Store) SetOwed(ctx context.Context, job string, from time.Time) error {
	return s.setJob(ctx, job, "owed = ?3", "record what %s owes", micros(from))
}

// SetHealed records that all slices of the firing that began at that time are done,
// by later runs.
func (s *Store) SetHealed(ctx context.Context, job string, began time.Time) error {
	return s.setJob(ctx, job, "healed = max(healed, ?3)", "record that a firing of %s is healed", micros(began))
}

// SetPaused stops or resumes the scheduled firings of a job; what that means is
// the scheduler's business.
func (s *Store) SetPaused(ctx context.Context, job string, paused bool) error {
	return s.setJob(ctx, job, "resumed = CASE WHEN paused AND NOT ?3 THEN ?2 ELSE resumed END, paused = ?3", "pause %s", paused)
}

// setJob changes what is remembered of a job.
func (s *Store) setJob(ctx context.Context, job, sets, what string, values ...any) error {
	err := s.inTx(ctx, s.full, func(tx *sql.Tx) error { return s.changeJob(ctx, tx, job, sets, values...) })
	return s.classify(ctx, err, what, job)
}

// changeJob changes the row of a job, which is made if it is missing. In sets the
// values are ?3 and on, ?2 is now.
func (s *Store) changeJob(ctx context.Context, tx *sql.Tx, job, sets string, values ...any) error {
	now := micros(s.now())
	_, err := tx.ExecContext(ctx, `INSERT INTO jobs (job, last_firing, paused, since) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING`, job, micros(time.Time{}), now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE jobs SET `+sets+` WHERE job = ?1 AND ?2 IS NOT NULL`, append([]any{job, now}, values...)...)
	return err
}

// Paused returns the paused jobs in the order of their names.
func (s *Store) Paused(ctx context.Context) ([]string, error) {
	list, err := query(ctx, s.read, func(row scanner) (job string, err error) {
		err = row.Scan(&job)
		return job, err
	}, `SELECT job FROM jobs WHERE paused ORDER BY job`)
	return list, s.classify(ctx, err, "read paused jobs")
}
