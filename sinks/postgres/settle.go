package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"exporter/fault"
	"exporter/sinks"
)

// settle writes the ledger row and tells listeners, in the transaction of the
// data. The fence in its WHERE clause decides whether this writer may commit; the
// row stays locked until the end of the transaction, which is what [writer.resolve]
// relies on.
func (w *writer) settle(written int64) error {
	l := w.load
	states, sums, err := statesOf(l.Tables)
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
		rejected(l.Tables), written, combined(l.Tables), sums, states, l.Definition,
		l.Provisional, l.LoadID, l.Run, w.loadedAt, l.Slice.Job+" "+l.Slice.Interval())
	if err != nil {
		return w.sink.rights(w.life, err, "write slice to ledger %s", w.sink.ledger)
	}
	if tag.RowsAffected() == 0 {
		return w.takenOver()
	}
	return nil
}

// takenOver is not repeated: the other writer is newer and delivers the slice.
func (w *writer) takenOver() error {
	return fault.New(fault.Interrupted, "slice %s %s was taken over by another writer that began later", w.load.Slice.Job, w.load.Slice.Interval()).
		WithHint("Nothing of this load was kept. If no other load of the slice succeeded since, run it again; if this happens often, two exporters load the same job.")
}

func statesOf(tables []sinks.Table) (states, sums string, err error) {
	byTable := make(map[string]sinks.TableState)
	sumsByTable := make(map[string]map[string]string)
	for _, t := range tables {
		sum := t.Tally.Sums()
		byTable[t.Name] = sinks.TableState{Rows: t.Tally.Rows, Hash: t.Tally.Hash(), Schema: t.Shape.Fingerprint(), Sums: sum}
		sumsByTable[t.Name] = sum
	}
	a, err := json.Marshal(byTable)
	if err != nil {
		return "", "", fmt.Errorf("write table states: %w", err)
	}
	b, err := json.Marshal(sumsByTable)
	if err != nil {
		return "", "", fmt.Errorf("write sums: %w", err)
	}
	return string(a), string(b), nil
}

func rejected(tables []sinks.Table) int64 {
	var n int64
	for _, t := range tables {
		n += t.Rejected
	}
	return n
}

// combined returns the hash of the slice: its table's, or a hash over the names
// and hashes of its tables, whatever their order.
func combined(tables []sinks.Table) string {
	if len(tables) == 1 {
		return tables[0].Tally.Hash()
	}
	hashes := make(map[string]string)
	for _, t := range tables {
		hashes[t.Name] = t.Tally.Hash()
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		h.Write([]byte(name + "\x00" + hashes[name] + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
