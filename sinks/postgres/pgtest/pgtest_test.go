package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exporter/sinks/postgres/pgtest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil && !conn.IsClosed() {
			t.Errorf("close: %v", err)
		}
	})
	return conn
}

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	if _, err := connect(t, dsn).Exec(t.Context(), sql); err != nil {
		t.Fatalf("execute %q: %v", sql, err)
	}
}

func ask(t *testing.T, dsn, sql string) string {
	t.Helper()
	var got string
	if err := connect(t, dsn).QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("ask %q: %v", sql, err)
	}
	return got
}

func TestDatabasesAreIsolatedAndDropped(t *testing.T) {
	srv := pgtest.Start(t)
	var names []string
	t.Run("use", func(t *testing.T) {
		one, two := srv.Database(t), srv.Database(t)
		for _, dsn := range []string{one, two} {
			execute(t, dsn, "CREATE TABLE facts (n int)") // the name is free in each
			names = append(names, ask(t, dsn, "SELECT current_database()"))
		}
	})
	if names[0] == names[1] {
		t.Errorf("two databases share the name %s", names[0])
	}
	list := strings.Join(names, "','")
	if n := ask(t, srv.Database(t), "SELECT count(*)::text FROM pg_database WHERE datname IN ('"+list+"')"); n != "0" {
		t.Errorf("%s databases of an ended test are still there", n)
	}
}

func TestDatabaseIsDroppedUnderAnOpenConnection(t *testing.T) {
	srv := pgtest.Start(t)
	var conn *pgx.Conn
	t.Run("leave open", func(t *testing.T) {
		var err error
		if conn, err = pgx.Connect(t.Context(), srv.Database(t)); err != nil {
			t.Fatal(err)
		}
	})
	err := conn.Ping(t.Context())
	if err == nil {
		t.Error("the connection outlived its database")
	}
}

func TestServersOfTheirOwn(t *testing.T) {
	tests := map[string]struct {
		settings pgtest.Settings
		want     map[string]string
	}{
		"durable": {pgtest.Durable(), map[string]string{"fsync": "on", "shared_buffers": "1GB", "max_wal_size": "8GB", "TimeZone": "UTC"}},
		"other":   {pgtest.Settings{"timezone": "Asia/Kathmandu"}, map[string]string{"TimeZone": "Asia/Kathmandu", "fsync": "off"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.New(t, tt.settings).Database(t)
			for parameter, want := range tt.want {
				if got := ask(t, dsn, "SHOW "+parameter); got != want {
					t.Errorf("%s = %s, want %s", parameter, got, want)
				}
			}
		})
	}
}

func TestWhereServersLive(t *testing.T) {
	// A benchmark measures a disk, and a TMPDIR is obeyed.
	tests := map[string]struct {
		set      string
		settings pgtest.Settings
	}{
		"durable": {"", pgtest.Durable()},
		"told":    {os.TempDir(), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", tt.set)
			tmp, err := filepath.EvalSymlinks(os.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir := ask(t, pgtest.New(t, tt.settings).Database(t), "SHOW data_directory")
			if !strings.HasPrefix(dir, tmp+"/") {
				t.Errorf("the data folder is %s, want it below %s", dir, tmp)
			}
		})
	}
}

func TestDownAndUpAgain(t *testing.T) {
	srv := pgtest.New(t, nil)
	dsn := srv.Database(t)
	execute(t, dsn, "CREATE TABLE facts (n int)")

	downs := map[string]struct {
		down func(testing.TB)
		code string // what a waiting client is told
	}{
		"stop": {srv.Stop, "57P01"},
		"kill": {srv.Kill, ""},
	}
	for name, tt := range downs {
		t.Run(name, func(t *testing.T) {
			open := connect(t, dsn)
			execute(t, dsn, "INSERT INTO facts VALUES (1)")
			tt.down(t)
			_, err := open.Exec(t.Context(), "SELECT 1")
			var pgErr *pgconn.PgError
			if err == nil || errors.As(err, &pgErr) && tt.code != "" && pgErr.Code != tt.code {
				t.Errorf("a connection across %s: %v", name, err)
			}
			if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
				t.Errorf("the server answers after %s", name)
				_ = conn.Close(t.Context())
			}
			srv.Start(t)
			connect(t, dsn)
		})
	}
	srv.Restart(t)
	if n := ask(t, dsn, "SELECT count(*)::text FROM facts"); n != "2" {
		t.Errorf("%s committed rows are left, want 2", n)
	}
}

func TestFolderGoesWithTheServer(t *testing.T) {
	for _, down := range []string{"up", "stopped", "killed"} {
		t.Run(down, func(t *testing.T) {
			var dir string
			t.Run("use", func(t *testing.T) {
				srv := pgtest.New(t, nil)
				dir = filepath.Dir(ask(t, srv.Database(t), "SHOW data_directory"))
				owned(t, dir)
				switch down {
				case "stopped":
					srv.Stop(t)
				case "killed":
					srv.Kill(t)
				}
			})
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there: %v", dir, err)
			}
		})
	}
}

// owned checks that the server does not run as root, whoever runs the tests.
func owned(t *testing.T, dir string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("the server runs as root")
	}
}

func TestSharedServerStaysUp(t *testing.T) {
	srv := pgtest.Start(t)
	for name, verb := range map[string]func(testing.TB){
		"stop": srv.Stop, "kill": srv.Kill, "start": srv.Start, "restart": srv.Restart,
	} {
		rec := &recorder{TB: t}
		rec.run(func() { verb(rec) })
		if want := "take one of your own from pgtest.New"; !strings.Contains(rec.fatal, want) {
			t.Errorf("%s of the shared server says %q, want a hint %q", name, rec.fatal, want)
		}
	}
	connect(t, srv.Database(t))
}

func TestPsql(t *testing.T) {
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	file := filepath.Join(t.TempDir(), "facts.csv")
	if err := os.WriteFile(file, []byte("1,a\n2,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, dsn, "CREATE TABLE facts (n int, name text)")
	srv.Psql(t, dsn, "-c", fmt.Sprintf(`\copy facts FROM '%s' CSV`, file))
	if got, want := srv.Psql(t, dsn, "-Atc", "SELECT * FROM facts"), "1|a\n2|b\n"; got != want {
		t.Errorf("psql prints %q, want %q", got, want)
	}
	rec := &recorder{TB: t}
	rec.run(func() { srv.Psql(rec, dsn, "-c", "SELECT * FROM nowhere") })
	if want := `relation "nowhere" does not exist`; !strings.Contains(rec.fatal, want) {
		t.Errorf("a failing psql says %q, want %q in it", rec.fatal, want)
	}
}

// recorder stands in for a test that the harness is expected to fail.
type recorder struct {
	testing.TB
	fatal string
}

type failed struct{}

func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
	panic(failed{})
}

func (r *recorder) run(f func()) {
	defer func() {
		if p := recover(); p != nil && p != (failed{}) {
			panic(p)
		}
	}()
	f()
}
