package postgres_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks/postgres/pgtest"
)

// wide12 is a table of twelve columns as reports have them.
var wide12 = record.Table{Columns: []record.Column{
	{Name: "id", Type: record.Integer},
	{Name: "at", Type: record.Timestamp},
	{Name: "day", Type: record.Date},
	{Name: "clicks", Type: record.Integer},
	{Name: "views", Type: record.Integer},
	{Name: "orders", Type: record.Integer},
	{Name: "campaign", Type: record.Text},
	{Name: "keyword", Type: record.Text},
	{Name: "referrer", Type: record.Text},
	{Name: "cost", Type: record.Numeric},
	{Name: "revenue", Type: record.Numeric},
	{Name: "new", Type: record.Boolean},
}}

// benchRows is the number of rows of one load, in batches of 10,000.
const benchRows = 1_000_000

// benchData returns batches of wide12 and a CSV file of the same rows.
func benchData(b *testing.B) (batches []*record.Batch, tally *record.Tally, csv string) {
	b.Helper()
	csv = filepath.Join(b.TempDir(), "rows.csv")
	file, err := os.Create(csv)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	tally = record.NewTally(wide12)
	builder := record.NewBuilder(0, wide12, nil)
	for i := range benchRows {
		benchRow(builder, out, i)
		if i%10_000 == 9_999 {
			batch, _ := builder.Take()
			tally.Add(&batch)
			batches = append(batches, &batch)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return batches, tally, csv
}

func benchRow(builder *record.Builder, out *bufio.Writer, i int) {
	at := day.Add(time.Duration(i) * 83 * time.Millisecond)
	referrer := "https://www.example.com/path/" + strconv.Itoa(i%5000)
	cells := []string{
		strconv.Itoa(4_000_000_000 + i), at.Format(time.RFC3339Nano), at.Format(time.DateOnly),
		strconv.Itoa(i % 97), strconv.Itoa(i % 10_007), strconv.Itoa(i % 3),
		"campaign " + strconv.Itoa(i%400), "some keyword " + strconv.Itoa(i%30_000), referrer,
		fmt.Sprintf("%d.%04d", i%900, i%10_000), fmt.Sprintf("%d.%04d", i%90_000, i*7%10_000), strconv.FormatBool(i%2 == 0),
	}
	for c, cell := range cells {
		if c > 0 {
			_ = out.WriteByte(',') // reported by Flush
		}
		if c == 8 && i%3 == 0 {
			builder.Null()
			continue
		}
		builder.Raw([]byte(cell))
		_, _ = out.WriteString(cell) // reported by Flush
	}
	_ = out.WriteByte('\n') // reported by Flush
	builder.EndRow(func() []byte { return nil })
}

// BenchmarkCopy compares a load through the sink with psql's \copy of the same
// rows as CSV, on one server with the settings of production.
func BenchmarkCopy(b *testing.B) {
	srv := pgtest.New(b, pgtest.Durable())
	dsn := srv.Database(b)
	batches, tally, csv := benchData(b)
	sink, db := open(b, config(dsn)), connect(b, dsn)
	load := func(b *testing.B) {
		l := loadOf(wide12)
		l.Tables[0].Tally = tally
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
	load(b) // makes the tables
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
	measure("sink", "TRUNCATE marketing.facts", load)
	measure("psql", "TRUNCATE marketing.plain", copyCSV)
	measure("sink/replace", "", load)
	execute(b, db, "DROP INDEX marketing.facts__slice_idx")
	measure("sink/no index", "TRUNCATE marketing.facts", load)
	execute(b, db, "TRUNCATE marketing.facts", "CREATE INDEX ON marketing.facts USING brin (_slice)")
	measure("sink/brin", "TRUNCATE marketing.facts", load)
}
