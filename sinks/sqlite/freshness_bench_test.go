package sqlite_test

import (
	"testing"

	"exporter/sinks/sqlite"
)

// BenchmarkFreshness asks how fresh tables are whose ledger has a million slices: 100
// jobs of 14 parts with two years of days. Counted is what it took without progress.
func BenchmarkFreshness(b *testing.B) {
	path := newFile(b)
	sink := open(b, path)
	bring(b, sink, batch(3, "one"))
	db := connect(b, path)
	execute(b, db, `WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 1000999)
		INSERT INTO exporter_slices (job, part, interval_start, interval_end, state, rows_announced, rows_read,
			rows_rejected, rows_written, hash, sums, tables, fence, definition, provisional, load_id, run, loaded_at, checked_at)
		SELECT 'job ' || (n / 10010), 'part ' || (n / 715 % 14), strftime('%Y-%m-%d %H:%M:%S', interval_start, '-' || (n % 715) || ' days'), strftime('%Y-%m-%d %H:%M:%S', interval_end, '-' || (n % 715) || ' days'),
			state, rows_announced, rows_read,
			rows_rejected, rows_written, hash, sums, tables, fence, definition, n % 715 = 0, load_id, run, loaded_at, checked_at
		FROM n, exporter_slices`,
		"DELETE FROM exporter_progress", "INSERT INTO exporter_progress "+sqlite.Counted)
	for name, c := range map[string]struct{ question, want string }{
		"freshness": {"SELECT count(*) FROM exporter_freshness WHERE complete_through IS NOT NULL AND provisional_from IS NOT NULL", "100"},
		"counted":   {"SELECT count(complete_through) FROM (" + sqlite.Counted + ")", "1401"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got := ask(b, db, c.question); got != c.want {
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
}
