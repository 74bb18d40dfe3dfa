package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"exporter/sinks"
)

// settle writes the ledger's rows, in the transaction of the data. The fence decides
// whether this writer may commit.
func (w *writer) settle(ctx context.Context) error {
	before, err := w.before(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return w.load.TakenOver()
	}
	if err != nil {
		return fmt.Errorf("read slice in the ledger: %w", err)
	}
	if err := w.settleSlice(ctx); err != nil {
		return err
	}
	for _, r := range w.load.Restated(before) {
		if err := w.restate(ctx, r); err != nil {
			return err
		}
	}
	if err := w.settleProgress(ctx, before); err != nil {
		return err
	}
	return w.settleRun(ctx)
}

// before returns what is committed of the slice, nil if nothing is. The job may have
// another name since the load began, see [sink.Rename].
func (w *writer) before(ctx context.Context) (*sinks.Committed, error) {
	var is bool
	var c sinks.Committed
	var tables, end string
	err := w.conn.QueryRowContext(ctx, `SELECT state = 'committed', coalesce(tables, ''), coalesce(definition, ''), coalesce(provisional, false), interval_end || '', job
		FROM `+slicesTable+` WHERE _slice = ? AND fence = ?`, w.at.slice, w.at.fence).Scan(&is, &tables, &c.Definition, &c.Provisional, &end, &w.load.Slice.Job)
	if err != nil || !is {
		return nil, err
	}
	c.Slice = w.load.Slice
	if c.Slice.End, err = readTime(end); err != nil {
		return nil, err
	}
	c.Tables, err = sinks.ReadStates(tables)
	return &c, err
}

func (w *writer) settleSlice(ctx context.Context) error {
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
	return w.exec(ctx, "write slice to the ledger", `UPDATE `+slicesTable+` SET state = 'committed', interval_end = ?, rows_announced = ?, rows_read = ?,
			rows_rejected = ?, rows_written = ?, hash = ?, sums = ?, tables = ?, definition = ?,
			provisional = ?, load_id = ?, run = ?, loaded_at = ?, checked_at = ?
		WHERE _slice = ?`,
		end, announced, l.Read, l.Rejected(), l.Kept(), l.Hash(), sums, states, l.Definition,
		l.Provisional, l.LoadID, l.Run, at, at, w.at.slice)
}

// restate notes that a table's committed rows of the slice are replaced by others.
func (w *writer) restate(ctx context.Context, r sinks.Restatement) error {
	var sums [3]string
	for i, m := range []map[string]string{r.Before.Sums, r.After.Sums, r.Difference} {
		var err error
		if sums[i], err = sinks.SumsJSON(m); err != nil {
			return err
		}
	}
	start, end := bounds(w.load.Slice)
	return w.exec(ctx, "write restatement to the ledger", `INSERT INTO `+restatementsTable+` (_slice, table_name, job, part, interval_start, interval_end, restated_at, run,
			rows_before, rows_after, sums_before, sums_after, sums_difference, hash_before, hash_after, was_provisional, redefined)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?)`,
		w.at.slice, r.Table, w.load.Slice.Job, w.load.Slice.Part, start, end, timeText(w.loadedAt), w.load.Run,
		r.Before.Rows, r.After.Rows, sums[0], sums[1], sums[2], r.Before.Hash, r.After.Hash, r.WasProvisional, r.Redefined)
}

// settleRun counts the slice in the row of its run.
func (w *writer) settleRun(ctx context.Context) error {
	l := w.load
	return w.exec(ctx, "write run to the ledger", `INSERT INTO `+runsTable+` (id, job, trigger, state, started_at, slices_committed, rows, rows_rejected)
		VALUES (?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET slices_committed = slices_committed + 1, rows = rows + excluded.rows,
			rows_rejected = coalesce(rows_rejected, 0) + excluded.rows_rejected WHERE state = excluded.state`,
		l.Run, l.Slice.Job, l.Trigger, sinks.RunRunning, timeText(l.RunStarted), l.Kept(), l.Rejected())
}

func (w *writer) exec(ctx context.Context, what, text string, args ...any) error {
	if _, err := w.conn.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// RecordRuns implements sinks.RunRecorder.
func (s *sink) RecordRuns(ctx context.Context, runs []sinks.Run) error {
	missing, err := s.missing()
	if err != nil || missing {
		return err
	}
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		return s.inTx(ctx, conn, func() error {
			if version, err := s.version(ctx, conn); err != nil || version == 0 {
				return err
			}
			if err := s.migrate(ctx, conn); err != nil {
				return err
			}
			return recordRuns(ctx, conn, runs)
		})
	})
	return s.wrap(ctx, err, "record runs in the ledger")
}

func recordRuns(ctx context.Context, conn *sql.Conn, runs []sinks.Run) error {
	// The ledger's form of times is not that of JSON.
	type row struct {
		sinks.Run
		Started  string `json:"started_at"`
		Finished string `json:"finished_at"`
	}
	keep, before := sinks.Forget(runs)
	list := make([]row, len(keep))
	for i, r := range keep {
		list[i] = row{Run: r, Started: timeText(r.Started), Finished: timeText(r.Finished)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write runs: %w", err)
	}
	// WHERE true keeps ON from being read as that of a join.
	_, err = conn.ExecContext(ctx, `INSERT INTO `+runsTable+` (id, job, trigger, state, started_at, finished_at,
			slices_committed, slices_unchanged, slices_failed, slices_waiting, rows, rows_rejected, calls, error, warnings)
		SELECT value ->> 'id', value ->> 'job', value ->> 'trigger', value ->> 'state', value ->> 'started_at', value ->> 'finished_at',
			value ->> 'slices_committed', value ->> 'slices_unchanged', value ->> 'slices_failed', value ->> 'slices_waiting',
			value ->> 'rows', 0, value ->> 'calls', nullif(value ->> 'error', ''), nullif(value -> 'warnings', 'null')
		FROM json_each(?) WHERE true
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, finished_at = excluded.finished_at,
			slices_committed = excluded.slices_committed, slices_unchanged = excluded.slices_unchanged, slices_failed = excluded.slices_failed,
			slices_waiting = excluded.slices_waiting, rows = excluded.rows,
			calls = excluded.calls, error = excluded.error, warnings = excluded.warnings
		WHERE state = 'running'`, string(text))
	for job, at := range before {
		if err == nil {
			_, err = conn.ExecContext(ctx, "DELETE FROM "+runsTable+" WHERE job = ? AND started_at < ?", job, timeText(at))
		}
	}
	return err
}
