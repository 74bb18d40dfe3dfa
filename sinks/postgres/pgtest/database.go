package pgtest

import (
	"crypto/rand"
	"strings"
	"testing"

	"exporter/sinks/postgres/pgserver"
)

// Database creates an empty database for t and returns its DSN. When t ends the
// database is dropped, together with the connections that are still open to it.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:16])
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create a database for this test: %v", err)
	}
	t.Cleanup(func() {
		if s.own != nil && !s.own.Up() {
			return // the test left its own server down; the database goes with the server
		}
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	dsn, err := pgserver.WithDatabase(s.dsn, name)
	if err != nil {
		t.Fatalf("name the database of this test: %v", err)
	}
	return dsn
}

func (s *Server) exec(sql string) error {
	ctx, cancel := pgserver.Waiting()
	defer cancel()
	return pgserver.Execute(ctx, s.dsn, sql)
}
