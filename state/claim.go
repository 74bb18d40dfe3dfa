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
		r, err = scanRun(tx.QueryRowContext(ctx, `
			UPDATE runs SET state = 'running', started = ?, epoch = ? WHERE id = ? AND state = 'queued'
			RETURNING `+runColumns, micros(s.now()), epoch, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		r, _, err = s.Run(ctx, id)
		return r, false, err
	}
	return r, err == nil, s.classify(ctx, err, "claim run %s", id)
}
