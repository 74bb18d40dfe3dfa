package state_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"exporter/fault"
	"exporter/state"
)

// raw opens the file as any other program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := raw(t, path)
	for _, text := range statements {
		_, err := db.ExecContext(t.Context(), text)
		must(t, err)
	}
	must(t, db.Close())
}

// lockDatabase keeps the file locked for writing until the returned func is called.
func lockDatabase(t *testing.T, path string) func() {
	t.Helper()
	conn, err := raw(t, path).Conn(t.Context())
	must(t, err)
	eventually(t, "lock", func() bool {
		_, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
		return err == nil
	})
	return func() {
		_, err := conn.ExecContext(t.Context(), `ROLLBACK`)
		must(t, errors.Join(err, conn.Close()))
	}
}

func fails(t *testing.T, err error, class fault.Class, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", message)
	}
	if got := fault.ClassOf(err); got != class {
		t.Errorf("class %q, want %q", got, class)
	}
	if !strings.Contains(err.Error(), message) {
		t.Errorf("error %q, want it to contain %q", err, message)
	}
	if got := fault.HintOf(err); !strings.Contains(got, hint) {
		t.Errorf("hint %q, want it to contain %q", got, hint)
	}
}

func TestOpenMakesAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?#% name.db")
	s := openState(t, path, state.Options{})
	acquire(t, s)
	for _, side := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + side)
		must(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s%s has mode %v, want 0600", path, side, mode)
		}
	}
	if s.Path() != path {
		t.Errorf("path %q, want %q", s.Path(), path)
	}
}

func TestLostStateComesBackEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := state.Open(t.Context(), path, state.Options{})
	must(t, err)
	must(t, s.SetFiring(t.Context(), "job", time.Now()))
	must(t, s.Close())
	must(t, os.Remove(path))
	// What a crash would have left beside the file belongs to nothing any more.
	must(t, os.WriteFile(path+"-wal", []byte(strings.Repeat("x", 5000)), 0o600))
	s = openState(t, path, state.Options{})
	if _, ok, err := s.LastFiring(t.Context(), "job"); ok || err != nil {
		t.Fatalf("a new state knows a firing (%t, %v)", ok, err)
	}
}

// toSchema5 undoes the migrations after the fifth.
var toSchema5 = []string{
	`ALTER TABLE tokens DROP COLUMN refresh_expires`, `DROP TABLE quota`, `DROP TABLE memory`, `DROP INDEX slices_waiting`, `DROP INDEX runs_parked`,
	`ALTER TABLE runs DROP COLUMN only`, `ALTER TABLE runs DROP COLUMN wait_until`,
	`ALTER TABLE jobs DROP COLUMN since`, `ALTER TABLE jobs DROP COLUMN resumed`, `ALTER TABLE jobs DROP COLUMN missed`, `ALTER TABLE jobs DROP COLUMN skipped`,
	`ALTER TABLE jobs DROP COLUMN retry_at`, `ALTER TABLE jobs DROP COLUMN retries`, `ALTER TABLE jobs DROP COLUMN owed`,
	`ALTER TABLE runs DROP COLUMN parallel`, `ALTER TABLE runs DROP COLUMN since`, `ALTER TABLE runs DROP COLUMN note`, `ALTER TABLE runs DROP COLUMN cancelled`,
	`DELETE FROM goose_db_version WHERE version_id >= 6`,
}

func TestNoMigrationUnderAnExecutor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	start(t, "hold", path, time.Hour).expect("held 1")
	alter(t, path, append([]string{`PRAGMA busy_timeout = 5000`}, toSchema5...)...)
	_, err := state.Open(t.Context(), path, state.Options{Busy: 50 * time.Millisecond})
	fails(t, err, fault.Transient, "another exporter is at work on it", "Stop the running exporter")
}

func TestRestoredBackupIsOpened(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "state.db"), filepath.Join(dir, "backup.db")
	openState(t, path, state.Options{})
	alter(t, path, `VACUUM INTO '`+backup+`'`) // not in wal mode
	openState(t, backup, state.Options{})
	var mode string
	must(t, raw(t, backup).QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode))
	if mode != "wal" {
		t.Errorf("journal mode %s, want wal", mode)
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare       func(t *testing.T, path string)
		class         fault.Class
		message, hint string
	}{
		"newer schema": {
			func(t *testing.T, path string) {
				openState(t, path, state.Options{})
				alter(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
			},
			fault.Config, "a newer exporter wrote it (schema 99, this one knows ", "Use the newer exporter",
		},
		"another program's database": {
			func(t *testing.T, path string) { alter(t, path, `CREATE TABLE conversions (id)`) },
			fault.Config, "it is a database of another program", "Name another file",
		},
		"not a database": {
			func(t *testing.T, path string) {
				must(t, os.WriteFile(path, []byte(strings.Repeat("[exporter]\n", 500)), 0o600))
			},
			fault.Config, "it is not an exporter state", "Name another file",
		},
		"damaged": {
			func(t *testing.T, path string) {
				s, err := state.Open(t.Context(), path, state.Options{})
				must(t, err)
				must(t, s.Close())
				b, err := os.ReadFile(path)
				must(t, err)
				copy(b[100:], strings.Repeat("\xff", 300))
				must(t, os.WriteFile(path, b, 0o600))
			},
			fault.Permanent, "it is damaged", "Restore a backup",
		},
		"folder": {
			func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) },
			fault.Config, "it is a folder", "Name a file",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			tt.prepare(t, path)
			_, err := state.Open(t.Context(), path, state.Options{})
			fails(t, err, tt.class, tt.message, tt.hint)
		})
	}
	t.Run("missing folder", func(t *testing.T) {
		_, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "no", "state.db"), state.Options{})
		fails(t, err, fault.Config, "does not exist", "mkdir -p")
	})
}

func TestOpenWithoutPermission(t *testing.T) {
	tests := map[string]func(dir, path string) error{
		"folder": func(dir, path string) error { return errors.Join(os.Remove(path), os.Chmod(dir, 0o555)) },
		"file":   func(_, path string) error { return os.Chmod(path, 0o444) },
	}
	for name, forbid := range tests {
		t.Run(name, func(t *testing.T) {
			dir, unprivileged := ordinaryUser(t)
			path := filepath.Join(dir, "state.db")
			start(t, "open", path, 0, unprivileged).expect("ok")
			must(t, forbid(dir, path))
			got := start(t, "open", path, 0, unprivileged).line()
			if !strings.HasPrefix(got, "config: open state "+path) || !strings.Contains(got, "permission denied | Let user ") {
				t.Errorf("printed %q", got)
			}
		})
	}
}

// ordinaryUser returns a folder of a user whom permissions bind, and what makes a
// process run as that user: the superuser may write everything.
func ordinaryUser(t *testing.T) (dir string, as func(*exec.Cmd)) {
	t.Helper()
	dir = t.TempDir()
	t.Cleanup(func() { must(t, os.Chmod(dir, 0o700)) })
	if os.Geteuid() != 0 {
		return dir, func(*exec.Cmd) {}
	}
	const nobody = 65534
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chown(dir, nobody, nobody))
	program := filepath.Join(t.TempDir(), "test")
	must(t, copyFile(program, os.Args[0]))
	return dir, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = program, dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func TestLockedByAnotherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{Busy: 20 * time.Millisecond})
	unlock := lockDatabase(t, path)
	_, err := s.Enqueue(t.Context(), state.Run{Job: "job"})
	fails(t, err, fault.Transient, "another program keeps it locked", "fuser")
	if _, err := s.Runs(t.Context(), "", 10); err != nil {
		t.Errorf("reading waits for a writer: %v", err)
	}
	openState(t, path, state.Options{Busy: 20 * time.Millisecond})
	unlock()
	_, err = s.Enqueue(t.Context(), state.Run{Job: "job"})
	must(t, err)
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{})
	must(t, state.LimitPages(t.Context(), s, 1))
	_, err := s.Enqueue(t.Context(), state.Run{Job: strings.Repeat("j", 1<<20)})
	fails(t, err, fault.Permanent, "the disk is full", "Free space")
	if runs, err := s.Runs(t.Context(), "", 10); len(runs) != 0 || err != nil {
		t.Errorf("half a request is there: %v, %v", runs, err)
	}
}

func TestCancelledCallsSaySo(t *testing.T) {
	s := openState(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"write": func() error { _, err := s.Enqueue(ctx, state.Run{Job: "job"}); return err },
		"read":  func() error { _, err := s.Runs(ctx, "", 1); return err },
	} {
		if err := call(); fault.ClassOf(err) != fault.Interrupted {
			t.Errorf("%s: %v, want class interrupted", name, err)
		}
	}
}

func TestOpenWarnsOfOpenFiles(t *testing.T) {
	path := saved(t, state.Options{})
	must(t, os.Chmod(path, 0o644))
	must(t, os.Chmod(path+".key", 0o604))
	must(t, os.Chmod(filepath.Dir(path), 0o777))
	var log strings.Builder
	s := openState(t, path, state.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, _, err := s.LoadToken(t.Context(), "hurra")
	must(t, err)
	for _, want := range []string{"path=" + path + " mode=-rw-r--r--", "path=" + path + ".key mode=-rw----r--", "path=" + filepath.Dir(path) + " mode=-rwxrwxrwx"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q:\n%s", want, log.String())
		}
	}
}

func TestPathIsNotTouchedWhenTheFolderIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "no")
	_, _ = state.Open(t.Context(), filepath.Join(dir, "state.db"), state.Options{})
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made (%v)", err)
	}
}
