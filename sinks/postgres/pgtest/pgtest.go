package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"exporter/sinks/postgres/pgserver"
)

// Variable names the environment variable that holds the DSN of a server to use
// instead of a throw-away one.
const Variable = "EXPORTER_TEST_POSTGRES"

// Settings are server parameters by name, as in postgresql.conf.
type Settings = pgserver.Settings

// Durable are the settings for a benchmark: see [pgserver.Durable].
func Durable() Settings { return pgserver.Durable() }

// Server is a PostgreSQL server for tests.
type Server struct {
	dsn    string           // of the maintenance database
	own    *pgserver.Server // nil when the server is somebody else's
	shared bool             // serves the whole process and must stay up
}

var shared = sync.OnceValues(func() (*Server, error) {
	if dsn := os.Getenv(Variable); dsn != "" {
		return &Server{dsn: dsn, shared: true}, nil
	}
	c, err := pgserver.New(nil)
	if err != nil {
		return nil, fmt.Errorf("%w; or name a server of yours in %s", err, Variable)
	}
	return &Server{dsn: c.DSN(), own: c, shared: true}, nil
})

// Start returns the server of this test process and starts it at the first call.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("start the test PostgreSQL server: %v", err)
	}
	return s
}

// New starts a server for t alone, with settings on top of those of a fast test
// server, and removes it when t ends. It never uses the server named by [Variable].
func New(t testing.TB, settings Settings) *Server {
	t.Helper()
	c, err := pgserver.New(settings)
	if err != nil {
		t.Fatalf("start a PostgreSQL server for this test: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("PostgreSQL server log:\n%s", c.LogTail())
		}
		if err := c.Remove(); err != nil {
			t.Errorf("remove the PostgreSQL server: %v", err)
		}
	})
	return &Server{dsn: c.DSN(), own: c}
}

// Stop shuts the server down as an administrator would: clients are told and
// disconnected, what was committed is on disk.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.do(t, "stop", (*pgserver.Server).Stop)
}

// Kill ends the server as a crash does: connections break off, nothing is
// flushed, and the next Start goes through recovery.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.do(t, "kill", (*pgserver.Server).Kill)
}

// Start brings a stopped or killed server up again, on the same port with the same databases.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.do(t, "start", (*pgserver.Server).Start)
}

// Restart is Stop and Start.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.do(t, "restart", func(c *pgserver.Server, ctx context.Context) error {
		if err := c.Stop(ctx); err != nil {
			return err
		}
		return c.Start(ctx)
	})
}

var errShared = errors.New("this server also serves other tests and has to stay up; take one of your own from pgtest.New")

func (s *Server) do(t testing.TB, verb string, step func(*pgserver.Server, context.Context) error) {
	t.Helper()
	if s.shared {
		t.Fatalf("%s the PostgreSQL server: %v", verb, errShared)
	}
	ctx, cancel := pgserver.Waiting()
	defer cancel()
	if err := step(s.own, ctx); err != nil {
		t.Fatalf("%s the PostgreSQL server: %v", verb, err)
	}
}
