package postgres_test

import (
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// BenchmarkFreshness asks how fresh tables are whose ledger has a million slices: 100
// jobs of 14 parts with two years of days. Counted is what it took without progress.
func BenchmarkFreshness(b *testing.B) {
	srv := pgtest.New(b, pgtest.Durable())
	dsn := srv.Database(b)
	sink, db := open(b, config(dsn)), connect(b, dsn)
	bring(b, sink, batch(3, "one"))
	execute(b, db, `INSERT INTO exporter.slices (table_schema, job, part, interval_start, interval_end, state, rows_announced, rows_read,
			rows_rejected, rows_written, hash, sums, tables, fence, definition, provisional, load_id, run, loaded_at, checked_at)
		SELECT table_schema, 'job ' || j, 'part ' || p, interval_start - d * interval '1 day', interval_end - d * interval '1 day', state, rows_announced, rows_read,
			rows_rejected, rows_written, hash, sums, tables, fence, definition, d = 0, load_id, run, loaded_at, checked_at
		FROM exporter.slices, generate_series(1, 100) j, generate_series(1, 14) p, generate_series(0, 714) d`,
		"DELETE FROM exporter.progress", "INSERT INTO exporter.progress TABLE exporter.progress_counted", "VACUUM ANALYZE exporter.slices", "VACUUM ANALYZE exporter.progress")
	for name, question := range map[string]string{
		"freshness": "SELECT count(*) FROM exporter.freshness WHERE complete_through IS NOT NULL AND provisional_from IS NOT NULL",
		"counted":   "SELECT count(complete_through) FROM exporter.progress_counted",
		"one part":  "SELECT count(complete_through) FROM exporter.progress_counted WHERE table_schema = 'marketing' AND job = 'job 7' AND part = 'part 3'",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got := ask(b, db, question); got != map[string]string{"freshness": "100", "counted": "1401", "one part": "1"}[name] {
					b.Fatalf("%s rows", got)
				}
			}
		})
	}
	b.Run("checked", func(b *testing.B) {
		for b.Loop() {
			if err := sink.Checked(b.Context(), loadOf(facts).Slice, day, false); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			bring(b, sink, batch(3, "two"))
		}
	})
}
