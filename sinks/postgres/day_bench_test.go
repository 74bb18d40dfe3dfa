package postgres_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"exporter/record"
	"exporter/sinks/postgres/pgtest"
)

// perDay is the number of rows of one slice.
const perDay = 10_000

// BenchmarkReplaceOneDay replaces one day of 10,000 rows in tables of many days: what
// it costs depends on the day or on the table, which is for the index on _slice to
// say. The table has seen 40 nights that replaced ten of its newest days each, with
// VACUUM after every night.
func BenchmarkReplaceOneDay(b *testing.B) {
	const columns = "id bigint, day date, name text, amount numeric, _slice bigint NOT NULL, _loaded_at timestamptz NOT NULL"
	plain := []string{"CREATE TABLE marketing.facts (" + columns + ")"}
	for _, size := range []int{5_000_000, 20_000_000} {
		days := size / perDay
		months := []string{"CREATE TABLE marketing.facts (" + columns + ") PARTITION BY RANGE (day)"}
		for m := 0; m*30 < days; m++ {
			months = append(months, fmt.Sprintf("CREATE TABLE marketing.facts_%d PARTITION OF marketing.facts FOR VALUES FROM (DATE '2020-01-01' + %d) TO (DATE '2020-01-01' + %d)", m, m*30, m*30+30))
		}
		for _, table := range []struct {
			name  string
			make  []string
			index string
		}{
			{"btree", plain, "CREATE INDEX ON marketing.facts (_slice)"},
			{"brin", plain, "CREATE INDEX ON marketing.facts USING brin (_slice)"},
			{"months, btree", months, "CREATE INDEX ON marketing.facts (_slice)"},
			{"months, brin", months, "CREATE INDEX ON marketing.facts USING brin (_slice)"},
			{"months, no index", months, ""},
		} {
			b.Run(strconv.Itoa(size/1_000_000)+"M/"+table.name, func(b *testing.B) {
				srv := pgtest.New(b, pgtest.Durable())
				dsn := srv.Database(b)
				sink, db := open(b, config(dsn)), connect(b, dsn)
				shape, rows := oneDay(days - 5)
				execute(b, db, "CREATE SCHEMA marketing")
				execute(b, db, table.make...)
				// The slice has a number between those of its neighbours.
				bringShape(b, sink, shape, rows)
				execute(b, db, "TRUNCATE marketing.facts", "TRUNCATE exporter.slices",
					fmt.Sprintf("ALTER TABLE exporter.slices ALTER COLUMN _slice RESTART WITH %d", 100+days-5))
				fill := func(first, last int) string {
					return fmt.Sprintf(`INSERT INTO marketing.facts SELECT n, DATE '2020-01-01' + d, 'campaign ' || n %% 400, n / 8.0, 100 + d, now()
						FROM generate_series(%d, %d) d, generate_series(1, %d) n WHERE d <> %d`, first, last, perDay, days-5)
				}
				execute(b, db, fill(0, days-1))
				if table.index != "" {
					execute(b, db, table.index)
				}
				bringShape(b, sink, shape, rows)
				execute(b, db, "VACUUM ANALYZE marketing.facts")
				nights := 40
				if table.index == "" {
					nights = 0 // the figure is known after one load, and every night would take minutes
				}
				for night := range nights {
					for i := range 10 {
						d := days - 1 - (night*7+i*13)%60
						if d != days-5 {
							execute(b, db, fmt.Sprintf("BEGIN; DELETE FROM marketing.facts WHERE _slice = %d; %s; COMMIT", 100+d, fill(d, d)))
						}
					}
					bringShape(b, sink, shape, rows)
					execute(b, db, "VACUUM marketing.facts")
				}
				execute(b, db, "CHECKPOINT")
				looked := pages(b, db)
				for b.Loop() {
					bringShape(b, sink, shape, rows)
				}
				b.ReportMetric(looked, "pages/delete") // after the loop, which forgets what was reported before
			})
		}
	}
}

// pages returns how many pages a DELETE of the slice that is ours looks at.
func pages(b *testing.B, db *pgx.Conn) float64 {
	b.Helper()
	slice := ask(b, db, "SELECT max(_slice) FROM exporter.slices")
	execute(b, db, "BEGIN")
	var plan []struct {
		Plan struct {
			Hit  float64 `json:"Shared Hit Blocks"`
			Read float64 `json:"Shared Read Blocks"`
		}
	}
	if err := db.QueryRow(b.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT ctid FROM marketing.facts WHERE _slice = "+slice).Scan(&plan); err != nil {
		b.Fatal(err)
	}
	execute(b, db, "ROLLBACK")
	return plan[0].Plan.Hit + plan[0].Plan.Read
}

// oneDay returns the rows of a day.
func oneDay(day int) (record.Table, *record.Batch) {
	shape := record.Table{Columns: []record.Column{
		{Name: "id", Type: record.Integer}, {Name: "day", Type: record.Date}, {Name: "name", Type: record.Text}, {Name: "amount", Type: record.Numeric},
	}}
	b := record.NewBuilder(0, shape, nil)
	for i := range perDay {
		b.Integer(int64(i))
		b.Days(int32(18262 + day)) // 2020-01-01
		b.Text([]byte("campaign " + strconv.Itoa(i%400)))
		b.Raw([]byte(strconv.Itoa(i) + ".125"))
		b.EndRow(nil)
	}
	rows, _ := b.Take()
	return shape, &rows
}
