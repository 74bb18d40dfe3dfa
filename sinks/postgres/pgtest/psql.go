package pgtest

import (
	"bytes"
	"testing"
)

// Psql runs the psql client on dsn with further arguments, such as "-c" and a
// \copy to measure against, and returns what it prints.
func (s *Server) Psql(t testing.TB, dsn string, args ...string) string {
	t.Helper()
	cmd, err := s.own.Psql(t.Context(), dsn, args...)
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("psql %q: %v\n%s", args, err, problems.Bytes())
	}
	return out.String()
}
