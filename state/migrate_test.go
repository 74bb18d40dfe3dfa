package state_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"exporter/state"
)

// older makes a state as a program wrote it that knew the first migrations only.
func older(t *testing.T, path string, version int64) {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	slices.Sort(files)
	alter(t, path, `PRAGMA journal_mode = WAL`,
		`CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`)
	for _, f := range files {
		var n int64
		_, err := fmt.Sscanf(filepath.Base(f), "%05d_", &n)
		must(t, err)
		if n > version {
			return
		}
		text, err := os.ReadFile(f)
		must(t, err)
		alter(t, path, string(text), fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1)`, n))
	}
}

// Whatever version wrote a state, this one opens it and works with it.
func TestStatesOfEveryVersionAreMigrated(t *testing.T) {
	at := time.Date(2026, 5, 1, 3, 30, 0, 0, time.UTC)
	for version := range state.SchemaVersion() {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			older(t, path, version)
			if version >= 4 {
				alter(t, path, fmt.Sprintf(`INSERT INTO jobs (job, last_firing, paused) VALUES ('job', %d, 1)`, at.UnixMicro()))
			}
			if version >= 5 {
				alter(t, path, `INSERT INTO tokens (key, recipient, value, expires, saved) VALUES ('hurra', 'r', x'00', 0, 0)`)
			}
			if version == 0 { // a file without anything in it
				must(t, os.Remove(path))
			}
			s := openState(t, path, state.Options{})
			got, err := s.Job(t.Context(), "job")
			must(t, err)
			want := state.Job{Name: "job"}
			if version >= 4 {
				want.LastFiring, want.Paused = at, true
			}
			if version < 10 && got != want {
				t.Errorf("job %+v, want %+v", got, want)
			}
			r, err := s.Enqueue(t.Context(), state.Run{Job: "job", Trigger: state.TriggerCLI})
			must(t, err)
			if back, ok, err := s.Run(t.Context(), r.ID); err != nil || !ok || back != r {
				t.Errorf("run %+v, %t, %v; want %+v", back, ok, err, r)
			}
			_, err = s.Quota().Load(t.Context(), "c")
			must(t, err)
			tokens, err := s.Tokens(t.Context())
			must(t, err)
			if version >= 5 && (len(tokens) != 1 || version < 8 && !tokens[0].RefreshExpires.IsZero()) {
				t.Errorf("tokens %+v, want one whose end is not known", tokens)
			}
			_, err = s.Waits(t.Context(), time.Time{})
			must(t, err)
		})
	}
}

// Of runs in a state of an older version it is known in which order they began.
func TestTheOrderOfOlderRunsIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	older(t, path, 13)
	for id, started := range []int64{-62135596800000000, 3, 1, 2} {
		alter(t, path, fmt.Sprintf(`INSERT INTO runs (id, job, triggered_by, interval_from, interval_to, only, force, priority, state, exit_code, error, hint, class, requested, started, finished, epoch, slices, committed, unchanged, failed, waiting, rows, calls)
			VALUES (%q, 'job', 'cli', 0, 0, '', 0, 'scheduled', %q, 0, '', '', '', 0, %d, 0, 1, 0, 0, 0, 0, 0, 0, 0)`,
			fmt.Sprint(id), map[bool]string{true: "queued", false: "failed"}[id == 0], started))
	}
	s := openState(t, path, state.Options{})
	l := acquire(t, s)
	if _, ok, err := s.Claim(t.Context(), "0", l.Epoch()); !ok || err != nil {
		t.Fatalf("%t, %v", ok, err)
	}
	begun, err := s.Begun(t.Context(), "job", 10)
	must(t, err)
	var ids []string
	for _, r := range begun {
		ids = append(ids, r.ID)
	}
	if want := []string{"0", "1", "3", "2"}; !slices.Equal(ids, want) {
		t.Errorf("began in the order %v, want %v", ids, want)
	}
}
