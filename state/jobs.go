package state

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// LastFiring returns the last planned firing of a job that was recorded.
func (s *Store) LastFiring(ctx context.Context, job string) (t time.Time, ok bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT last_firing FROM jobs WHERE job = ?`, job).Scan((*instant)(&t))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return t, !t.IsZero(), s.classify(ctx, err, "read the last firing of %s", job)
}

// SetFiring records a planned firing durably.
func (s *Store) SetFiring(ctx context.Context, job string, t time.Time) error {
	_, err := s.exec(ctx, s.full, `
		INSERT INTO jobs (job, last_firing, paused) VALUES (?, ?, 0)
		ON CONFLICT DO UPDATE SET last_firing = excluded.last_firing`, job, micros(t))
	return s.classify(ctx, err, "record the firing of %s", job)
}

// SetPaused stops or resumes the scheduled firings of a job; what that means is
// the scheduler's business.
func (s *Store) SetPaused(ctx context.Context, job string, paused bool) error {
	_, err := s.exec(ctx, s.full, `
		INSERT INTO jobs (job, last_firing, paused) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET paused = excluded.paused`, job, micros(time.Time{}), paused)
	return s.classify(ctx, err, "pause %s", job)
}

// Paused returns the paused jobs in the order of their names.
func (s *Store) Paused(ctx context.Context) ([]string, error) {
	list, err := query(ctx, s.read, func(row scanner) (job string, err error) {
		err = row.Scan(&job)
		return job, err
	}, `SELECT job FROM jobs WHERE paused ORDER BY job`)
	return list, s.classify(ctx, err, "read paused jobs")
}
