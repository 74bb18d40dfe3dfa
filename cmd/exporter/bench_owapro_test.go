package main

import (
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/owapro"
	"exporter/sinks/postgres/pgtest"
)

const owaproToken = "the first refresh token"

// owaproTOML is a report of 12 columns, read in pages of 50,000 rows.
const owaproTOML = `[exporter]
timezone = "Europe/Berlin"

[sources.hurra]
driver = "owapro"
base_url = "${SANDBOX}"
account_url = "${SANDBOX}"
client_id = "client"
client_secret = "secret"
refresh_token = "${REFRESH_TOKEN}"
timezone = "Europe/Berlin"
limits = ["1000/1s"]
concurrency = 2

[sinks.warehouse]
%s

[jobs.channels]
source = "hurra"
stream = "report"
sinks = ["warehouse"]
schedule = "15 4 * * *"
interval = "1mo"
[jobs.channels.options]
configid = 1
dimensions = ["date", "customer_trackgroup"]
metrics = [%s]
format = "csv"
page_size = 50000
`

// BenchmarkMillionOWAPro loads a million rows of a report in one slice, from the
// vendor's CSV to the committed table, with exporter as a process of its own. In
// the same run psql \copy or the .import of the sqlite3 shell loads the same rows
// from a CSV file.
//
// The slice is a month of 25 days of 40,000 channels, because the simulated vendor
// has no more of them in a day. It runs in this process, so its share of the
// processors is in exporter's time and not in that of the others.
func BenchmarkMillionOWAPro(b *testing.B) {
	const channels, days = 40_000, 25
	metrics := "view_count_pub click_count_pub ctr cpc sale_count sale_amount cost_income roas"
	vendor, url := serveVendor(b, sandbox.Config{Seed: 7, OWAPro: owapro.Config{
		OAuth: owapro.OAuth{Clients: []owapro.Client{{RefreshToken: owaproToken}}},
		Data: owapro.Data{
			FirstDay: "2026-10-01", Days: days, Now: today.Format(time.RFC3339), Absent: -1,
			Customers: []owapro.Customer{{ID: 4711, Trackgroups: channels, Idle: -1}},
		},
		Answers: owapro.Answers{Gzip: owapro.GzipOff},
		CSV:     owapro.CSV{Dialect: owapro.Dialect{Labels: owapro.LabelsBoth}},
	}}, func(h http.Handler) http.Handler { return h })
	query, rows, want := truth(b, vendor.OWAPro(), strings.Fields(metrics))
	process := func(b *testing.B, sink, dsn string) process {
		return newProgram(b, fmt.Sprintf(owaproTOML, sink, strings.ReplaceAll(strings.Trim(fieldList(metrics), "[]"), `" "`, `", "`)),
			"SANDBOX="+url, "REFRESH_TOKEN="+owaproToken, "DSN="+dsn)
	}
	run := []string{"run", "channels", "--from", "2026-10-01", "--to", "2026-11-01"}
	b.Run("postgres", func(b *testing.B) {
		srv := pgtest.New(b, pgtest.Durable())
		dsn := srv.Database(b)
		p := process(b, "driver = \"postgres\"\ndsn = \"${DSN}\"\nschema = \"marketing\"", dsn)
		compare(b, p, psql{srv, dsn, []string{"marketing.channels"}}, rows, fmt.Sprintf(query, "marketing."), want, run...)
	})
	b.Run("sqlite", func(b *testing.B) {
		p := process(b, "driver = \"sqlite\"\npath = \"data.db\"", "")
		compare(b, p, shell{filepath.Join(p.dir, "data.db"), "channels"}, rows, fmt.Sprintf(query, ""), want, run...)
	})
}

// truth returns a question about the table, whose schema is left open, and what the
// vendor would answer: how many rows there are, and the cents of an amount.
func truth(b *testing.B, vendor *owapro.Server, metrics []string) (query string, rows int, want string) {
	b.Helper()
	q := owapro.Query{Dimensions: []string{"date", "customer_trackgroup"}, Metrics: metrics}
	rows, err := vendor.Count(q)
	if err != nil {
		b.Fatal(err)
	}
	sums, err := vendor.Sums(q)
	if err != nil {
		b.Fatal(err)
	}
	amount, err := strconv.ParseFloat(sums["sale_amount"], 64)
	if err != nil || amount == 0 {
		b.Fatalf("the vendor's sale_amount is %q: %v", sums["sale_amount"], err)
	}
	// Cents, because SQLite adds up amounts as floating point.
	return "select count(*), sum(cast(round(sale_amount * 100) as bigint)) from %schannels", rows, fmt.Sprintf("%d|%.0f", rows, math.Round(amount*100))
}
