package main

import (
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"exporter/sandbox"
	"exporter/sandbox/owapro"
	"exporter/sinks/postgres/pgtest"
)

// formats are vendors that answer the same report in other ways.
var formats = map[string]owapro.CSV{
	"windows": {Dialect: owapro.Dialect{Encoding: owapro.EncodingWindows, Decimal: ",", Thousands: ".", Percent: " %", Currency: owapro.CurrencyAfter, Quote: owapro.QuoteAll}},
	"comma":   {Dialect: owapro.Dialect{Delimiter: ",", Encoding: owapro.EncodingBOM, Thousands: ",", Percent: "%", Currency: owapro.CurrencyBefore, Header: owapro.HeaderDisplay, Summary: owapro.SummaryLast}},
	"tab":     {Dialect: owapro.Dialect{Delimiter: "\t", Newline: owapro.NewlineLF, Decimal: ",", Thousands: "'", Labels: owapro.LabelsIDs}},
	"json":    {Answer: owapro.AnswerRefuse},
}

// One report in three dialects of CSV and as JSON, its slices in random order and
// four at once, from one extraction into two sinks, is one table: its rows and the
// types of its columns.
func TestEveryFormatIsTheSameTable(t *testing.T) {
	t.Parallel()
	var config strings.Builder
	config.WriteString("[exporter]\ntimezone = \"Europe/Berlin\"\n[sinks.local]\ndriver = \"sqlite\"\npath = \"all.db\"\n" +
		"[sinks.warehouse]\ndriver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"public\"\n")
	names := slices.Sorted(maps.Keys(formats))
	for _, name := range names {
		vendor, err := sandbox.New(sandbox.Config{Seed: 7, OWAPro: owapro.Config{
			OAuth: owapro.OAuth{Clients: []owapro.Client{{RefreshToken: "first"}}}, CSV: formats[name],
			Data: owapro.Data{
				FirstDay: "2026-03-01", Days: 12, Now: "2026-11-22T12:00:00Z", NullEach: 7,
				Customers: []owapro.Customer{{ID: 4711, Name: "Gartenmöbel Süd", Tricky: true, Trackgroups: 40}, {ID: 4712, Name: "Zelte", Trackgroups: 12}},
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(vendor.Handler())
		t.Cleanup(server.Close)
		fmt.Fprintf(&config, `
[sources.%[1]s]
driver = "owapro"
base_url = "%[2]s"
account_url = "%[2]s"
client_id = "client"
client_secret = "secret"
refresh_token = "first"
timezone = "Europe/Berlin"
limits = ["100000/1s"]
concurrency = 4
[jobs.%[1]s]
source = "%[1]s"
stream = "report"
sinks = ["warehouse", "local"]
schedule = "@daily"
start = "2026-03-01"
[jobs.%[1]s.options]
configid = 1
dimensions = ["date", "customer_trackgroup", "acc_channel", "tag", "customer"]
metrics = ["click_count_pub", "ctr", "cpc", "sale_count", "sale_amount", "cost_income"]
page_size = 23
decimals = 2
`, name, server.URL)
	}
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	p := newProgram(t, config.String(), "DSN="+dsn)
	for _, name := range names {
		order := rand.New(rand.NewPCG(7, uint64(len(name)))).Perm(3)
		for _, i := range order {
			p.run(t, "run", name, "--from", fmt.Sprintf("2026-03-%02d", 1+4*i), "--to", fmt.Sprintf("2026-03-%02d", 5+4*i))
		}
	}
	for driver, where := range map[string]string{"pgx": dsn, "sqlite": filepath.Join(p.dir, "all.db")} {
		t.Run(driver, func(t *testing.T) {
			db := openDatabase(t, driver, where)
			types := columnTypes(t, db, driver, "json")
			var columns []string
			for _, c := range strings.Split(types, "\n") {
				if name, _, _ := strings.Cut(c, " "); !strings.HasPrefix(name, "_") {
					columns = append(columns, name)
				}
			}
			list := strings.Join(columns, ", ")
			for _, a := range names {
				var mine, want int
				query(t, db, "select count(*), (select count(*) from json) from "+a, &mine, &want)
				if mine != want || mine < 500 {
					t.Errorf("%s has %d rows, json %d", a, mine, want)
				}
				if got := columnTypes(t, db, driver, a); got != types {
					t.Errorf("%s has the columns\n%s\njson has\n%s", a, got, types)
				}
				for _, pair := range [][2]string{{a, "json"}, {"json", a}} {
					var differ int
					query(t, db, fmt.Sprintf("select count(*) from (select %s from %s except select %s from %s) as d", list, pair[0], list, pair[1]), &differ)
					if differ > 0 {
						t.Errorf("%d rows of %s are not in %s", differ, pair[0], pair[1])
					}
				}
			}
		})
	}
}

func openDatabase(t *testing.T, driver, where string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// columnTypes returns a table's columns, each with its type and comparable between tables.
func columnTypes(t *testing.T, db *sql.DB, driver, table string) string {
	t.Helper()
	ask := "select column_name || ' ' || data_type from information_schema.columns where table_schema = 'public' and table_name = '" + table + "' order by ordinal_position"
	if driver == "sqlite" {
		ask = "select name || ' ' || type || ' ' || \"notnull\" from pragma_table_info('" + table + "') order by cid"
	}
	rows, err := db.QueryContext(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d columns of %s, error %v", len(all), table, err)
	}
	return strings.Join(all, "\n")
}

func query(t *testing.T, db *sql.DB, ask string, into ...any) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), ask).Scan(into...); err != nil {
		t.Fatalf("%s: %v", ask, err)
	}
}
