package sqlite

import (
	"context"
	"fmt"
)

// settle writes the ledger row, in the transaction of the data. The fence in its
// WHERE clause decides whether this writer may commit.
func (w *writer) settle(ctx context.Context) error {
	l := w.load
	states, sums, err := l.States()
	if err != nil {
		return err
	}
	var announced *int64
	if l.Announced >= 0 {
		announced = &l.Announced
	}
	_, end := bounds(l.Slice)
	at := timeText(w.loadedAt)
	res, err := w.conn.ExecContext(ctx, `UPDATE `+slicesTable+` SET state = 'committed', interval_end = ?, rows_announced = ?, rows_read = ?,
			rows_rejected = ?, rows_written = ?, hash = ?, sums = ?, tables = ?, definition = ?,
			provisional = ?, load_id = ?, run = ?, loaded_at = ?, checked_at = ?
		WHERE _slice = ? AND fence = ?`,
		end, announced, l.Read, l.Rejected(), l.Kept(), l.Hash(), sums, states, l.Definition,
		l.Provisional, l.LoadID, l.Run, at, at, w.at.slice, w.at.fence)
	if err != nil {
		return fmt.Errorf("write slice to the ledger: %w", err)
	}
	changed, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("write slice to the ledger: %w", err)
	}
	if changed == 0 {
		return l.TakenOver()
	}
	return nil
}
