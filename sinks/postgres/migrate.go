package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// query is what a pool, a connection and a transaction have in common.
type query interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// ensure makes the schemas and the ledger if they are missing. It looks every
// time, because it costs two queries and an operator may drop what is his.
func (s *sink) ensure(ctx context.Context) error {
	done, err := s.ensured(ctx, s.pool)
	if err != nil || done {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.migrate(ctx, tx) })
}

// ensured reports whether both schemas are there and the ledger is current.
func (s *sink) ensured(ctx context.Context, q query) (bool, error) {
	var schema, ledger, table bool
	err := q.QueryRow(ctx, `SELECT
		EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
		EXISTS (SELECT FROM pg_namespace WHERE nspname = $2),
		EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = 'schema_version')`,
		s.schema, s.ledger).Scan(&schema, &ledger, &table)
	if err != nil || !schema || !ledger || !table {
		return false, s.wrap(ctx, err, "look for schemas %s and %s", s.schema, s.ledger)
	}
	version, err := s.version(ctx, q)
	return version == len(steps()), err
}

// version returns the number of the newest migration that was applied.
func (s *sink) version(ctx context.Context, q query) (int, error) {
	var version int
	err := q.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM "+ident(s.ledger, "schema_version")).Scan(&version)
	if err != nil {
		return 0, s.rights(ctx, err, "read the version of ledger %s", s.ledger)
	}
	if newest := len(steps()); version > newest {
		return 0, fault.New(fault.Config, "ledger %s has version %d, this exporter knows %d", s.ledger, version, newest).
			WithHint("A newer exporter made this ledger. Run that version or a later one.")
	}
	return version, nil
}

// migrate applies what is missing. Forward only, one process at a time.
func (s *sink) migrate(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey("migrate", s.ledger)); err != nil {
		return s.wrap(ctx, err, "wait for migrations of ledger %s", s.ledger)
	}
	for _, schema := range []string{s.schema, s.ledger} {
		if err := s.createSchema(ctx, tx, schema); err != nil {
			return err
		}
	}
	// The files name tables without their schema.
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = "+ident(s.ledger)); err != nil {
		return s.wrap(ctx, err, "enter schema %s", s.ledger)
	}
	table := "CREATE TABLE IF NOT EXISTS " + ident(s.ledger, "schema_version") +
		" (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
	if _, err := tx.Exec(ctx, table); err != nil {
		return s.rights(ctx, err, "create the ledger in schema %s", s.ledger)
	}
	version, err := s.version(ctx, tx)
	if err != nil {
		return err
	}
	return s.apply(ctx, tx, version)
}

// apply applies the migrations after a version. What they make may be read by those
// who read what else is made here; what was there keeps the rights it has.
func (s *sink) apply(ctx context.Context, tx pgx.Tx, version int) error {
	before, err := s.relations(ctx, tx)
	if err != nil {
		return err
	}
	for i, name := range steps()[version:] {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read migration %s: %w", name, err)
		}
		if _, err := tx.Exec(ctx, string(text)); err != nil {
			return s.rights(ctx, err, "apply %s to ledger %s", name, s.ledger)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO schema_version (version, name) VALUES ($1, $2)", version+i+1, name); err != nil {
			return s.rights(ctx, err, "record %s in ledger %s", name, s.ledger)
		}
	}
	after, err := s.relations(ctx, tx)
	if err != nil {
		return err
	}
	for _, oid := range slices.Sorted(maps.Keys(after)) {
		if _, there := before[oid]; there {
			continue
		}
		if err := s.grant(ctx, tx, "SELECT", "TABLE "+ident(s.ledger, after[oid])); err != nil {
			return err
		}
	}
	return nil
}

// relations returns the tables and views of the ledger by oid.
func (s *sink) relations(ctx context.Context, tx pgx.Tx) (map[uint32]string, error) {
	rows, err := tx.Query(ctx, "SELECT c.oid, c.relname FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v')", ident(s.ledger))
	if err != nil {
		return nil, s.wrap(ctx, err, "list the tables of ledger %s", s.ledger)
	}
	list := make(map[uint32]string)
	var oid uint32
	var name string
	_, err = pgx.ForEachRow(rows, []any{&oid, &name}, func() error {
		list[oid] = name
		return nil
	})
	return list, s.wrap(ctx, err, "list the tables of ledger %s", s.ledger)
}

func (s *sink) createSchema(ctx context.Context, tx pgx.Tx, name string) error {
	var there bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", name).Scan(&there)
	if err != nil || there {
		return s.wrap(ctx, err, "look for schema %s", name)
	}
	// IF NOT EXISTS asks for the right to create even where nothing is to be created.
	if _, err := tx.Exec(ctx, "CREATE SCHEMA "+ident(name)); err != nil {
		if is(err, denied) {
			return fault.New(fault.Auth, "create schema %s: %w", name, err).
				WithHint("Let an administrator run: CREATE SCHEMA %s AUTHORIZATION %s;", ident(name), ident(s.user))
		}
		return s.wrap(ctx, err, "create schema %s", name)
	}
	return s.grant(ctx, tx, "USAGE", "SCHEMA "+ident(name))
}

func (s *sink) grant(ctx context.Context, tx pgx.Tx, right, object string) error {
	for _, statement := range grants(s.readers, right, object) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return s.wrap(ctx, err, "grant to a role of grant_select")
		}
	}
	return nil
}

func grants(readers []string, right, object string) []string {
	var list []string
	for _, r := range readers {
		list = append(list, "GRANT "+right+" ON "+object+" TO "+role(r))
	}
	return list
}

// rights wraps an error of working on the ledger and says which rights it needs.
func (s *sink) rights(ctx context.Context, err error, format string, args ...any) error {
	if !is(err, denied) {
		return s.wrap(ctx, err, format, args...)
	}
	l, u := ident(s.ledger), ident(s.user)
	return fault.New(fault.Auth, "%s: %w", fmt.Sprintf(format, args...), err).
		WithHint("Let its owner run: GRANT USAGE, CREATE ON SCHEMA %s TO %s; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %s;", l, u, l, u)
}

// steps returns the names of the migrations in order; the n-th leads to version n.
func steps() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic("postgres: pattern of migrations: " + err.Error())
	}
	slices.Sort(names)
	return names
}
