package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/record"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/sinktest"
)

// config returns settings of a sink, changed by a test.
func config(dsn string, change ...func(*postgres.Config)) *postgres.Config {
	c := postgres.Driver().Config().(*postgres.Config)
	c.DSN, c.Schema = settings.Secret(dsn), "marketing"
	for _, f := range change {
		f(c)
	}
	return c
}

func open(t testing.TB, c *postgres.Config) sinks.Sink {
	t.Helper()
	if p := c.Validate(); len(p) > 0 {
		t.Fatalf("validate: %v", p)
	}
	s, err := postgres.Driver().Open(t.Context(), c)
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

func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// ask returns the only cell of a query's answer as text, "" for null.
func ask(t testing.TB, conn *pgx.Conn, sql string, args ...any) string {
	t.Helper()
	var got string
	if err := conn.QueryRow(t.Context(), "SELECT coalesce(("+sql+")::text, '')", args...).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

var (
	facts   = sinktest.Facts
	day     = sinktest.Day
	batch   = sinktest.Batch
	loadOf  = sinktest.LoadOf
	many    = sinktest.Many
	attempt = sinktest.Attempt
)

func begin(t testing.TB, s sinks.Sink, l sinks.Load) sinks.Writer {
	t.Helper()
	w, err := s.Begin(t.Context(), l)
	if err != nil {
		t.Fatalf("begin: %v (%s)", err, fault.HintOf(err))
	}
	return w
}

// bring loads batches of facts into the one slice.
func bring(t testing.TB, s sinks.Sink, batches ...*record.Batch) {
	t.Helper()
	bringShape(t, s, facts, batches...)
}

func bringShape(t testing.TB, s sinks.Sink, shape record.Table, batches ...*record.Batch) {
	t.Helper()
	if err := attempt(t, s, loadOf(shape, batches...), batches...); err != nil {
		t.Fatalf("load: %v (%s)", err, fault.HintOf(err))
	}
}

// wantFault checks class and hint of an error.
func wantFault(t testing.TB, err error, class fault.Class, hint string) {
	t.Helper()
	if fault.ClassOf(err) != class {
		t.Errorf("got %v (class %q), want class %q", err, fault.ClassOf(err), class)
	}
	if hint != "" && fault.HintOf(err) != hint {
		t.Errorf("hint of: %v\n got %s\nwant %s", err, fault.HintOf(err), hint)
	}
}
