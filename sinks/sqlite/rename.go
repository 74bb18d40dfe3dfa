package sqlite

import (
	"context"
	"database/sql"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"exporter/sinks"
)

// Rename implements sinks.Renamer. Rows belong to slices by their number, so only
// the ledger changes. A load of an old name that is on its way still commits, under
// the new one.
func (s *sink) Rename(ctx context.Context, from []string, to string) error {
	missing, err := s.missing()
	if err != nil || missing {
		return err
	}
	err = s.withConn(ctx, func(conn *sql.Conn) error {
		version, err := s.version(ctx, conn)
		if err != nil || version == 0 {
			return err
		}
		some := false
		for _, job := range from {
			var one bool
			if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+slicesTable+" WHERE job = ?)", job).Scan(&one); err != nil {
				return err
			}
			some = some || one
		}
		if !some {
			return nil
		}
		return s.inTx(ctx, conn, func() error { return s.rename(ctx, conn, from, to) })
	})
	return s.wrap(ctx, err, "rename slices of %v", from)
}

func (s *sink) rename(ctx context.Context, conn *sql.Conn, from []string, to string) error {
	if err := s.migrate(ctx, conn); err != nil {
		return err
	}
	for _, job := range from {
		// What was only begun under the new name has no rows.
		_, err := conn.ExecContext(ctx, `DELETE FROM `+slicesTable+` AS n WHERE job = ?2 AND tables IS NULL
			AND EXISTS (SELECT 1 FROM `+slicesTable+` AS o WHERE o.job = ?1 AND o.part = n.part AND o.interval_start = n.interval_start)`, job, to)
		if err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "INSERT INTO "+renamesTable+" (job, renamed_to, renamed_at) VALUES (?, ?, ?) ON CONFLICT (job) DO UPDATE SET renamed_to = excluded.renamed_to, renamed_at = excluded.renamed_at WHERE renamed_to <> excluded.renamed_to",
			job, to, timeText(s.now()))
		if err != nil {
			return err
		}
		for _, table := range []string{slicesTable, runsTable, restatementsTable, changesTable} {
			_, err = conn.ExecContext(ctx, "UPDATE "+table+" SET job = ? WHERE job = ?", to, job)
			if is(err, sqlite3.SQLITE_CONSTRAINT) {
				return sinks.NamedTwice(from, to, err)
			}
			if err != nil {
				return err
			}
		}
	}
	if _, err := conn.ExecContext(ctx, "DELETE FROM "+renamesTable+" WHERE job = ?", to); err != nil { // it may be one that a job had before
		return err
	}
	for _, job := range append(slices.Clone(from), to) {
		if err := recount(ctx, conn, job); err != nil {
			return err
		}
	}
	return nil
}
