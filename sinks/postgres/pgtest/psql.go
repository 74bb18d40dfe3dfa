package pgtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Psql runs the psql client on dsn with further arguments, such as "-c" and a
// \copy to measure against, and returns what it prints. Start-up files are
// ignored and the first error ends it.
func (s *Server) Psql(t testing.TB, dsn string, args ...string) string {
	t.Helper()
	client, err := s.client()
	if err != nil {
		t.Fatalf("find the psql client (Debian, Ubuntu: apt-get install postgresql-client): %v", err)
	}
	args = append([]string{"--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", dsn}, args...)
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(t.Context(), client, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("psql %q: %v\n%s", args[5:], err, problems.Bytes())
	}
	return out.String()
}

// client prefers the psql that came with the server.
func (s *Server) client() (string, error) {
	if s.cluster != nil {
		path := filepath.Join(s.cluster.bin, "psql")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return exec.LookPath("psql")
}
