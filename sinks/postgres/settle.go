package postgres

// settle writes the ledger row and tells listeners, in the transaction of the
// data. The fence in its WHERE clause decides whether this writer may commit; the
// row stays locked until the end of the transaction, which is what [writer.resolve]
// relies on.
func (w *writer) settle() error {
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
	tag, err := w.tx.Exec(w.life, `WITH settled AS (
			UPDATE `+w.sink.slices()+` SET state = 'committed', interval_end = $3, rows_announced = $4, rows_read = $5,
				rows_rejected = $6, rows_written = $7, hash = $8, sums = $9::jsonb, tables = $10::jsonb, definition = $11,
				provisional = $12, load_id = $13, run = $14, loaded_at = $15, checked_at = $15
			WHERE _slice = $1 AND fence = $2
			RETURNING _slice)
		SELECT pg_notify('exporter', $16) FROM settled`,
		w.at.slice, w.at.fence, end, announced, l.Read,
		l.Rejected(), l.Kept(), l.Hash(), sums, states, l.Definition,
		l.Provisional, l.LoadID, l.Run, w.loadedAt, l.Slice.Job+" "+l.Slice.Interval())
	if err != nil {
		return w.sink.rights(w.life, err, "write slice to ledger %s", w.sink.ledger)
	}
	if tag.RowsAffected() == 0 {
		return l.TakenOver()
	}
	return nil
}
