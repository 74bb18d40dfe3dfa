package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
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
		if s.cluster != nil && !s.cluster.up() {
			return // the test left its own server down; the database goes with the server
		}
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of this test: %v", err)
		}
	})
	dsn, err := withDatabase(s.dsn, name)
	if err != nil {
		t.Fatalf("name the database of this test: %v", err)
	}
	return dsn
}

func (s *Server) exec(sql string) error {
	ctx, cancel := waiting()
	defer cancel()
	return execute(ctx, s.dsn, sql)
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, dsn, sql string) (err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("execute %q: %w", sql, err)
	}
	return nil
}

// withDatabase returns dsn, a URL or a list of key=value, with another database name.
func withDatabase(dsn, name string) (string, error) {
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name, nil // the last mention of a key counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the DSN is not a URL that can be read") // err would repeat a password
	}
	u.Path = "/" + name
	return u.String(), nil
}
