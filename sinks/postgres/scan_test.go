package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
)

// largeRows is what a table and the ledger have before one day is loaded.
const largeRows, largeSlices = 300_000, 30_000

// TestOneDayOfALargeTable: the plans of all statements that load one day, as the
// server ran them, find rows of large tables by an index. So does the ledger's
// bookkeeping beside tens of thousands of slices and restatements.
func TestOneDayOfALargeTable(t *testing.T) {
	srv := pgtest.New(t, pgtest.Settings{
		"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "off",
		"logging_collector": "on", "log_min_messages": "log",
	})
	dsn := srv.Database(t)
	db := connect(t, dsn)
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot} {
		t.Run(string(mode), func(t *testing.T) {
			sink := open(t, config(dsn))
			load := func(mark string) sinks.Load {
				l := loadOf(keyed(), batch(300, mark))
				l.Mode, l.Slice.Job, l.Tables[0].Name, l.Run = mode, string(mode), string(mode), "run "+mark
				return l
			}
			if err := attempt(t, sink, load("old"), batch(300, "old")); err != nil {
				t.Fatal(err)
			}
			fillLarge(t, db, string(mode))
			from := logSize(t, db)
			if err := attempt(t, sink, load("new"), batch(300, "new")); err != nil {
				t.Fatal(err)
			}
			list, err := sink.Committed(t.Context(), string(mode), day, day.AddDate(0, 0, 1))
			if err != nil || len(list) != 1 {
				t.Fatalf("committed: %v, %v", list, err)
			}
			if err := sink.Checked(t.Context(), load("new").Slice, day.AddDate(0, 0, 2), false); err != nil {
				t.Fatal(err)
			}
			scansNothing(t, db, from, string(mode))
			if got := ask(t, db, "SELECT count(*) FROM exporter.restatements WHERE job = $1 AND rows_after = 300 AND rows_before = 300", string(mode)); got != "1" {
				t.Errorf("%s restatements of the day, want 1", got)
			}
		})
	}
}

// fillLarge adds rows of other slices to a table, and slices and restatements to the
// ledger.
func fillLarge(t *testing.T, db *pgx.Conn, table string) {
	t.Helper()
	per := largeRows / largeSlices
	execute(t, db,
		fmt.Sprintf(`INSERT INTO exporter.slices (job, part, interval_start, interval_end, table_schema, fence, state, tables, rows_read, rows_rejected, rows_written, definition, provisional, load_id, run, loaded_at, checked_at, hash, sums)
			SELECT s.job, 'part ' || n, s.interval_start - n * interval '1 day', s.interval_end - n * interval '1 day', s.table_schema, 1, s.state, s.tables, %d, 0, %d, s.definition, false, s.load_id || n, s.run, s.loaded_at, s.checked_at, s.hash, s.sums
			FROM exporter.slices s, generate_series(1, %d) n WHERE s.job = '%s'`, per, per, largeSlices, table),
		fmt.Sprintf(`INSERT INTO marketing.%s (id, name, amount, _slice, _loaded_at)
			SELECT 1000 + n, repeat('campaign ' || n %% 400, 4), n / 8.0, (SELECT max(_slice) FROM exporter.slices) - n %% %d, now() FROM generate_series(1, %d) n`, table, largeSlices, largeRows),
		fmt.Sprintf(`INSERT INTO exporter.restatements (_slice, table_schema, table_name, job, part, interval_start, interval_end, restated_at, run, rows_before, rows_after, sums_before, sums_after, sums_difference, hash_before, hash_after, was_provisional, redefined)
			SELECT _slice, table_schema, '%s', job, part, interval_start, interval_end, loaded_at, run, 1, 2, '{}', '{}', '{}', '', '', false, false FROM exporter.slices WHERE job = '%s' AND part LIKE 'part %%'`, table, table),
		"VACUUM ANALYZE")
}

func logSize(t *testing.T, db *pgx.Conn) string {
	t.Helper()
	return ask(t, db, "SELECT (pg_stat_file(pg_current_logfile())).size")
}

// plan is one that auto_explain logged: the statement, and what was done.
var plan = regexp.MustCompile(`(?s)LOG:  duration: \S+ ms  plan:\n\tQuery Text: (.*?)\n(\t[^\n]*\(cost=.*?)(?:\n\d{4}-|\z)`)

// scansNothing looks at the plans that were logged since.
func scansNothing(t *testing.T, db *pgx.Conn, from, table string) {
	t.Helper()
	text := ask(t, db, "SELECT pg_read_file(pg_current_logfile(), "+from+", 100000000)")
	found := map[string]bool{}
	for at := 0; ; {
		m := plan.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		query, did := text[at+m[2]:at+m[3]], text[at+m[4]:at+m[5]]
		at += m[5]
		for _, relation := range []string{table, "slices", "restatements"} {
			if strings.Contains(did, "Scan using "+relation) || strings.Contains(did, "Index Scan on "+relation) {
				found[relation] = true
			}
			if regexp.MustCompile(`Seq Scan on (\w+\.)?` + relation + `\b`).MatchString(did) {
				t.Errorf("all of %s is read by\n%s\n%s", relation, query, did)
			}
		}
	}
	for _, relation := range []string{table, "slices"} {
		if !found[relation] {
			t.Errorf("no plan finds rows of %s by an index:\n%s", relation, text)
		}
	}
}
