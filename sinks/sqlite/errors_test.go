package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sqlite"
)

// TestRefusedFiles: what is wrong with a file is said, with what to do.
func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	sub := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		path    string
		prepare func(t *testing.T, path string)
		after   func(sinks.Sink)
		class   fault.Class
		message string
		hint    string
	}{
		"no folder": {
			path: sub("none/data.db"), class: fault.Config,
			message: "folder " + sub("none") + " does not exist",
			hint:    "Create it (mkdir -p " + sub("none") + "), or correct path of the sink.",
		},
		"folder is a file": {
			path: sub("plain/data.db"), class: fault.Config,
			prepare: func(t *testing.T, path string) { write(t, filepath.Dir(path), "x") },
			message: "not a directory",
			hint:    "Correct path of the sink.",
		},
		"a folder": {
			path: dir, class: fault.Config,
			message: dir + " is a folder",
			hint:    `Name a file in path of the sink: path = "` + sub("exporter-data.db") + `".`,
		},
		"not a database": {
			path: sub("text.db"), class: fault.Config,
			prepare: func(t *testing.T, path string) { write(t, path, strings.Repeat("no database ", 1000)) },
			message: sub("text.db") + ": it is not an SQLite database",
			hint:    "Name another file in path of the sink.",
		},
		"the state": {
			path: sub("state.db"), class: fault.Config,
			prepare: func(t *testing.T, path string) {
				execute(t, connect(t, path), "PRAGMA application_id = 0x45585053", "CREATE TABLE runs (id)")
			},
			message: sub("state.db") + " is the state of an exporter",
			hint:    "Name another file in path of the sink.",
		},
		"newer ledger": {
			path: sub("newer.db"), class: fault.Config,
			prepare: func(t *testing.T, path string) {
				bring(t, open(t, path), batch(1, "a"))
				execute(t, connect(t, path), "INSERT INTO exporter_schema_version (version, name, applied_at) VALUES (99, '', '')")
			},
			message: "the ledger of " + sub("newer.db") + " has version 99, this exporter knows ",
			hint:    "A newer exporter made this ledger. Run that version or a later one.",
		},
		"read-only": {
			path: sub("readonly.db"), class: fault.Config,
			prepare: func(t *testing.T, path string) { bring(t, open(t, path), batch(1, "a")) },
			after:   func(s sinks.Sink) { sqlite.SetPragma(s, "query_only(1)") }, // permissions do not stop root
			message: sub("readonly.db") + ": it cannot be written",
			hint:    "Let the user of the exporter write " + sub("readonly.db") + ", " + dir + ", " + sub("readonly.db") + "-wal and " + sub("readonly.db") + "-shm, on a file system that is not mounted read-only.",
		},
		"locked": {
			path: sub("locked.db"), class: fault.Transient,
			prepare: func(t *testing.T, path string) {
				bring(t, open(t, path), batch(1, "a"))
				execute(t, connect(t, path), "BEGIN EXCLUSIVE")
			},
			after:   func(s sinks.Sink) { sqlite.SetWait(s, 10*time.Millisecond) },
			message: sub("locked.db") + ": another program keeps it locked",
			hint:    "End the program that has " + sub("locked.db") + ` open in a transaction (a database shell, a backup, another exporter); "fuser -v" on the file names it. The load is tried again.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.prepare != nil {
				c.prepare(t, c.path)
			}
			s := open(t, c.path)
			if c.after != nil {
				c.after(s)
			}
			rows := batch(1, "b")
			for what, err := range map[string]error{"load": try(t, s, loadOf(facts, rows), rows), "check": s.Check(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), c.message) {
					t.Errorf("%s: %v\nwant %s", what, err, c.message)
				}
				wantFault(t, err, c.class, c.hint)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull: the file may not grow while rows are brought in.
func TestDiskFull(t *testing.T) {
	path := newFile(t)
	s := open(t, path)
	bring(t, s, batch(3, "old"))
	sqlite.SetPragma(s, "max_page_count(30)")
	rows := batch(6_000, "new")
	err := try(t, s, loadOf(facts, rows), rows)
	wantFault(t, err, fault.Transient, "Free space for "+path+", and for the rows on their way in the folder of temporary files (TMPDIR, else /var/tmp). Nothing that was committed is lost; the load is tried again.")
	db := connect(t, path)
	if got := ask(t, db, "SELECT count(*) || name FROM facts"); got != "3old" {
		t.Errorf("rows %q, want the old ones", got)
	}
	sqlite.SetPragma(s, "max_page_count(1000000)")
	bring(t, s, rows)
	if got := ask(t, db, "SELECT count(*) || name FROM facts"); got != "6000new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

func TestConstraintOfSomebody(t *testing.T) {
	path := newFile(t)
	s, db := open(t, path), connect(t, path)
	bring(t, s, batch(3, "old"))
	execute(t, db, "CREATE TRIGGER small BEFORE INSERT ON facts WHEN new.id > 9 BEGIN SELECT raise(ABORT, 'too large'); END")
	rows := batch(30, "new")
	err := try(t, s, loadOf(facts, rows), rows)
	wantFault(t, err, fault.Permanent, "Somebody added a constraint, a unique index or a trigger to the table. Drop it.")
	if got := ask(t, db, "SELECT count(*) || name FROM facts"); got != "3old" {
		t.Errorf("rows %q, want the old ones", got)
	}
}

// TestFileReplaced: a file that is removed between loads is made anew, and not
// written to where nobody can find it.
func TestFileReplaced(t *testing.T) {
	path := newFile(t)
	s := open(t, path)
	bring(t, s, batch(3, "old"))
	rows := batch(4, "lost")
	w, err := s.Begin(t.Context(), loadOf(facts, rows))
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if list, err := s.Committed(t.Context(), "facts", time.Time{}, time.Time{}); err != nil || len(list) != 0 {
		t.Errorf("without a file the ledger has %+v, %v", list, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check without a file: %v", err)
	}
	if err := s.Checked(t.Context(), loadOf(facts, rows).Slice, day, true); err == nil {
		t.Error("a slice is checked without a file")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("who only looks has made the file: %v", err)
	}
	wantFault(t, w.Write(t.Context(), rows), fault.Transient, "The load is tried again and makes a new file; slices that were in the old one need a backfill.")
	if err := w.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	bring(t, s, batch(5, "new"))
	if got := ask(t, connect(t, path), "SELECT count(*) || name FROM facts"); got != "5new" {
		t.Errorf("rows %q, want the new ones", got)
	}
}

// TestWaitForAnotherProgram: a load waits for a lock as long as its context.
func TestWaitForAnotherProgram(t *testing.T) {
	path := newFile(t)
	s, db := open(t, path), connect(t, path)
	db.SetMaxOpenConns(1)
	bring(t, s, batch(1, "old"))
	for _, name := range []string{"cancelled", "unlocked"} {
		rows := batch(3, name)
		w, err := s.Begin(t.Context(), loadOf(facts, rows))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		execute(t, db, "BEGIN IMMEDIATE")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := w.Commit(ctx)
			done <- err
		}()
		if name == "cancelled" {
			cancel()
			wantFault(t, <-done, fault.Interrupted, "")
		}
		execute(t, db, "ROLLBACK")
		if name == "unlocked" {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		cancel()
		if err := w.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := ask(t, db, "SELECT count(*) || name FROM facts"); got != "3unlocked" {
		t.Errorf("rows %q, want those of the second", got)
	}
}

// TestStagingLocksNothing: while rows are on their way another program writes, and
// so does another load.
func TestStagingLocksNothing(t *testing.T) {
	path := newFile(t)
	s, db := open(t, path), connect(t, path)
	rows := batch(3, "a")
	w, err := s.Begin(t.Context(), loadOf(facts, rows))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	execute(t, db, "CREATE TABLE mine (n)")
	other := loadOf(facts, rows)
	other.Slice.Part = "south"
	if err := try(t, s, other, rows); err != nil {
		t.Error(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ask(t, db, "SELECT count(*) FROM facts"); got != "6" {
		t.Errorf("%s rows, want those of both loads", got)
	}
}

// TestOneFile: after Close nothing is beside the file.
func TestOneFile(t *testing.T) {
	path := newFile(t)
	s, err := sqlite.Driver().Open(t.Context(), &sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	bring(t, s, batch(3, "a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want the file alone", entries, err)
	}
}

// What a merge has left is not somebody else's, and the hint names it.
func TestReplaceAfterMerge(t *testing.T) {
	path := newFile(t)
	s := open(t, path)
	rows := batch(3, "merged")
	l := loadOf(facts, rows)
	l.Mode = sinks.Merge
	if err := try(t, s, l, rows); err != nil {
		t.Fatal(err)
	}
	bring(t, s, batch(2, "replaced"))
	twice := []*record.Batch{batch(2, "once"), batch(2, "again")}
	wantFault(t, try(t, s, loadOf(facts, twice...), twice...), fault.Permanent,
		`Rows come twice, and the table was loaded with write = "merge" before. If both are to be there, run: DROP INDEX "exporter_key_facts";`)
	db := connect(t, path)
	if got := ask(t, db, "SELECT count(*) || name FROM facts"); got != "2replaced" {
		t.Errorf("rows %q, want the old ones", got)
	}
	execute(t, db, `DROP INDEX "exporter_key_facts"`)
	bring(t, s, twice...)
}
