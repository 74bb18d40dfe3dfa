package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// existing is a table as the catalogue has it; the zero existing is not there.
type existing struct {
	oid     uint32
	kind    string // relkind
	comment string
	owner   string
	owned   bool // by a role we are a member of
	usable  bool // SELECT, INSERT, DELETE and UPDATE, as far as the mode needs it, are granted
	create  bool // tables may be created in its schema
	hidden  bool // row-level security keeps rows from us
	scanned bool // large, and nothing finds the rows of a slice in it
	places  int  // columns, dropped ones included, which keep their place
	columns map[string]existingColumn
	unique  [][]string // columns of indexes that let no two rows be alike, sorted; of a table that is merged into
}

type existingColumn struct {
	typ, comment string
	computed     bool // GENERATED ALWAYS: nobody else writes it
	needed       bool // NOT NULL, and nothing fills it by itself
}

// inspect reads a table. It takes no lock that anybody could feel.
func (s *sink) inspect(ctx context.Context, q catalogue, name string, mode sinks.Mode) (existing, error) {
	e := existing{columns: make(map[string]existingColumn)}
	err := q.QueryRow(ctx, `SELECT coalesce(c.oid, 0), coalesce(c.relkind::text, ''), coalesce(obj_description(c.oid, 'pg_class'), ''),
			coalesce(pg_get_userbyid(c.relowner), ''), coalesce(pg_has_role(c.relowner, 'USAGE'), false),
			coalesce(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'DELETE')
				AND (NOT $3 OR has_table_privilege(c.oid, 'UPDATE')), false),
			has_schema_privilege(n.oid, 'CREATE'), coalesce(row_security_active(c.oid), false), coalesce(c.relnatts, 0),
			coalesce((SELECT sum(size.relpages) FROM pg_class size WHERE size.oid = c.oid OR size.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)) > $4
				AND NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
					WHERE i.indisvalid AND a.attname = $5 AND (i.indrelid = c.oid OR i.indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)))
				AND NOT EXISTS (SELECT FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
					WHERE p.partrelid = c.oid AND a.attname = $5), false)
		FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2
		WHERE n.nspname = $1`, s.schema, name, updates(mode), largePages, sliceColumn).
		Scan(&e.oid, &e.kind, &e.comment, &e.owner, &e.owned, &e.usable, &e.create, &e.hidden, &e.places, &e.scanned)
	if err != nil || e.oid == 0 {
		return e, s.wrap(ctx, err, "look for the table")
	}
	rows, err := q.Query(ctx, `SELECT attname, format_type(atttypid, atttypmod), coalesce(col_description(attrelid, attnum), ''),
			attgenerated <> '' OR attidentity = 'a', attnotnull AND NOT atthasdef AND attidentity = ''
		FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`, e.oid)
	if err != nil {
		return e, s.wrap(ctx, err, "read columns")
	}
	var column string
	var c existingColumn
	_, err = pgx.ForEachRow(rows, []any{&column, &c.typ, &c.comment, &c.computed, &c.needed}, func() error {
		e.columns[column] = c
		return nil
	})
	if err == nil && mode == sinks.Merge {
		e.unique, err = uniqueIndexes(ctx, q, e.oid)
	}
	return e, s.wrap(ctx, err, "read columns")
}

// largePages is from when on it matters that a table is read from end to end: 8 MB.
const largePages = 1000

// updates reports whether a mode changes rows in place.
func updates(mode sinks.Mode) bool { return mode == sinks.Merge || mode == sinks.Snapshot }

// uniqueIndexes returns the columns of every index that ON CONFLICT can rely on.
func uniqueIndexes(ctx context.Context, q catalogue, oid uint32) ([][]string, error) {
	rows, err := q.Query(ctx, `SELECT array_agg(a.attname::text ORDER BY a.attname COLLATE "C") FROM pg_index i
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
		WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
		GROUP BY i.indexrelid`, oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]string])
}

// catalogue is what inspect asks: the pool or a transaction.
type catalogue interface {
	query
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Fits implements sinks.Fitter.
func (s *sink) Fits(ctx context.Context, load sinks.Load) error {
	for _, want := range load.Wanted() {
		have, err := s.inspect(ctx, s.pool, want.Name, want.Mode)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // no schema, no table
		}
		if err == nil && have.oid != 0 {
			_, err = s.plan(have, want)
		}
		if err != nil {
			return fmt.Errorf("fit table %s.%s: %w", s.schema, want.Name, err)
		}
	}
	return nil
}

// changesAtOnce bounds the changes of one table: its columns, then its index, and once
// more for somebody who changes it at the same time.
const changesAtOnce = 4

// fit makes the table take rows of the wanted shape and says where they go. Usually
// there is nothing to do and nothing is locked. Otherwise the table is locked against
// loads as long as that takes, and against readers for the moment of the change; if
// readers are in the way the change is tried again, so that nobody queues behind it.
func (s *sink) fit(ctx context.Context, want sinks.Wanted, notify func(...sinks.Notice)) (sinks.Fit, error) {
	for range changesAtOnce {
		have, err := s.inspect(ctx, s.pool, want.Name, want.Mode)
		if err != nil {
			return sinks.Fit{}, err
		}
		p, err := s.plan(have, want)
		if err != nil || len(p.statements) == 0 {
			notify(p.standing...)
			return p.fit, err
		}
		added, err := s.changeRepeatedly(ctx, want)
		if err != nil {
			return sinks.Fit{}, err
		}
		notify(added...)
	}
	return sinks.Fit{}, fault.New(fault.Transient, "table %s changes faster than it can be fitted", ident(s.schema, want.Name)).
		WithHint("Somebody alters it at the same time. The load is tried again.")
}

func (s *sink) changeRepeatedly(ctx context.Context, want sinks.Wanted) ([]sinks.Notice, error) {
	try := func() ([]sinks.Notice, error) {
		added, err := s.change(ctx, want)
		if !is(err, lockTimeout) && err != nil {
			err = backoff.Permanent(err)
		}
		return added, err
	}
	added, err := backoff.Retry(ctx, try, s.delays(), backoff.WithMaxTries(s.pace.tries))
	if ctx.Err() != nil {
		return nil, s.wrap(ctx, err, "change the table")
	}
	if is(err, lockTimeout) {
		return nil, fault.New(fault.Transient, "change the table, %d tries: %w", s.pace.tries, err).
			WithHint("A query on %s lasts long, so a new column could not be added. Look for it in pg_stat_activity; the load is tried again.", ident(s.schema, want.Name))
	}
	return added, err
}

// change inspects again behind the lock and does the next step of what is left to do.
func (s *sink) change(ctx context.Context, want sinks.Wanted) (added []sinks.Notice, err error) {
	keys := s.tableKeys(want.Name)
	leave, err := s.queue.enter(ctx, keys)
	if err != nil {
		return nil, s.wrap(ctx, err, "wait for other loads")
	}
	defer leave()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, loadSettings); err != nil {
			return s.wrap(ctx, err, "set up transaction")
		}
		if err := lockTables(ctx, tx, keys); err != nil {
			return s.wrap(ctx, err, "wait for other loads")
		}
		have, err := s.inspect(ctx, tx, want.Name, want.Mode)
		if err != nil {
			return err
		}
		p, err := s.plan(have, want)
		if err != nil {
			return err
		}
		added = p.added
		if _, err := tx.Exec(ctx, "SELECT set_config('lock_timeout', $1, true)", s.lockTimeout()); err != nil {
			return s.wrap(ctx, err, "set lock_timeout")
		}
		for _, sql := range p.statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return s.notChanged(ctx, want, sql, err)
			}
			if err := s.recordChange(ctx, tx, want, sql); err != nil {
				return err
			}
		}
		if have.oid == 0 {
			return s.forget(ctx, tx, want.Name)
		}
		return nil
	})
	return added, err
}

// recordChange writes what was done to a table into the ledger. Comments and grants
// change nothing for those who read it.
func (s *sink) recordChange(ctx context.Context, tx pgx.Tx, want sinks.Wanted, sql string) error {
	if !strings.HasPrefix(sql, "CREATE ") && !strings.HasPrefix(sql, "ALTER ") {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+ident(s.ledger, "schema_changes")+` (table_schema, table_name, changed_at, job, run, statement)
		VALUES ($1, $2, clock_timestamp(), $3, $4, $5)`, s.schema, want.Name, want.Job, want.Run, sql)
	return s.rights(ctx, err, "write to ledger %s", s.ledger)
}

// notChanged explains why a statement of a change failed.
func (s *sink) notChanged(ctx context.Context, want sinks.Wanted, sql string, err error) error {
	switch {
	case is(err, uniqueViolation):
		return s.notUnique(want.Name, want.Shape, err)
	case is(err, unsupported):
		return fault.New(fault.Config, "%s: %w", sql, err).
			WithHint(`A merge finds rows by a unique index on their key, and the one of a partitioned table must have the columns it is partitioned by. Write write = "replace" in the job, or partition the table by columns of the key (%s).`, strings.Join(want.Shape.Key, ", "))
	}
	return s.wrap(ctx, err, "%s", sql)
}

func (s *sink) notUnique(name string, shape record.Table, err error) error {
	return fault.New(fault.Config, "rows of table %s are not unique by %s: %w", ident(s.schema, name), strings.Join(shape.Key, ", "), err).
		WithHint(`The table was filled in another write mode. Set another table in the job, or write write = "replace".`)
}

// forget notes that a table was made anew: what the ledger says was committed
// into one of its name went with it. With the table there again nothing else
// would tell.
func (s *sink) forget(ctx context.Context, tx pgx.Tx, name string) error {
	rows, err := tx.Query(ctx, `WITH gone AS (
			UPDATE `+s.slices()+` SET state = 'loading' WHERE table_schema = $1 AND state = 'committed' AND tables ? $2 RETURNING job)
		SELECT DISTINCT job FROM gone`, s.schema, name)
	if err == nil {
		var jobs []string
		if jobs, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			err = s.recountJobs(ctx, tx, jobs)
		}
	}
	return s.rights(ctx, err, "write to ledger %s", s.ledger)
}

func (s *sink) lockTimeout() string {
	return strconv.FormatInt(s.pace.lock.Milliseconds(), 10) + "ms"
}

// cannotCreate explains an error of creating a table.
func (s *sink) cannotCreate(ctx context.Context, err error) error {
	if !is(err, denied) {
		return s.wrap(ctx, err, "create a table in schema %s", s.schema)
	}
	return s.noCreate(err)
}

var errNoCreate = errors.New("the role may not create tables there")

func (s *sink) noCreate(err error) error {
	return fault.New(fault.Auth, "create a table in schema %s: %w", s.schema, err).
		WithHint("Let the owner of the schema run: GRANT USAGE, CREATE ON SCHEMA %s TO %s;", ident(s.schema), ident(s.user))
}
