package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sinktest"
	"exporter/sinks/sqlite"
)

func TestRules(t *testing.T) { sinktest.RunEach(t, harness) }

func harness(t *testing.T) sinktest.Harness {
	path := filepath.Join(t.TempDir(), "data.db")
	reader := connect(t, path)
	locker := connect(t, path)
	locker.SetMaxOpenConns(1)
	return sinktest.Harness{
		Open: func(t testing.TB) sinks.Sink {
			s := open(t, path)
			if strings.HasSuffix(t.Name(), "away") {
				sqlite.SetWait(s, 50*time.Millisecond)
			}
			return s
		},
		Modes:  sqlite.Driver().Modes,
		Target: path,
		Trap: func(_ testing.TB, n int) sinktest.Trap {
			return sinktest.Trap{Target: path + trapMark + strconv.Itoa(n)}
		},
		Scaleless: true,
		Rows: func(t testing.TB, table string, columns []record.Column) [][]string {
			rows, err := read(t.Context(), reader, table, columns)
			if err != nil {
				t.Errorf("read %s: %v", table, err)
			}
			return rows
		},
		Ledger: func(t testing.TB, relation string, columns []record.Column) [][]string {
			rows, err := read(t.Context(), reader, "exporter_"+relation, columns)
			if err != nil {
				t.Errorf("read %s: %v", relation, err)
			}
			return rows
		},
		Glance: func(t testing.TB, look func(sinktest.Glance)) {
			if err := glance(t, reader, look); err != nil {
				t.Errorf("read in a transaction: %v", err)
			}
		},
		View: func(t testing.TB, view, table string) {
			execute(t, locker, `CREATE VIEW "`+view+`" AS SELECT * FROM "`+table+`"`)
		},
		Swallow: func(t testing.TB, table, event, id string) func() {
			row := "new"
			if event == "DELETE" {
				row = "old"
			}
			name := `"swallow_` + table + `"`
			execute(t, locker, "CREATE TRIGGER "+name+" BEFORE "+event+` ON "`+table+`" WHEN `+row+".id = "+id+" BEGIN SELECT raise(IGNORE); END")
			return func() { execute(t, locker, "DROP TRIGGER "+name) }
		},
		Drop: func(t testing.TB, table string) { execute(t, locker, `DROP TABLE "`+table+`"`) },
		// A file does not go away, but somebody may keep it locked.
		Break:   func(t testing.TB) { execute(t, locker, "BEGIN IMMEDIATE") },
		Restore: func(t testing.TB) { execute(t, locker, "ROLLBACK") },
	}
}

// glance reads in a transaction, which sees one snapshot.
func glance(t testing.TB, db *sql.DB, look func(sinktest.Glance)) error {
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	var errs []error
	of := func(prefix string) func(string, []record.Column) [][]string {
		return func(relation string, columns []record.Column) [][]string {
			rows, err := read(t.Context(), tx, prefix+relation, columns)
			errs = append(errs, err)
			return rows
		}
	}
	look(sinktest.Glance{Rows: of(""), Ledger: of("exporter_")})
	return errors.Join(append(errs, tx.Rollback())...)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// read returns the rows of a table as sinktest wants them.
func read(ctx context.Context, db querier, table string, columns []record.Column) (list [][]string, err error) {
	var names []string
	for _, c := range columns {
		names = append(names, `"`+c.Name+`"`)
	}
	rows, err := db.QueryContext(ctx, `SELECT `+strings.Join(names, ", ")+` FROM "`+table+`"`)
	if err != nil {
		if strings.Contains(err.Error(), "no such table") {
			err = nil
		}
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = cell(columns[i].Type, v)
		}
		list = append(list, cells)
	}
	return list, rows.Err()
}

// cell writes a value as sinktest does. The driver of the tests reads columns that
// are declared as times into times.
func cell(t record.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return sinktest.Null
	case int64:
		if t == record.Boolean {
			return strconv.FormatBool(v == 1)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		if t == record.Numeric {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return string(v)
	case time.Time:
		switch t {
		case record.Date:
			return v.Format(time.DateOnly)
		case record.LocalTime:
			return v.Format("2006-01-02T15:04:05.999999")
		default:
			return v.Format("2006-01-02T15:04:05.999999Z")
		}
	case string:
		if at, err := time.Parse("2006-01-02 15:04:05.999999", v); err == nil && t == record.Timestamp { // of an expression
			return at.Format("2006-01-02T15:04:05.999999Z")
		}
		return v
	default:
		return fmt.Sprint(v)
	}
}
