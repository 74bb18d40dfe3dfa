package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

const (
	slicesTable       = "main." + ownPrefix + "slices"
	runsTable         = "main." + ownPrefix + "runs"
	restatementsTable = "main." + ownPrefix + "restatements"
	renamesTable      = "main." + ownPrefix + "renames"
)

// fenced is a slice's place in the ledger.
type fenced struct {
	slice    int64
	fence    int64
	previous []string // tables that the last committed load filled
}

// fence registers the slice and takes it over from every writer that began
// before. What is committed keeps standing in its row. A job that has another name since
// is refused.
func fence(ctx context.Context, conn *sql.Conn, slice sinks.Slice) (fenced, error) {
	var f fenced
	var tables string
	start, end := bounds(slice)
	var to string
	switch err := conn.QueryRowContext(ctx, "SELECT renamed_to FROM "+renamesTable+" WHERE job = ?", slice.Job).Scan(&to); {
	case err == nil:
		return f, sinks.Renamed(slice.Job, to, "run: DELETE FROM "+ownPrefix+"renames WHERE job = "+literal(slice.Job)+";")
	case !errors.Is(err, sql.ErrNoRows):
		return f, fmt.Errorf("look for the name of the job: %w", err)
	}
	err := conn.QueryRowContext(ctx, `INSERT INTO `+slicesTable+` (job, part, interval_start, interval_end, fence)
		VALUES (?, ?, ?, ?, 1)
		ON CONFLICT (job, part, interval_start) DO UPDATE SET fence = fence + 1
		RETURNING _slice, fence, coalesce(tables, '')`,
		slice.Job, slice.Part, start, end).Scan(&f.slice, &f.fence, &tables)
	if err != nil {
		return f, err
	}
	states, err := sinks.ReadStates(tables)
	f.previous = slices.Sorted(maps.Keys(states))
	return f, err
}

// Committed implements sinks.Sink. A slice whose tables somebody dropped is not
// committed any more.
func (s *sink) Committed(ctx context.Context, job string, from, to time.Time) ([]sinks.Committed, error) {
	missing, err := s.missing()
	if err != nil || missing {
		return nil, err // nothing was ever loaded here
	}
	var list []sinks.Committed
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		version, err := s.version(ctx, conn)
		if err == nil && version > 0 {
			list, err = committed(ctx, conn, job, from, to)
		}
		return err
	})
	return list, s.wrap(ctx, err, "read slices of %s from the ledger", job)
}

func committed(ctx context.Context, conn *sql.Conn, job string, from, to time.Time) (list []sinks.Committed, err error) {
	low, _ := bounds(sinks.Slice{Start: from})
	_, high := bounds(sinks.Slice{End: to})
	// Of an expression the driver hands out the text as it is.
	rows, err := conn.QueryContext(ctx, `SELECT part, interval_start || '', interval_end || '', definition, coalesce(tables, ''), coalesce(rows_announced, -1),
		rows_read, rows_rejected, rows_written, provisional, loaded_at || '', checked_at || ''
		FROM `+slicesTable+`
		WHERE job = ? AND state = 'committed' AND interval_start >= ? AND interval_start < ?
			AND NOT EXISTS (SELECT 1 FROM json_each(tables) AS t
				WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_schema AS m WHERE m.type = 'table' AND m.name = t.key COLLATE NOCASE))
		ORDER BY interval_start, part`, job, low, high)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c, err := scanCommitted(rows)
		if err != nil {
			return nil, err
		}
		c.Slice.Job = job
		list = append(list, c)
	}
	return list, rows.Err()
}

func scanCommitted(rows *sql.Rows) (sinks.Committed, error) {
	var c sinks.Committed
	var tables string
	var times [4]string
	err := rows.Scan(&c.Slice.Part, &times[0], &times[1], &c.Definition, &tables, &c.Announced,
		&c.Read, &c.Rejected, &c.Written, &c.Provisional, &times[2], &times[3])
	if err != nil {
		return c, err
	}
	for i, t := range []*time.Time{&c.Slice.Start, &c.Slice.End, &c.LoadedAt, &c.CheckedAt} {
		if *t, err = readTime(times[i]); err != nil {
			return c, fmt.Errorf("read a time of the ledger: %w", err)
		}
	}
	c.Tables, err = sinks.ReadStates(tables)
	return c, err
}

// forget notes that a table was made anew: what the ledger says was committed
// into one of its name went with it.
func forget(ctx context.Context, conn *sql.Conn, table string) (err error) {
	const gone = " WHERE state = 'committed' AND EXISTS (SELECT 1 FROM json_each(tables) AS t WHERE t.key = ? COLLATE NOCASE)"
	var jobs string
	err = conn.QueryRowContext(ctx, "SELECT json_group_array(DISTINCT job) FROM "+slicesTable+gone, table).Scan(&jobs)
	if err == nil {
		_, err = conn.ExecContext(ctx, "UPDATE "+slicesTable+" SET state = 'loading'"+gone, table)
	}
	if err != nil {
		return fmt.Errorf("write to the ledger: %w", err)
	}
	var list []string
	if err := json.Unmarshal([]byte(jobs), &list); err != nil {
		return fmt.Errorf("read jobs of the ledger: %w", err)
	}
	for _, job := range list {
		if err := recount(ctx, conn, job); err != nil {
			return err
		}
	}
	return nil
}

// isCommitted reports whether a slice is committed still, its tables fitted.
func isCommitted(ctx context.Context, conn *sql.Conn, slice int64) (is bool, err error) {
	err = conn.QueryRowContext(ctx, "SELECT state = 'committed' FROM "+slicesTable+" WHERE _slice = ?", slice).Scan(&is)
	return is, err
}

// Checked implements sinks.Sink.
func (s *sink) Checked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) error {
	changed, err := s.setChecked(ctx, slice, at, provisional)
	if err != nil {
		return s.wrap(ctx, err, "record check of slice %s %s", slice.Job, slice.Interval())
	}
	if changed == 0 {
		return fault.New(fault.Permanent, "record check of slice %s %s: the ledger of %s has no committed load of it", slice.Job, slice.Interval(), s.path).
			WithHint("Somebody removed it from the ledger. Load the slice again.")
	}
	return nil
}

func (s *sink) setChecked(ctx context.Context, slice sinks.Slice, at time.Time, provisional bool) (changed int64, err error) {
	missing, err := s.missing()
	if err != nil || missing {
		return 0, err
	}
	start, _ := bounds(slice)
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		return s.inTx(ctx, conn, func() error {
			if version, err := s.version(ctx, conn); err != nil || version == 0 {
				return err
			}
			res, err := conn.ExecContext(ctx, `UPDATE `+slicesTable+`
				SET checked_at = max(checked_at, ?), provisional = ?
				WHERE job = ? AND part = ? AND interval_start = ? AND state = 'committed'`,
				timeText(at), provisional, slice.Job, slice.Part, start)
			if err != nil {
				return err
			}
			if changed, err = res.RowsAffected(); err != nil {
				return err
			}
			if err := s.migrate(ctx, conn); err != nil {
				return err
			}
			return follow(ctx, conn, slice, at, !provisional)
		})
	})
	return changed, err
}
