package state

import (
	"context"
	"database/sql"
	"errors"
)

// Claim moves one queued run to running under the lease of that epoch. It
// reports false, with the run as it is now, if the run was begun or withdrawn.
func (s *Store) Claim(ctx context.Context, id string, epoch int64) (r Run, ok bool, err error) {
	err = s.inTx(ctx, s.full, func(tx *sql.Tx) error {
		if err := s.fence(ctx, tx, epoch); err != nil {
			return err
		}
		r, err = s.begin(ctx, tx, epoch, `id = ?3`, id)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		r, _, err = s.Run(ctx, id)
		return r, false, err
	}
	return r, err == nil, s.classify(ctx, err, "claim run %s", id)
}

// begin moves the queued run of which where says which to running; ?3 and on are values.
func (s *Store) begin(ctx context.Context, tx *sql.Tx, epoch int64, where string, values ...any) (Run, error) {
	r, err := scanRun(tx.QueryRowContext(ctx, `UPDATE runs SET state = 'running', started = ?1, epoch = ?2,
			began = 1 + (SELECT max(began) FROM runs AS r WHERE r.job = runs.job)
		WHERE state = 'queued' AND `+where+` RETURNING `+runColumns, append([]any{micros(s.now()), epoch}, values...)...))
	if err != nil {
		return Run{}, err
	}
	return r, tx.QueryRowContext(ctx, `SELECT max(seq) FROM runs`).Scan(&r.Behind)
}
