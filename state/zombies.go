package state

import (
	"context"
	"database/sql"
	"time"

	"exporter/fault"
)

const (
	zombieError = "the process that ran it ended without closing it"
	zombieHint  = "Nothing to do: the next run goes on from the last checkpoint."
	zombieExit  = 130
)

// CloseZombies makes runs of earlier epochs that are still running interrupted,
// and so the slices in work whose run is not running, except that those which
// had waited for quota before wait again. A new executor calls it
// before its first run. It returns how many runs it closed.
func (s *Store) CloseZombies(ctx context.Context, epoch int64) (int, error) {
	var closed int64
	err := s.inTx(ctx, s.full, func(tx *sql.Tx) error {
		if err := s.fence(ctx, tx, epoch); err != nil {
			return err
		}
		now := micros(s.now())
		res, err := tx.ExecContext(ctx, `
			UPDATE runs SET state = 'interrupted', finished = ?, class = ?, error = ?, hint = ?, exit_code = ?
			WHERE state = 'running' AND epoch < ?`,
			now, string(fault.Interrupted), zombieError, zombieHint, zombieExit, epoch)
		if err != nil {
			return err
		}
		if closed, err = res.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE slices SET state = CASE WHEN wait_until > ? THEN 'waiting' ELSE 'interrupted' END, updated = ?, class = ?, error = ?, hint = ?
			WHERE state IN ('planned', 'extracting', 'extracted', 'loading')
			  AND run NOT IN (SELECT id FROM runs WHERE state = 'running')`,
			micros(time.Time{}), now, string(fault.Interrupted), zombieError, zombieHint)
		return err
	})
	return int(closed), s.classify(ctx, err, "close abandoned runs")
}
