package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sinktest"
)

func TestRules(t *testing.T) {
	srv := pgtest.New(t, nil)
	dsn := srv.Database(t)
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	sinktest.Run(t, sinktest.Harness{
		Open:   func(t testing.TB) sinks.Sink { return open(t, config(dsn)) },
		Modes:  postgres.Driver().Modes,
		Target: dsn,
		Trap:   func(t testing.TB, n int) sinktest.Trap { return trap(t, dsn, n) },
		Rows: func(t testing.TB, table string, columns []record.Column) [][]string {
			rows, err := read(t.Context(), pool, "marketing", table, columns)
			if err != nil {
				t.Errorf("read %s: %v", table, err)
			}
			return rows
		},
		Ledger: func(t testing.TB, relation string, columns []record.Column) [][]string {
			rows, err := read(t.Context(), pool, "exporter", relation, columns)
			if err != nil {
				t.Errorf("read %s: %v", relation, err)
			}
			return rows
		},
		Glance: func(t testing.TB, look func(sinktest.Glance)) {
			if err := glance(t, pool, look); err != nil {
				t.Errorf("read in a transaction: %v", err)
			}
		},
		View: func(t testing.TB, view, table string) {
			sql := "CREATE VIEW " + pgx.Identifier{"marketing", view}.Sanitize() + " AS SELECT * FROM " + pgx.Identifier{"marketing", table}.Sanitize()
			if _, err := pool.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		},
		Swallow: func(t testing.TB, table, event, id string) func() {
			name, row := pgx.Identifier{"marketing", table}.Sanitize(), "NEW"
			if event == "DELETE" {
				row = "OLD"
			}
			run := func(sql string) {
				if _, err := pool.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			run("CREATE OR REPLACE FUNCTION swallow_" + event + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN " + row + ".id = " + id + " THEN NULL ELSE " + row + " END; END $$")
			run("CREATE TRIGGER swallow BEFORE " + event + " ON " + name + " FOR EACH ROW EXECUTE FUNCTION swallow_" + event + "()")
			return func() { run("DROP TRIGGER swallow ON " + name) }
		},
		Drop: func(t testing.TB, table string) {
			if _, err := pool.Exec(t.Context(), "DROP TABLE marketing."+pgx.Identifier{table}.Sanitize()); err != nil {
				t.Fatal(err)
			}
		},
		Break:   srv.Kill,
		Restore: func(t testing.TB) { srv.Start(t); pool.Reset() },
	})
}

// glance reads in a transaction that sees one snapshot.
func glance(t testing.TB, pool *pgxpool.Pool, look func(sinktest.Glance)) error {
	return pgx.BeginTxFunc(t.Context(), pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var errs []error
		of := func(schema string) func(string, []record.Column) [][]string {
			return func(relation string, columns []record.Column) [][]string {
				rows, err := read(t.Context(), tx, schema, relation, columns)
				errs = append(errs, err)
				return rows
			}
		}
		look(sinktest.Glance{Rows: of("marketing"), Ledger: of("exporter")})
		return errors.Join(errs...)
	})
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// read returns the rows of a table as sinktest wants them.
func read(ctx context.Context, pool querier, schema, table string, columns []record.Column) ([][]string, error) {
	var there bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass($1||'.'||quote_ident($2)) IS NOT NULL", schema, table).Scan(&there); err != nil || !there {
		return nil, err
	}
	var list []string
	for _, c := range columns {
		name := pgx.Identifier{c.Name}.Sanitize()
		if c.Type != record.Timestamp && c.Type != record.LocalTime && c.Type != record.Float {
			name += "::text"
		}
		list = append(list, name)
	}
	rows, err := pool.Query(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+pgx.Identifier{schema, table}.Sanitize())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		values, err := row.Values()
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = cell(columns[i].Type, v)
		}
		return cells, err
	})
}

func cell(t record.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return sinktest.Null
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		if t == record.LocalTime {
			return v.Format("2006-01-02T15:04:05.999999")
		}
		return v.UTC().Format("2006-01-02T15:04:05.999999Z")
	default:
		return fmt.Sprint(v)
	}
}
