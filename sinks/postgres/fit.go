package postgres

import (
	"context"
	"errors"
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
	columns map[string]existingColumn
	unique  [][]string // columns of indexes that let no two rows be alike, sorted; of a table that is merged into
}

type existingColumn struct{ typ, comment string }

// inspect reads a table. It takes no lock that anybody could feel.
func (s *sink) inspect(ctx context.Context, q catalogue, name string, mode sinks.Mode) (existing, error) {
	e := existing{columns: make(map[string]existingColumn)}
	err := q.QueryRow(ctx, `SELECT coalesce(c.oid, 0), coalesce(c.relkind::text, ''), coalesce(obj_description(c.oid, 'pg_class'), ''),
			coalesce(pg_get_userbyid(c.relowner), ''), coalesce(pg_has_role(c.relowner, 'USAGE'), false),
			coalesce(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'DELETE')
				AND (NOT $3 OR has_table_privilege(c.oid, 'UPDATE')), false),
			has_schema_privilege(n.oid, 'CREATE')
		FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2
		WHERE n.nspname = $1`, s.schema, name, updates(mode)).Scan(&e.oid, &e.kind, &e.comment, &e.owner, &e.owned, &e.usable, &e.create)
	if err != nil || e.oid == 0 {
		return e, s.wrap(ctx, err, "look for the table")
	}
	rows, err := q.Query(ctx, `SELECT attname, format_type(atttypid, atttypmod), coalesce(col_description(attrelid, attnum), '')
		FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`, e.oid)
	if err != nil {
		return e, s.wrap(ctx, err, "read columns")
	}
	var column, typ, text string
	_, err = pgx.ForEachRow(rows, []any{&column, &typ, &text}, func() error {
		e.columns[column] = existingColumn{typ, text}
		return nil
	})
	if err == nil && mode == sinks.Merge {
		e.unique, err = uniqueIndexes(ctx, q, e.oid)
	}
	return e, s.wrap(ctx, err, "read columns")
}

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

// fit makes the table take rows of the given shape. Usually there is nothing to
// do and nothing is locked. Otherwise the table is locked against loads as long
// as that takes, and against readers for the moment of the change; if readers
// are in the way the change is tried again, so that nobody queues behind it.
func (s *sink) fit(ctx context.Context, name string, shape record.Table, mode sinks.Mode) error {
	have, err := s.inspect(ctx, s.pool, name, mode)
	if err != nil {
		return err
	}
	changes, err := s.plan(have, name, shape, mode)
	if err != nil || len(changes) == 0 {
		return err
	}
	try := func() (struct{}, error) {
		err := s.change(ctx, name, shape, mode)
		if !is(err, lockTimeout) && err != nil {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	_, err = backoff.Retry(ctx, try, s.delays(), backoff.WithMaxTries(s.pace.tries))
	if ctx.Err() != nil {
		return s.wrap(ctx, err, "change the table")
	}
	if is(err, lockTimeout) {
		return fault.New(fault.Transient, "change the table, %d tries: %w", s.pace.tries, err).
			WithHint("A query on %s lasts long, so a new column could not be added. Look for it in pg_stat_activity; the load is tried again.", ident(s.schema, name))
	}
	return err
}

// change inspects again behind the lock and applies what is left to do.
func (s *sink) change(ctx context.Context, name string, shape record.Table, mode sinks.Mode) error {
	keys := s.tableKeys(name)
	leave, err := s.queue.enter(ctx, keys)
	if err != nil {
		return s.wrap(ctx, err, "wait for other loads")
	}
	defer leave()
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, loadSettings); err != nil {
			return s.wrap(ctx, err, "set up transaction")
		}
		if err := lockTables(ctx, tx, keys); err != nil {
			return s.wrap(ctx, err, "wait for other loads")
		}
		have, err := s.inspect(ctx, tx, name, mode)
		if err != nil {
			return err
		}
		changes, err := s.plan(have, name, shape, mode)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT set_config('lock_timeout', $1, true)", s.lockTimeout()); err != nil {
			return s.wrap(ctx, err, "set lock_timeout")
		}
		for _, sql := range changes {
			if _, err := tx.Exec(ctx, sql); err != nil {
				if is(err, uniqueViolation) {
					return s.notUnique(name, shape, err)
				}
				return s.wrap(ctx, err, "%s", sql)
			}
		}
		if have.oid == 0 {
			return s.forget(ctx, tx, name)
		}
		return nil
	})
}

func (s *sink) notUnique(name string, shape record.Table, err error) error {
	return fault.New(fault.Config, "rows of table %s are not unique by %s: %w", ident(s.schema, name), strings.Join(shape.Key, ", "), err).
		WithHint(`The table was filled in another write mode. Set another table in the job, or write write = "replace".`)
}

// forget notes that a table was made anew: what the ledger says was committed
// into one of its name went with it. With the table there again nothing else
// would tell.
func (s *sink) forget(ctx context.Context, tx pgx.Tx, name string) error {
	_, err := tx.Exec(ctx, `UPDATE `+s.slices()+` SET state = 'loading'
		WHERE table_schema = $1 AND state = 'committed' AND tables ? $2`, s.schema, name)
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
