package sqlite_test

import (
	"crypto/rand"
	"database/sql"
	"strconv"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
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

var facts = record.Table{
	Description: "Facts of the vendor's report.",
	Columns: []record.Column{
		{Name: "id", Type: record.Integer, Required: true},
		{Name: "name", Type: record.Text, Origin: "Campaign Name", Description: `What it's "called" here.`},
		{Name: "amount", Type: record.Numeric, Description: "Net."},
	},
	Key: []string{"id"},
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// batch types n rows of facts.
func batch(n int, mark string) *record.Batch {
	b := record.NewBuilder(0, facts, nil)
	for i := range n {
		b.Integer(int64(i))
		b.Text([]byte(mark))
		b.Raw([]byte(strconv.Itoa(i) + ".25"))
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return &rows
}

// loadOf describes a load of batches of a table's shape.
func loadOf(shape record.Table, batches ...*record.Batch) sinks.Load {
	tally := record.NewTally(shape)
	for _, b := range batches {
		tally.Add(b)
	}
	return sinks.Load{
		Slice: sinks.Slice{Job: "facts", Part: "north", Start: day, End: day.AddDate(0, 0, 1)},
		Run:   "run-1", LoadID: rand.Text(), Mode: sinks.Replace, Definition: "d1",
		Tables:    []sinks.Table{{Name: "facts", Shape: shape, Tally: tally}},
		Announced: tally.Rows, Read: tally.Rows,
	}
}

// bring loads batches of facts into the one slice.
func bring(t testing.TB, s sinks.Sink, batches ...*record.Batch) {
	t.Helper()
	if err := try(t, s, loadOf(facts, batches...), batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
}

// try loads batches, and aborts after an error.
func try(t testing.TB, s sinks.Sink, l sinks.Load, batches ...*record.Batch) error {
	t.Helper()
	w, err := s.Begin(t.Context(), l)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err == nil {
			err = w.Write(t.Context(), b)
		}
	}
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Errorf("abort: %v", err)
	}
	return err
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
