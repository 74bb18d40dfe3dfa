package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
)

// Check implements sinks.Sink: it does what a first load does, in a transaction
// that is rolled back.
func (s *sink) Check(ctx context.Context) error {
	tx, err := s.pool.BeginTx(ctx, readCommitted)
	if err != nil {
		return s.wrap(ctx, err, "check postgres sink: connect")
	}
	err = errors.Join(s.try(ctx, tx), s.rollback(ctx, tx))
	if err != nil {
		return fmt.Errorf("check postgres sink: %w", err)
	}
	return nil
}

func (s *sink) try(ctx context.Context, tx pgx.Tx) error {
	if err := s.encoding(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SELECT set_config('lock_timeout', $1, true)", s.lockTimeout()); err != nil {
		return s.wrap(ctx, err, "set lock_timeout")
	}
	done, err := s.ensured(ctx, tx)
	if err != nil {
		return err
	}
	if !done {
		if err := s.migrate(ctx, tx); err != nil {
			return err
		}
	}
	if err := s.tryLedger(ctx, tx); err != nil {
		return err
	}
	probe := ident(s.schema, "exporter_check_"+strings.ToLower(rand.Text()[:12]))
	if _, err := tx.Exec(ctx, "CREATE TABLE "+probe+" (n int)"); err != nil {
		return s.cannotCreate(ctx, err)
	}
	return s.grant(ctx, tx, "SELECT", "TABLE "+probe)
}

// tryLedger writes a row with an identity of its own, so that no number is used up.
func (s *sink) tryLedger(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{
		"INSERT INTO " + s.slices() + " (_slice, table_schema, job, part, interval_start, interval_end, fence)" +
			" OVERRIDING SYSTEM VALUE VALUES (-1, '', 'exporter check', '', '-infinity', 'infinity', 0)",
		"UPDATE " + s.slices() + " SET fence = fence + 1 WHERE _slice = -1",
		"INSERT INTO " + s.runs() + " AS r (table_schema, id, job, trigger, state, started_at) VALUES ('', 'check', '', '', 'running', '-infinity')" +
			" ON CONFLICT (table_schema, id) DO UPDATE SET rows = r.rows",
		"INSERT INTO " + s.restatements() + " (_slice, table_schema, table_name, job, part, interval_start, interval_end, restated_at, run)" +
			" VALUES (-1, '', '', '', '', '-infinity', 'infinity', '-infinity', '')",
		"INSERT INTO " + ident(s.ledger, "schema_changes") + " (table_schema, table_name, changed_at, job, run, statement) VALUES ('', '', '-infinity', '', '', '')",
		"INSERT INTO " + s.progress() + " (table_schema, job, part, table_name, starts_at, complete_through, last_load, last_check, rows)" +
			" VALUES ('', 'exporter check', '', '', '-infinity', '-infinity', '-infinity', '-infinity', 0)",
		"UPDATE " + s.progress() + " SET rows = 1 WHERE table_schema = '' AND job = 'exporter check'",
		"DELETE FROM " + s.progress() + " WHERE table_schema = '' AND job = 'exporter check'",
		"INSERT INTO " + s.renames() + " (table_schema, job, renamed_to, renamed_at) VALUES ('', 'exporter check', '', '-infinity')",
		"DELETE FROM " + s.renames() + " WHERE table_schema = '' AND job = 'exporter check'",
		"DELETE FROM " + s.slices() + " WHERE _slice = -1",
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return s.rights(ctx, err, "write to ledger %s", s.ledger)
		}
	}
	return nil
}

func (s *sink) encoding(ctx context.Context, tx pgx.Tx) error {
	var name string
	if err := tx.QueryRow(ctx, "SELECT current_setting('server_encoding')").Scan(&name); err != nil {
		return s.wrap(ctx, err, "read encoding of the database")
	}
	if name != "UTF8" {
		return fault.New(fault.Config, "the database has encoding %s, which cannot store every text", name).
			WithHint("Use a database made with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;")
	}
	return nil
}
