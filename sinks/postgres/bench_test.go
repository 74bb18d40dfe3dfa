package postgres_test

import (
	"testing"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sinktest"
)

// benchRows is the number of rows of one load.
const benchRows = 1_000_000

// BenchmarkCopy compares a load through the sink with psql's \copy of the same
// rows as CSV, on one server with the settings of production.
func BenchmarkCopy(b *testing.B) {
	srv := pgtest.New(b, pgtest.Durable())
	dsn := srv.Database(b)
	batches, tally, csv := sinktest.WideData(b, benchRows, "")
	changed, changedTally, _ := sinktest.WideData(b, benchRows, " again")
	sink, db := open(b, config(dsn)), connect(b, dsn)
	load := func(b *testing.B, mode sinks.Mode, table string, batches []*record.Batch, tally *record.Tally) {
		l := loadOf(sinktest.Wide12)
		l.Mode, l.Tables[0].Tally, l.Tables[0].Name = mode, tally, table
		l.Announced, l.Read = tally.Rows, tally.Rows
		w := begin(b, sink, l)
		for _, batch := range batches {
			if err := w.Write(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := w.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	replace := func(b *testing.B) { load(b, sinks.Replace, "facts", batches, tally) }
	replace(b) // makes the tables
	execute(b, db, "CREATE TABLE marketing.plain AS SELECT id, at, day, clicks, views, orders, campaign, keyword, referrer, cost, revenue, new FROM marketing.facts WHERE false")
	measure := func(name, prepare string, step func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				if prepare != "" {
					execute(b, db, prepare, "CHECKPOINT")
				}
				b.StartTimer()
				step(b)
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
		})
	}
	copyCSV := func(b *testing.B) {
		srv.Psql(b, dsn, "-q", "-c", `\copy marketing.plain FROM '`+csv+`' CSV`)
	}
	measure("sink", "TRUNCATE marketing.facts", replace)
	measure("psql", "TRUNCATE marketing.plain", copyCSV)
	for _, mode := range []sinks.Mode{sinks.Merge, sinks.Snapshot} {
		table := string(mode)
		load(b, mode, table, batches[:1], tallyOf(batches[:1]))
		measure(table+"/new", "TRUNCATE marketing."+table, func(b *testing.B) { load(b, mode, table, batches, tally) })
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
	measure("sink/replace", "", replace)
	execute(b, db, "DROP INDEX marketing.facts__slice_idx")
	measure("sink/no index", "TRUNCATE marketing.facts", replace)
	execute(b, db, "TRUNCATE marketing.facts", "CREATE INDEX ON marketing.facts USING brin (_slice)")
	measure("sink/brin", "TRUNCATE marketing.facts", replace)
}

func tallyOf(batches []*record.Batch) *record.Tally {
	t := record.NewTally(sinktest.Wide12)
	for _, b := range batches {
		t.Add(b)
	}
	return t
}
