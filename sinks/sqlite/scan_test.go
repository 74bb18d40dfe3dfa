package sqlite_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	sqlitedriver "modernc.org/sqlite"

	"exporter/sinks"
	"exporter/sinks/sqlite"
)

// TestOneDayOfALargeTable: the plans of all statements that load one day, and check it
// afterwards, find rows of large tables and of a long ledger by an index. Only what the
// load itself staged is read from end to end.
func TestOneDayOfALargeTable(t *testing.T) {
	const largeRows, largeSlices = 10_000, 1_000
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot, sinks.Append} {
		t.Run(string(mode), func(t *testing.T) {
			path := newFile(t)
			sink, db := open(t, path), connect(t, path)
			load := func(mark string, after int) sinks.Load {
				l := loadOf(facts, batch(300, mark))
				l.Mode, l.Run = mode, "run "+mark
				if mode == sinks.Append {
					l.Slice.Start, l.Slice.End = day.AddDate(0, 0, after), day.AddDate(0, 0, after+1)
				}
				return l
			}
			if err := try(t, sink, load("old", 0), batch(300, "old")); err != nil {
				t.Fatal(err)
			}
			execute(t, db,
				fmt.Sprintf(`INSERT INTO exporter_slices (job, part, interval_start, interval_end, fence, state, tables, rows_read, rows_rejected, rows_written, definition, provisional, load_id, run, loaded_at, checked_at, hash, sums)
					WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
					SELECT job, 'part ' || n, interval_start, interval_end, 1, state, tables, 10, 0, 10, definition, false, load_id || n, run, loaded_at, checked_at, hash, sums FROM exporter_slices, c`, largeSlices),
				fmt.Sprintf(`INSERT INTO facts (id, name, amount, _slice, _loaded_at)
					WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
					SELECT 1000 + n, 'campaign', n / 8.0, (SELECT max(_slice) FROM exporter_slices) - n %% %d, '2026-03-01 00:00:00+00:00' FROM c`, largeRows, largeSlices),
				"ANALYZE")
			plans := map[string]string{}
			sqlite.SetConnector(sink, func(dsn string) driver.Connector { return &explaining{dsn, plans} })
			if err := try(t, sink, load("new", 1), batch(300, "new")); err != nil {
				t.Fatal(err)
			}
			if err := sink.Checked(t.Context(), load("new", 1).Slice, day.AddDate(0, 0, 2), false); err != nil {
				t.Fatal(err)
			}
			found := map[string]bool{}
			for query, plan := range plans {
				for line := range strings.Lines(plan) {
					if m := scan.FindStringSubmatch(line); m != nil && !small.MatchString(m[1]) {
						t.Errorf("all of %s is read by\n%s\n%s", m[1], query, plan)
					}
				}
				found["facts"] = found["facts"] || strings.Contains(plan, "SEARCH main.facts ") || strings.Contains(plan, "SEARCH t ")
				found["slices"] = found["slices"] || strings.Contains(plan, "SEARCH main.exporter_slices ")
			}
			if !found["slices"] || mode != sinks.Append && !found["facts"] {
				t.Errorf("by an index were found rows of %v, in\n%s", found, plans)
			}
		})
	}
}

var (
	scan = regexp.MustCompile(`SCAN (?:main\.)?(\S+)(?: EXISTS)?(?: USING.*)?\n`) // not of virtual tables: JSON, pragmas
	// What the load staged, what a statement says itself, and what is known of tables.
	small = regexp.MustCompile(`^(s|\(subquery-\d+\)|temp\.\S+|ROW|walk|sqlite_schema|exporter_schema_version)$`)
)

// explaining connects to SQLite and notes the plans of the statements it runs.
type explaining struct {
	dsn   string
	plans map[string]string
}

func (e *explaining) Driver() driver.Driver { return &sqlitedriver.Driver{} }

func (e *explaining) Connect(context.Context) (driver.Conn, error) {
	c, err := e.Driver().Open(e.dsn)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(conn)
	if !ok {
		return nil, fmt.Errorf("the driver's connection is a %T", c)
	}
	return &explainingConn{inner, e}, nil
}

type explainingConn struct {
	conn
	e *explaining
}

func (c *explainingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.explain(ctx, text, args); err != nil {
		return nil, err
	}
	return c.conn.ExecContext(ctx, text, args)
}

func (c *explainingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.explain(ctx, text, args); err != nil {
		return nil, err
	}
	return c.conn.QueryContext(ctx, text, args)
}

func (c *explainingConn) explain(ctx context.Context, text string, args []driver.NamedValue) (err error) {
	switch verb, _, _ := strings.Cut(strings.TrimSpace(text), " "); verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
	default:
		return nil
	}
	rows, err := c.conn.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, args)
	if err != nil {
		return fmt.Errorf("explain %s: %w", text, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	cells, plan := make([]driver.Value, len(rows.Columns())), ""
	for {
		if err := rows.Next(cells); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		plan += fmt.Sprintln(cells[len(cells)-1])
	}
	c.e.plans[text] = plan
	return nil
}
