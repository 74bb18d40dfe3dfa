package sqlite_test

import (
	"database/sql"
	"os/exec"
	"testing"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sinktest"
)

// benchRows is the number of rows of one load.
const benchRows = 1_000_000

// BenchmarkLoad compares loads through the sink with the .import of the sqlite3
// shell, where there is one, of the same rows as CSV into a table with the same
// types, columns and journal, without an index.
func BenchmarkLoad(b *testing.B) {
	path := newFile(b)
	sink, db := open(b, path), connect(b, path)
	batches, tally, csv := sinktest.WideData(b, benchRows, "")
	changed, changedTally, _ := sinktest.WideData(b, benchRows, " again")
	load := func(b *testing.B, mode sinks.Mode, table string, batches []*record.Batch, tally *record.Tally) {
		l := loadOf(sinktest.Wide12)
		l.Mode, l.Tables[0].Tally, l.Tables[0].Name = mode, tally, table
		l.Announced, l.Read = tally.Rows, tally.Rows
		if err := try(b, sink, l, batches...); err != nil {
			b.Fatal(err)
		}
	}
	measure := func(name, prepare string, step func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				if prepare != "" {
					empty(b, db, prepare)
				}
				b.StartTimer()
				step(b)
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
		})
	}
	few := record.NewTally(sinktest.Wide12)
	few.Add(batches[0])
	for _, mode := range []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot} {
		load(b, mode, string(mode), batches[:1], few) // makes the table
	}
	measure("replace/new", "replace", func(b *testing.B) { load(b, sinks.Replace, "replace", batches, tally) })
	if shell, err := exec.LookPath("sqlite3"); err == nil {
		execute(b, db, `CREATE TABLE plain AS SELECT id, at, day, clicks, views, orders, campaign, keyword, referrer, cost, revenue, new FROM "replace" LIMIT 0`)
		measure("sqlite3 import", "plain", func(b *testing.B) {
			if out, err := exec.CommandContext(b.Context(), shell, path, ".import --csv "+csv+" plain").CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		})
	}
	measure("replace", "", func(b *testing.B) { load(b, sinks.Replace, "replace", batches, tally) })
	for _, mode := range []sinks.Mode{sinks.Merge, sinks.Snapshot} {
		table := string(mode)
		measure(table+"/new", table, func(b *testing.B) { load(b, mode, table, batches, tally) })
		measure(table+"/unchanged", "", func(b *testing.B) { load(b, mode, table, batches, tally) })
		odd := false
		measure(table+"/a tenth changed", "", func(b *testing.B) {
			if odd = !odd; odd {
				load(b, mode, table, changed, changedTally)
			} else {
				load(b, mode, table, batches, tally)
			}
		})
	}
}

func empty(b *testing.B, db *sql.DB, table string) {
	b.Helper()
	execute(b, db, `DELETE FROM "`+table+`"`, "PRAGMA wal_checkpoint(TRUNCATE)")
}
