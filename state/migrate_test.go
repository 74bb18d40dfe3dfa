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
