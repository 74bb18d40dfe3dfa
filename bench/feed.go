package main

import (
	"fmt"
	"strings"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/owapro"
)

// The rows lie in the days of a month without a change of the clock, in the past.
const (
	firstDay = "2025-05-01"
	days     = 25
)

func dayAt(n int) string {
	first, err := time.Parse(time.DateOnly, firstDay)
	if err != nil {
		panic(err) // a constant
	}
	return first.AddDate(0, 0, n).Format(time.DateOnly)
}

// feed is a vendor and a report of twelve columns.
type feed struct {
	name    string
	pages   string // how it is read, for the report
	sandbox func(rows int) *sandbox.Config
	query   *owapro.Query // what the rows are that are there; nil: those of HasOffers
	source  string        // its part of jobs.toml
	stream  string
	options string
	// restated makes the vendor change a hundredth of the rows of a day (HasOffers),
	// or most of them (OWAPro): a request to the sandbox.
	restated func(day string, rows int) (path, body string)
	rowwise  bool // restated changes a hundredth
}

var feeds = []feed{owaproFeed(), hasOffersFeed()}

const later = "2025-06-20T12:00:00Z" // when it is for the vendors, though not for exporter

func owaproFeed() feed {
	metrics := strings.Fields("click_count_pub ctr sale_count sale_amount assist_sale_count keywords first_sale")
	const report = 2 // the one with metrics of all formats
	return feed{
		name: "owapro", pages: "CSV, 50,000 rows a page, 2 requests at once",
		query: &owapro.Query{Report: report, Dimensions: []string{"date", "customer_trackgroup"}, Metrics: metrics},
		sandbox: func(rows int) *sandbox.Config {
			return &sandbox.Config{Seed: 7, OWAPro: owapro.Config{
				OAuth: owapro.OAuth{Clients: []owapro.Client{{RefreshToken: "first"}}},
				Data: owapro.Data{
					FirstDay: firstDay, Days: days, Now: later, Absent: -1, NullEach: 7,
					Customers: []owapro.Customer{{ID: 4711, Trackgroups: rows / days, Idle: -1, Tricky: true}},
				},
				Answers: owapro.Answers{Gzip: owapro.GzipOff},
				CSV:     owapro.CSV{Dialect: owapro.Dialect{Delimiter: ",", Labels: owapro.LabelsBoth}},
			}}
		},
		source: `driver = "owapro"
base_url = "%[1]s"
account_url = "%[1]s"
client_id = "client"
client_secret = "secret"
refresh_token = "first"
timezone = "Europe/Berlin"
limits = ["1000/1s"]
concurrency = 2
`,
		stream: "report",
		options: fmt.Sprintf(`{ configid = %d, dimensions = ["date", "customer_trackgroup"], metrics = ["%s"], format = "csv", page_size = 50000 }`,
			report, strings.Join(metrics, `", "`)),
		restated: func(day string, _ int) (path, body string) {
			return "/_sandbox/owapro/restate", fmt.Sprintf(`{"day": %q}`, day)
		},
	}
}

func hasOffersFeed() feed {
	return feed{
		name: "hasoffers", pages: "JSON, 10,000 rows a page, 2 requests at once",
		sandbox: func(rows int) *sandbox.Config {
			return &sandbox.Config{Seed: 7, HasOffers: hasoffers.Config{
				Networks: []hasoffers.Network{{FirstDay: firstDay, Days: days, RowsPerDay: rows / days, Now: later}},
				Answers:  hasoffers.Answers{Gzip: hasoffers.GzipOff},
			}}
		},
		source: `driver = "hasoffers"
api = "integrator"
base_url = "%[1]s/Apiv3/json"
auth_url = "%[1]s/authorize"
network_id = "demo"
integrator_id = "acme"
client_id = "client"
client_secret = "secret"
timezone = "America/New_York"
limits = ["1000/1s"]
concurrency = 2
`,
		stream: "conversions",
		options: `{ page_size = 10000, fields = ["id", "datetime", "offer_id", "affiliate_id", "payout", "revenue", "status", ` +
			`"source", "affiliate_info5", "is_adjustment"] }`,
		restated: func(day string, rows int) (path, body string) {
			return "/_sandbox/drift", fmt.Sprintf(`{"kind": "restate", "day": %q, "rows": %d}`, day, max(rows/days/100, 1))
		},
		rowwise: true,
	}
}

// layout is how the rows are cut into slices.
type layout struct {
	name     string
	interval string
	to       string // of a run over all rows
	dayTo    string // of a run over one slice
}

var layouts = []layout{
	{name: "days", interval: "1d", to: dayAt(days), dayTo: dayAt(1)},
	{name: "one", interval: "1mo", to: "2025-06-01", dayTo: "2025-06-01"},
}

// jobsTOML is the configuration of a run.
func (f feed) jobsTOML(l layout, url, sink, write string) string {
	return fmt.Sprintf(`[exporter]
timezone = "Europe/Berlin"

[sources.vendor]
%s
[sinks.target]
%s

[jobs.facts]
source = "vendor"
stream = %q
sinks = ["target"]
schedule = "15 4 * * *"
interval = %q
write = %q
options = %s
`, fmt.Sprintf(f.source, url), sink, f.stream, l.interval, write, f.options)
}
