package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/piwikpro"
	"exporter/sinks/postgres/pgtest"
)

// piwikTOML is a job on one site, in pages of 100,000 rows.
const piwikTOML = `[exporter]
timezone = "Europe/Berlin"

[sources.piwik]
driver = "piwikpro"
base_url = "${SANDBOX}"
client_id = "client"
client_secret = "secret"
timezone = "Europe/Berlin"
limits = ["1000/1s"]
classes = { post = [], get = [] }

[sinks.warehouse]
driver = "postgres"
dsn = "${DSN}"
schema = "marketing"

[jobs.piwik]
source = "piwik"
stream = %q
sinks = ["warehouse"]
schedule = "45 4 * * *"
[jobs.piwik.options]
website_id = %q
columns = [%s]
`

// BenchmarkPiwikPRO loads five days of a site, from the vendor's answers to the
// committed table, with exporter as a process of its own. In the same run psql
// \copy loads the same rows from a CSV file.
//
// The vendor is simulated on the same machine and in this process, so its share of
// the processors is in exporter's time and not in \copy's.
func BenchmarkPiwikPRO(b *testing.B) {
	for _, bench := range []struct {
		stream   string
		sessions int // of a day
		columns  string
		sum      string // column whose sum is compared
	}{
		{"sessions", 100_000, `visitor_returning visitor_session_number source medium campaign_name referrer_type session_entry_url session_exit_url
			session_total_time session_total_page_views session_total_events session_total_goal_conversions
			device_type operating_system browser_name location_country_name`, "session_total_time"},
		{"events", 30_000, `event_index event_type event_url event_title page_view_index custom_event_category custom_event_action custom_event_name
			custom_event_value source medium campaign_name goal_uuid revenue`, "event_index"},
		{"query", 100_000, "timestamp.to_date visitor_id source medium device_type location_country_name sessions page_views events", "page_views"},
	} {
		b.Run(bench.stream, func(b *testing.B) {
			vendor, url := serveVendor(b, sandbox.Config{Seed: 7, PiwikPRO: piwikpro.Config{
				Data: piwikpro.Data{
					FirstDay: "2026-11-10", Now: today.Format(time.RFC3339), MetaSites: []piwikpro.MetaSite{},
					Sites: []piwikpro.Site{{Timezone: "Europe/Berlin", Sessions: bench.sessions, Tricky: true}},
				},
				Answers: piwikpro.Answers{Gzip: piwikpro.GzipOff},
			}}, func(h http.Handler) http.Handler { return h })
			columns := strings.Fields(bench.columns)
			rows, sum := piwikTruth(b, vendor.PiwikPRO(), piwikpro.Query{
				Report: bench.stream, From: "2026-11-15", To: "2026-11-20", Columns: piwikpro.Columns(strings.Fields(strings.ReplaceAll(bench.columns, ".", "/"))...),
			}, bench.sum)
			srv := pgtest.New(b, pgtest.Durable())
			dsn := srv.Database(b)
			p := newProgram(b, fmt.Sprintf(piwikTOML, bench.stream, piwikpro.SiteID(0), `"`+strings.Join(columns, `", "`)+`"`), "SANDBOX="+url, "DSN="+dsn)
			vendor.Meter().Reset()
			compare(b, p, psql{srv, dsn, []string{"marketing.piwik"}}, rows, "select count(*), sum("+bench.sum+") from marketing.piwik", fmt.Sprintf("%d|%d", rows, sum),
				"run", "piwik", "--from", "2026-11-15", "--to", "2026-11-20")
			calls := vendor.Meter().Operations()[bench.stream]
			if calls == 0 {
				b.Fatalf("the vendor counted no calls of %s: %v", bench.stream, vendor.Meter().Operations())
			}
			b.ReportMetric(per100k(b, calls, rows), "calls/100k")
			b.ReportMetric(per100k(b, calls, rows)/60, "limit_min/100k") // at 60 a minute
		})
	}
}

// per100k returns how many calls of a run brought 100,000 rows.
func per100k(b *testing.B, calls, rows int) float64 {
	b.Helper()
	return float64(calls) / float64(b.N) * 1e5 / float64(rows)
}

// piwikTruth returns how many rows the vendor has, and the sum of one of their columns.
func piwikTruth(b *testing.B, vendor *piwikpro.Server, q piwikpro.Query, column string) (rows, sum int) {
	b.Helper()
	all, err := vendor.Rows(q)
	if err != nil {
		b.Fatal(err)
	}
	for row := range all {
		rows++
		text, ok := row.Value(column)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	if rows == 0 || sum == 0 {
		b.Fatalf("the vendor has %d rows, whose %s add up to %d", rows, column, sum)
	}
	return rows, sum
}
