package sqlite_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sinktest"
	"exporter/sinks/sqlite"
)

func open(t testing.TB, path string) sinks.Sink {
	t.Helper()
	c := &sqlite.Config{Path: path}
	if p := c.Validate(); len(p) > 0 {
		t.Fatalf("validate: %v", p)
	}
	s, err := sqlite.Driver().Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// connect opens the file as another program would.
func connect(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func execute(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// ask returns the only cell of a query's answer as text, "" for null.
func ask(t testing.TB, db *sql.DB, text string, args ...any) string {
	t.Helper()
	var got string
	if err := db.QueryRowContext(t.Context(), "SELECT coalesce(CAST(("+text+") AS TEXT), '')", args...).Scan(&got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return got
}

var (
	facts  = keyed(sinktest.Facts)
	day    = sinktest.Day
	batch  = sinktest.Batch
	loadOf = sinktest.LoadOf
	many   = sinktest.Many
	try    = sinktest.Attempt
)

func keyed(t record.Table) record.Table {
	t.Key = []string{"id"}
	return t
}

// bring loads batches of facts into the one slice.
func bring(t testing.TB, s sinks.Sink, batches ...*record.Batch) {
	t.Helper()
	if err := try(t, s, loadOf(facts, batches...), batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
}

// wantFault checks class and hint of an error.
func wantFault(t testing.TB, err error, class fault.Class, hint string) {
	t.Helper()
	if fault.ClassOf(err) != class {
		t.Errorf("got %v (class %q), want class %q", err, fault.ClassOf(err), class)
	}
	if got := fault.HintOf(err); got != hint {
		t.Errorf("hint of: %v\n got %s\nwant %s", err, got, hint)
	}
}
