package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds every wait for the server. It is long because a loaded CI
// machine is slow, and is spent only on failure.
const patience = time.Minute

// Waiting returns a context that ends when no server would take so long. It does
// not end with a test, because cleaning up comes after its end.
func Waiting() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.Background(), patience,
		fmt.Errorf("no answer from PostgreSQL within %s", patience))
}

// Execute runs one statement on a connection of its own.
func Execute(ctx context.Context, dsn, sql string) (err error) {
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

// WithDatabase returns dsn, a URL or a list of key=value, with another database name.
func WithDatabase(dsn, name string) (string, error) {
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

// Psql prepares the psql client on dsn with further arguments, such as "-c" and a
// \copy to measure against. Start-up files are ignored and the first error ends it.
// It prefers the client that came with s; nil stands for somebody else's server.
func (s *Server) Psql(ctx context.Context, dsn string, args ...string) (*exec.Cmd, error) {
	client, err := s.client()
	if err != nil {
		return nil, fmt.Errorf("find the psql client (Debian, Ubuntu: apt-get install postgresql-client): %w", err)
	}
	args = append([]string{"--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", dsn}, args...)
	return exec.CommandContext(ctx, client, args...), nil
}

func (s *Server) client() (string, error) {
	if s != nil {
		path := filepath.Join(s.bin, "psql")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return exec.LookPath("psql")
}
