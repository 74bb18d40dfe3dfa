package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

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

// purgedTables returns the tables that have rows of the slices to purge.
func purgedTables(ctx context.Context, conn *sql.Conn) (_ []string, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT DISTINCT coalesce(tables, '') FROM "+purgedTable)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names := map[string]bool{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		states, err := sinks.ReadStates(text)
		if err != nil {
			return nil, err
		}
		for name := range states {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), rows.Err()
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
