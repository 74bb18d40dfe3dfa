package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"exporter/fault"
	"exporter/sinks"
)

// TestVersionOne: a ledger with data in it is brought up to date by whatever comes
// first, and goes on where it was.
func TestVersionOne(t *testing.T) {
	text, err := os.ReadFile("migrations/0001_ledger.sql")
	if err != nil {
		t.Fatal(err)
	}
	ended := []sinks.Run{{ID: "run-0", Job: "facts", Trigger: "cli", State: "succeeded", Started: day, Finished: day, Committed: 1, Rows: 3}}
	for name, first := range map[string]func(t *testing.T, s sinks.Sink){
		"load": func(*testing.T, sinks.Sink) {},
		"check": func(t *testing.T, s sinks.Sink) {
			if err := s.Checked(t.Context(), loadOf(facts).Slice, day, false); err != nil {
				t.Fatal(err)
			}
		},
		"end of a run": func(t *testing.T, s sinks.Sink) {
			if err := s.(sinks.RunRecorder).RecordRuns(t.Context(), ended); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data.db")
			db := connect(t, path)
			states, sums, err := loadOf(facts, batch(3, "one")).States()
			if err != nil {
				t.Fatal(err)
			}
			execute(t, db, string(text),
				"CREATE TABLE exporter_schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)",
				"INSERT INTO exporter_schema_version VALUES (1, 'migrations/0001_ledger.sql', '2026-03-01 00:00:00')",
				"CREATE TABLE facts (id INTEGER, name TEXT, amount DECIMAL REAL, _slice INTEGER NOT NULL, _loaded_at TIMESTAMP NOT NULL)",
				"INSERT INTO facts VALUES (0, 'one', 0.25, 1, '2026-03-02 00:00:00'), (1, 'one', 1.25, 1, '2026-03-02 00:00:00'), (2, 'one', 2.25, 1, '2026-03-02 00:00:00')",
				`INSERT INTO exporter_slices (_slice, job, part, interval_start, interval_end, state, rows_announced, rows_read, rows_rejected, rows_written,
					hash, sums, tables, fence, definition, provisional, load_id, run, loaded_at, checked_at)
				VALUES (1, 'facts', 'north', '2026-03-01 00:00:00', '2026-03-02 00:00:00', 'committed', 3, 3, 0, 3,
					'x', '`+sums+`', '`+states+`', 7, 'd1', 0, 'load', 'run-0', '2026-03-02 00:00:00', '2026-03-02 00:00:00')`)
			sink := open(t, path)
			if list, err := sink.Committed(t.Context(), "facts", day, day.AddDate(0, 0, 1)); err != nil || len(list) != 1 {
				t.Fatalf("before the first write: %v, %v", list, err)
			}
			first(t, sink)
			bring(t, sink, batch(5, "two"))
			for _, c := range []struct{ question, want string }{
				{"SELECT count(*) || ' ' || min(name) || ' ' || max(name) FROM facts", "5 two two"},
				{"SELECT rows_before || ' ' || rows_after || ' ' || sums_difference || ' ' || run || ' ' || redefined FROM exporter_restatements", `3 5 {"amount":"7.50","id":"7"} run-1 0`},
				{"SELECT job || ' ' || rows || ' ' || complete_through || ' ' || parts FROM exporter_freshness", "facts 5 2026-03-02 00:00:00 1"},
				{"SELECT group_concat(version || ' ' || name, ', ') FROM exporter_schema_version", "1 migrations/0001_ledger.sql, 2 migrations/0002_history.sql, 3 migrations/0003_schema_changes.sql, 4 migrations/0004_progress.sql, 5 migrations/0005_renames.sql"},
				{"SELECT fence FROM exporter_slices", "8"},
			} {
				if got := ask(t, db, c.question); got != c.want {
					t.Errorf("%s: got %s, want %s", c.question, got, c.want)
				}
			}
		})
	}
}

// TestLedgerIsExplained: exporter_columns has every column of our own tables.
func TestLedgerIsExplained(t *testing.T) {
	path := newFile(t)
	bring(t, open(t, path), batch(2, "a"))
	db := connect(t, path)
	const own = "sqlite_master m WHERE m.type IN ('table', 'view') AND m.name LIKE 'exporter!_%' ESCAPE '!' AND m.name <> 'exporter_schema_version'"
	if got := ask(t, db, `SELECT group_concat(name) FROM (
			SELECT m.name || '.' || c.name AS name, m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c
				WHERE m.name IN (SELECT m.name FROM `+own+`) UNION ALL SELECT m.name, m.name, '' FROM `+own+`)
		WHERE NOT EXISTS (SELECT 1 FROM exporter_columns e WHERE e.table_name = t AND e.column_name = c AND e.description <> '')`); got != "" {
		t.Errorf("not explained: %s", got)
	}
	if got := ask(t, db, "SELECT group_concat(table_name || '.' || column_name) FROM exporter_columns e WHERE table_name LIKE 'exporter!_%' ESCAPE '!' AND column_name <> '' AND NOT EXISTS (SELECT 1 FROM pragma_table_info(e.table_name) WHERE name = e.column_name)"); got != "" {
		t.Errorf("explained, but not there: %s", got)
	}
}

// TestRunsWithoutALedger: the end of a run makes nothing where nothing was loaded.
func TestRunsWithoutALedger(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "data.db")
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db := connect(t, foreign)
	execute(t, db, "CREATE TABLE theirs (n INTEGER)")
	for _, path := range []string{missing, foreign} {
		if err := open(t, path).(sinks.RunRecorder).RecordRuns(t.Context(), []sinks.Run{{ID: "1", Job: "facts", State: "failed", Started: day, Finished: day}}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("the file was made: %v", err)
	}
	if got := ask(t, db, "SELECT group_concat(name) FROM sqlite_master"); got != "theirs" {
		t.Errorf("there is %s", got)
	}
}

// TestWrittenIsKept: a trigger of somebody's that swallows rows keeps the slice out.
func TestWrittenIsKept(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	bring(t, sink, batch(3, "old"))
	execute(t, db, "CREATE TRIGGER swallow BEFORE INSERT ON facts WHEN new.id = 1 BEGIN SELECT RAISE(IGNORE); END")
	rows := batch(4, "new")
	if err := try(t, sink, loadOf(facts, rows), rows); fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" {
		t.Errorf("a row less is in the table: %v, want an error of class data", err)
	}
	if got := ask(t, db, "SELECT count(*) || min(name) FROM facts"); got != "3old" {
		t.Errorf("rows %q, want the old ones", got)
	}
}
