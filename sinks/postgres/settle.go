package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"exporter/sinks"
)

// settle writes the ledger's rows and tells listeners, in the transaction of the
// data. The fence decides whether this writer may commit; the slice's row stays
// locked until the end of the transaction, which is what [writer.resolve] relies on.
func (w *writer) settle() error {
	before, err := w.before()
	if errors.Is(err, pgx.ErrNoRows) {
		return w.load.TakenOver()
	}
	if err != nil {
		return w.sink.rights(w.life, err, "read slice in ledger %s", w.sink.ledger)
	}
	var b pgx.Batch
	if err := w.settleSlice(&b); err != nil {
		return err
	}
	for _, r := range w.load.Restated(before) {
		if err := w.restate(&b, r); err != nil {
			return err
		}
	}
	w.settleProgress(&b, before)
	w.settleRun(&b)
	b.Queue("SELECT pg_notify('exporter', $1)", w.load.Slice.Job+" "+w.load.Slice.Interval())
	return w.sink.rights(w.life, w.tx.SendBatch(w.life, &b).Close(), "write to ledger %s", w.sink.ledger)
}

// before locks the slice's row and returns what is committed, nil if nothing is. The
// job may have another name since the load began, see [sink.Rename].
func (w *writer) before() (*sinks.Committed, error) {
	var is bool
	var c sinks.Committed
	var tables string
	var end pgtype.Timestamptz
	err := w.tx.QueryRow(w.life, `SELECT state = 'committed', coalesce(tables::text, ''), coalesce(definition, ''), coalesce(provisional, false), interval_end, job
		FROM `+w.sink.slices()+` s WHERE _slice = $1 AND fence = $2
			AND NOT EXISTS (SELECT FROM `+w.sink.renames()+` r WHERE r.table_schema = s.table_schema AND r.job = s.job) FOR UPDATE`, w.at.slice, w.at.fence).Scan(&is, &tables, &c.Definition, &c.Provisional, &end, &w.load.Slice.Job)
	if err != nil || !is {
		return nil, err
	}
	c.Slice = w.load.Slice
	if c.Slice.End = (time.Time{}); end.InfinityModifier == pgtype.Finite {
		c.Slice.End = end.Time
	}
	c.Tables, err = sinks.ReadStates(tables)
	return &c, err
}

func (w *writer) settleSlice(b *pgx.Batch) error {
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
	b.Queue(`UPDATE `+w.sink.slices()+` SET state = 'committed', interval_end = $2, rows_announced = $3, rows_read = $4,
			rows_rejected = $5, rows_written = $6, hash = $7, sums = $8::jsonb, tables = $9::jsonb, definition = $10,
			provisional = $11, load_id = $12, run = $13, loaded_at = $14, checked_at = $14
		WHERE _slice = $1`,
		w.at.slice, end, announced, l.Read, l.Rejected(), l.Kept(), l.Hash(), sums, states, l.Definition,
		l.Provisional, l.LoadID, l.Run, w.loadedAt)
	return nil
}

// restate notes that a table's committed rows of the slice are replaced by others.
func (w *writer) restate(b *pgx.Batch, r sinks.Restatement) error {
	var sums [3]string
	for i, m := range []map[string]string{r.Before.Sums, r.After.Sums, r.Difference} {
		var err error
		if sums[i], err = sinks.SumsJSON(m); err != nil {
			return err
		}
	}
	start, end := bounds(w.load.Slice)
	b.Queue(`INSERT INTO `+w.sink.restatements()+` (_slice, table_schema, table_name, job, part, interval_start, interval_end, restated_at, run,
			rows_before, rows_after, sums_before, sums_after, sums_difference, hash_before, hash_after, was_provisional, redefined)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13::jsonb, $14::jsonb, $15, nullif($16, ''), $17, $18)`,
		w.at.slice, w.sink.schema, r.Table, w.load.Slice.Job, w.load.Slice.Part, start, end, w.loadedAt, w.load.Run,
		r.Before.Rows, r.After.Rows, sums[0], sums[1], sums[2], r.Before.Hash, r.After.Hash, r.WasProvisional, r.Redefined)
	return nil
}

// settleRun counts the slice in the row of its run. Slices of one run that are
// loaded side by side wait here for each other's COMMIT, which comes at once.
func (w *writer) settleRun(b *pgx.Batch) {
	l := w.load
	b.Queue(`INSERT INTO `+w.sink.runs()+` AS r (table_schema, id, job, trigger, state, started_at, slices_committed, rows, rows_rejected)
		VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
		ON CONFLICT (table_schema, id) DO UPDATE SET slices_committed = r.slices_committed + 1, rows = r.rows + excluded.rows,
			rows_rejected = coalesce(r.rows_rejected, 0) + excluded.rows_rejected
		WHERE r.state = excluded.state`,
		w.sink.schema, l.Run, l.Slice.Job, l.Trigger, sinks.RunRunning, l.RunStarted, l.Kept(), l.Rejected())
}

// RecordRuns implements sinks.RunRecorder.
func (s *sink) RecordRuns(ctx context.Context, runs []sinks.Run) error {
	if len(runs) == 0 {
		return nil
	}
	if there, err := s.hasLedger(ctx); err != nil || !there {
		return err
	}
	if err := s.ensure(ctx); err != nil {
		return err
	}
	keep, before := sinks.Forget(runs)
	list, err := json.Marshal(keep)
	if err != nil {
		return fmt.Errorf("write runs: %w", err)
	}
	var b pgx.Batch
	b.Queue(`INSERT INTO `+s.runs()+` AS r (table_schema, id, job, trigger, state, started_at, finished_at,
			slices_committed, slices_unchanged, slices_failed, slices_waiting, rows, rows_rejected, calls, error, warnings)
		SELECT $1, id, job, trigger, state, started_at, finished_at,
			slices_committed, slices_unchanged, slices_failed, slices_waiting, rows, 0, calls, nullif(error, ''), nullif(warnings, 'null')
		FROM jsonb_to_recordset($2::jsonb) AS n (id text, job text, trigger text, state text, started_at timestamptz, finished_at timestamptz,
			slices_committed bigint, slices_unchanged bigint, slices_failed bigint, slices_waiting bigint, rows bigint,
			calls bigint, error text, warnings jsonb)
		ON CONFLICT (table_schema, id) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at,
			slices_committed = excluded.slices_committed, slices_unchanged = excluded.slices_unchanged, slices_failed = excluded.slices_failed,
			slices_waiting = excluded.slices_waiting, rows = excluded.rows,
			calls = excluded.calls, error = excluded.error, warnings = excluded.warnings
		WHERE r.state = $3`, s.schema, string(list), sinks.RunRunning)
	for job, at := range before {
		b.Queue("DELETE FROM "+s.runs()+" WHERE table_schema = $1 AND job = $2 AND started_at < $3", s.schema, job, at)
	}
	return s.rights(ctx, s.pool.SendBatch(ctx, &b).Close(), "record runs in ledger %s", s.ledger)
}
