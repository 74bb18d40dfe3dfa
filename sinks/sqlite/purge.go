package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exporter/sinks"
)

var _ sinks.Purger = (*sink)(nil)

// Purge implements sinks.Purger: one transaction. A load of one of the slices that
// stages its rows meanwhile finds its slice gone and fails.
func (s *sink) Purge(ctx context.Context, p sinks.Purge) (done sinks.Purged, err error) {
	missing, err := s.missing()
	if err != nil || missing {
		return done, err // nothing was ever loaded here
	}
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		return s.inTx(ctx, conn, func() error {
			if version, err := s.version(ctx, conn); err != nil || version == 0 {
				return err
			}
			if err := s.migrate(ctx, conn); err != nil {
				return err
			}
			done, err = purge(ctx, conn, p)
			return err
		})
	})
	if err != nil {
		return sinks.Purged{}, s.wrap(ctx, err, "purge slices of %s", p.Job)
	}
	return done, nil
}

// Affected implements sinks.Purger.
func (s *sink) Affected(ctx context.Context, p sinks.Purge) (list []string, err error) {
	missing, err := s.missing()
	if err != nil || missing {
		return nil, err
	}
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		if version, err := s.version(ctx, conn); err != nil || version < 3 { // before there were changes
			return err
		}
		low, _ := bounds(sinks.Slice{Start: p.From})
		_, high := bounds(sinks.Slice{End: p.To})
		tables, err := tablesIn(ctx, conn, "SELECT DISTINCT table_name FROM "+changesTable)
		if err != nil {
			return err
		}
		for _, table := range tables {
			have, err := inspect(ctx, conn, table)
			if err != nil {
				return err
			}
			if _, ours := have.columns[sliceColumn]; !ours || have.kind != "table" {
				continue
			}
			var has bool
			if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+mainTable(table)+" WHERE "+sliceColumn+" IN (SELECT _slice FROM "+slicesTable+
				" WHERE job = ? AND interval_start >= ? AND interval_start < ?))", p.Job, low, high).Scan(&has); err != nil {
				return fmt.Errorf("look for rows in %s: %w", table, err)
			}
			if main := strings.TrimSuffix(table, sinks.RejectsSuffix); has && !slices.Contains(list, main) {
				list = append(list, main)
			}
		}
		return nil
	})
	return list, s.wrap(ctx, err, "look for rows of %s", p.Job)
}

// tablesIn returns the names that a query has, in order.
func tablesIn(ctx context.Context, conn *sql.Conn, query string) (list []string, err error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return list, rows.Err()
}

// purgedTable names the temporary table that has the slices to purge.
const purgedTable = "temp.exporter_purged"

// ofPurged is true for rows of these slices.
const ofPurged = " WHERE " + sliceColumn + " IN (SELECT _slice FROM " + purgedTable + ")"

func purge(ctx context.Context, conn *sql.Conn, p sinks.Purge) (done sinks.Purged, err error) {
	low, _ := bounds(sinks.Slice{Start: p.From})
	_, high := bounds(sinks.Slice{End: p.To})
	if _, err := conn.ExecContext(ctx, "CREATE TABLE "+purgedTable+" AS SELECT _slice, tables FROM "+slicesTable+
		" WHERE job = ? AND interval_start >= ? AND interval_start < ?", p.Job, low, high); err != nil {
		return done, fmt.Errorf("list slices: %w", err)
	}
	tables, err := purgedTables(ctx, conn)
	if err != nil {
		return done, err
	}
	for _, table := range tables {
		rows, err := purgeRows(ctx, conn, table)
		if err != nil {
			return done, err
		}
		rejects, err := purgeRows(ctx, conn, rejectsOf(table))
		if err != nil {
			return done, err
		}
		done.Rows, done.Rejects = done.Rows+rows, done.Rejects+rejects
	}
	if done.Slices, err = change(ctx, conn, "", edit{do: "DELETE FROM " + slicesTable + ofPurged}); err != nil {
		return done, fmt.Errorf("delete slices from the ledger: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "DROP TABLE "+purgedTable); err != nil {
		return done, fmt.Errorf("forget slices: %w", err)
	}
	if err := recount(ctx, conn, p.Job); err != nil {
		return done, err
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO `+runsTable+` (id, job, trigger, state, started_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		p.Run, p.Job, p.Trigger, sinks.RunRunning, timeText(p.Started))
	if err != nil {
		return done, fmt.Errorf("write run to the ledger: %w", err)
	}
	return done, nil
}

// purgedTables returns the tables that may have rows of the slices to purge: those they
// were loaded into, and all that were made here, since a Merge and a Snapshot leave rows
// where they are when a slice is loaded without a table it once filled.
func purgedTables(ctx context.Context, conn *sql.Conn) ([]string, error) {
	loaded, err := tablesIn(ctx, conn, "SELECT DISTINCT json_each.key FROM "+purgedTable+", json_each("+purgedTable+".tables)")
	if err != nil {
		return nil, err
	}
	made, err := tablesIn(ctx, conn, "SELECT DISTINCT table_name FROM "+changesTable)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, name := range append(loaded, made...) {
		names[strings.TrimSuffix(name, sinks.RejectsSuffix)] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// purgeRows deletes the rows of the slices from a table, if it is one of ours.
func purgeRows(ctx context.Context, conn *sql.Conn, table string) (int64, error) {
	have, err := inspect(ctx, conn, table)
	if _, ours := have.columns[sliceColumn]; err != nil || !ours || have.kind != "table" {
		return 0, err
	}
	of := mainTable(table) + ofPurged
	n, err := change(ctx, conn, table, edit{what: "deleted", do: "DELETE FROM " + of, of: of})
	if err != nil {
		return 0, fmt.Errorf("delete rows from %s: %w", table, err)
	}
	return n, nil
}
