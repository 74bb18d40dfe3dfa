package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"exporter/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// stateID is in the header of every file of the exporter's own state ("EXPS").
const stateID = 0x45585053

const versionTable = ownPrefix + "schema_version"

// migrate makes the ledger or brings it up to date, in the transaction that is
// open. Forward only.
func (s *sink) migrate(ctx context.Context, conn *sql.Conn) error {
	version, err := s.version(ctx, conn)
	if err != nil || version == len(steps()) {
		return err
	}
	if version == 0 {
		_, err := conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+mainTable(versionTable)+
			" (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)")
		if err != nil {
			return s.wrap(ctx, err, "make the ledger")
		}
	}
	for i, name := range steps()[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read migration %s: %w", name, err)
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return s.wrap(ctx, err, "apply %s", name)
		}
		_, err = conn.ExecContext(ctx, "INSERT INTO "+mainTable(versionTable)+" (version, name, applied_at) VALUES (?, ?, ?)", version+i+1, name, timeText(s.now()))
		if err != nil {
			return s.wrap(ctx, err, "record %s", name)
		}
	}
	return nil
}

// version returns the number of the newest migration that was applied, 0 where
// there is no ledger, and refuses files that this exporter must leave alone.
func (s *sink) version(ctx context.Context, conn *sql.Conn) (int, error) {
	var id int64
	var there bool
	err := conn.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = ?)", versionTable).Scan(&id, &there)
	if err != nil {
		return 0, s.wrap(ctx, err, "look for the ledger")
	}
	if id == stateID {
		return 0, fault.New(fault.Config, "%s is the state of an exporter", s.path).
			WithHint("Name another file in path of the sink.")
	}
	if !there {
		return 0, nil
	}
	var version int
	if err := conn.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM "+mainTable(versionTable)).Scan(&version); err != nil {
		return 0, s.wrap(ctx, err, "read the version of the ledger")
	}
	if newest := len(steps()); version > newest {
		return 0, fault.New(fault.Config, "the ledger of %s has version %d, this exporter knows %d", s.path, version, newest).
			WithHint("A newer exporter made this ledger. Run that version or a later one.")
	}
	return version, nil
}

// steps returns the names of the migrations in order; the n-th leads to version n.
func steps() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic("sqlite: pattern of migrations: " + err.Error())
	}
	slices.Sort(names)
	return names
}
