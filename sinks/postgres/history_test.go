package postgres_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"exporter/fault"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
)

// versionOne makes a ledger as the first version of the exporter left it, with one
// slice of three rows committed.
func versionOne(t *testing.T, db *pgx.Conn) {
	t.Helper()
	text, err := os.ReadFile("migrations/0001_slices.sql")
	if err != nil {
		t.Fatal(err)
	}
	rows := batch(3, "one")
	states, sums, err := loadOf(facts, rows).States()
	if err != nil {
		t.Fatal(err)
	}
	execute(t, db, "CREATE SCHEMA marketing; CREATE SCHEMA exporter; SET search_path = exporter", string(text),
		"CREATE TABLE schema_version (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
		"INSERT INTO schema_version VALUES (1, 'migrations/0001_slices.sql')",
		"RESET search_path",
		"CREATE TABLE marketing.facts (id bigint, name text, amount numeric, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL)",
		"INSERT INTO marketing.facts SELECT n, 'one', n + 0.25, 1, now() FROM generate_series(0, 2) n")
	if _, err := db.Exec(t.Context(), `INSERT INTO exporter.slices (table_schema, job, part, interval_start, interval_end, state, rows_announced, rows_read,
			rows_rejected, rows_written, hash, sums, tables, fence, definition, provisional, load_id, run, loaded_at, checked_at)
		VALUES ('marketing', 'facts', 'north', $1, $2, 'committed', 3, 3, 0, 3, 'x', $3, $4, 7, 'd1', false, 'load', 'run-0', now(), now())`,
		day, day.AddDate(0, 0, 1), sums, states); err != nil {
		t.Fatal(err)
	}
}

// TestVersionOne: a ledger with data in it is brought up to date by whatever comes
// first, and goes on where it was.
func TestVersionOne(t *testing.T) {
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
			dsn := pgtest.Start(t).Database(t)
			db, analyst := connect(t, dsn), newRole(t, dsn)
			versionOne(t, db)
			sink := open(t, config(dsn, func(c *postgres.Config) { c.GrantSelect = []string{analyst.name} }))
			if list, err := sink.Committed(t.Context(), "facts", day, day.AddDate(0, 0, 1)); err != nil || len(list) != 1 {
				t.Fatalf("before the first write: %v, %v", list, err)
			}
			first(t, sink)
			bring(t, sink, batch(5, "two"))
			for _, c := range []struct{ question, want string }{
				{count, "5 two"},
				{"SELECT concat_ws(' ', rows_before, rows_after, sums_difference, run, redefined) FROM exporter.restatements", `3 5 {"id": "7", "amount": "7.50"} run-1 f`},
				{"SELECT concat_ws(' ', job, rows, complete_through AT TIME ZONE 'UTC', parts) FROM exporter.freshness", "facts 5 2026-03-02 00:00:00 1"},
				{"SELECT string_agg(version || ' ' || name, ', ' ORDER BY version) FROM exporter.schema_version", "1 migrations/0001_slices.sql, 2 migrations/0002_history.sql, 3 migrations/0003_schema_changes.sql, 4 migrations/0004_progress.sql, 5 migrations/0005_renames.sql"},
				{"SELECT fence FROM exporter.slices", "8"},
				// The owner never let the analyst see this one.
				{"SELECT has_table_privilege('" + analyst.name + "', 'exporter.slices', 'SELECT')", "false"},
				{"SELECT bool_and(has_table_privilege('" + analyst.name + "', 'exporter.' || r, 'SELECT')) FROM unnest('{runs,restatements,freshness,schema_changes}'::text[]) r", "true"},
			} {
				if got := ask(t, db, c.question); got != c.want {
					t.Errorf("%s: got %s, want %s", c.question, got, c.want)
				}
			}
		})
	}
}

// TestLedgerIsReadable: everything is explained, and open to readers.
func TestLedgerIsReadable(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	db, analyst := connect(t, dsn), newRole(t, dsn)
	bring(t, open(t, config(dsn, func(c *postgres.Config) { c.GrantSelect = []string{analyst.name} })), batch(2, "a"))
	const relations = "FROM pg_class c WHERE relnamespace = 'exporter'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'schema_version'"
	for _, question := range []string{
		"SELECT string_agg(relname, ', ') " + relations + " AND obj_description(c.oid, 'pg_class') IS NULL",
		"SELECT string_agg(c.relname || '.' || a.attname, ', ') FROM pg_attribute a JOIN (SELECT oid, relname " + relations + `) c ON c.oid = a.attrelid
			WHERE a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NULL`,
	} {
		if got := ask(t, db, question); got != "" {
			t.Errorf("without a comment: %s", got)
		}
	}
	reader := connect(t, analyst.dsn(t, dsn))
	for _, relation := range []string{"slices", "runs", "restatements", "freshness", "schema_changes"} {
		ask(t, reader, "SELECT count(*) FROM exporter."+relation)
	}
}

// TestRunsWithoutALedger: the end of a run makes nothing where nothing was loaded.
func TestRunsWithoutALedger(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	before := catalogue(t, db)
	if err := sink.(sinks.RunRecorder).RecordRuns(t.Context(), []sinks.Run{{ID: "1", Job: "facts", State: "failed", Started: day, Finished: day}}); err != nil {
		t.Fatal(err)
	}
	if after := catalogue(t, db); len(after) != len(before) {
		t.Errorf("there is %v, was %v", after, before)
	}
}

// TestWrittenIsKept: a trigger of somebody's that swallows rows keeps the slice out.
func TestWrittenIsKept(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	bring(t, sink, batch(3, "old"))
	execute(t, db, "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id = 1 THEN NULL ELSE NEW END; END $$",
		"CREATE TRIGGER swallow BEFORE INSERT ON marketing.facts FOR EACH ROW EXECUTE FUNCTION swallow()")
	rows := batch(4, "new")
	w := begin(t, sink, loadOf(facts, rows))
	err := w.Write(t.Context(), rows)
	if err == nil {
		_, err = w.Commit(t.Context())
	}
	if fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" {
		t.Errorf("a row less is in the table: %v, want an error of class data", err)
	}
	if err := w.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ask(t, db, count); got != "3 old" {
		t.Errorf("rows %q, want the old ones", got)
	}
}
