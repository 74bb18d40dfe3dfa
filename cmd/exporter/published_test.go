package main

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/ratelimit"
	"exporter/record"
	"exporter/settings"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sqlite"
	"exporter/sources"
	"exporter/sources/owapro"
)

// The blocks of the answer that the vendor has published become tables of both
// databases, with the vendor's sums. It is read without the rules for jobs: the
// second block has no date, which a job could not load day by day.
func TestPublishedBlocksInDatabases(t *testing.T) {
	samples := os.Getenv("EXPORTER_VENDOR_SAMPLES")
	if samples == "" {
		return // README names the variable; the test command sets it
	}
	published, err := os.ReadFile(filepath.Join(samples, "owapro", "generate_report_response.json"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := published
		if r.Method != http.MethodPost {
			answer = []byte(`{"status": 1, "data": []}`)
		}
		if _, err := w.Write(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	dsn := pgtest.Start(t).Database(t)
	path := filepath.Join(t.TempDir(), "published.db")
	for _, to := range []struct {
		database, where string
		driver          sinks.Driver
		config          sinks.Config
		types           map[string]string
	}{
		{"pgx", dsn, postgres.Driver(), postgresConfig(t, dsn), map[string]string{"days": `customer_id text
date date
click_count_pub bigint
sale_count bigint
_slice bigint
_loaded_at timestamp with time zone`, "groups": `customer_id text
customer_trackgroup text
customer_trackgroup_id text
uu_count bigint
ctr numeric
sale_count bigint
sale_amount numeric
assist_sale_amount numeric
_slice bigint
_loaded_at timestamp with time zone`}},
		{"sqlite", path, sqlite.Driver(), &sqlite.Config{Path: path}, map[string]string{"days": `customer_id TEXT 0
date DATE 0
click_count_pub INTEGER 0
sale_count INTEGER 0
_slice INTEGER 1
_loaded_at TIMESTAMP 1`, "groups": `customer_id TEXT 0
customer_trackgroup TEXT 0
customer_trackgroup_id TEXT 0
uu_count INTEGER 0
ctr DECIMAL REAL 0
sale_count INTEGER 0
sale_amount DECIMAL REAL 0
assist_sale_amount DECIMAL REAL 0
_slice INTEGER 1
_loaded_at TIMESTAMP 1`}},
	} {
		t.Run(to.database, func(t *testing.T) {
			loadPublished(t, server.URL, to.driver, to.config)
			db := openDatabase(t, to.database, to.where)
			for table, want := range to.types {
				if diff := cmp.Diff(want, columnTypes(t, db, to.database, table)); diff != "" {
					t.Errorf("columns of %s (-want +got):\n%s", table, diff)
				}
			}
			var days, channels, daySales, sales int
			var amount, assisted float64
			query(t, db, "select count(*), sum(sale_count) from days where date between '2018-04-13' and '2018-04-19'", &days, &daySales)
			query(t, db, "select count(*), sum(sale_count), sum(sale_amount), sum(assist_sale_amount) from groups", &channels, &sales, &amount, &assisted)
			if days != 7 || channels != 14 || daySales != 185 || sales != 185 {
				t.Errorf("%d days with %d sales, %d channels with %d", days, daySales, channels, sales)
			}
			if math.Abs(amount-104082.489631653) > 1e-6 || math.Abs(assisted-19363.79) > 1e-6 {
				t.Errorf("amounts add up to %v and %v", amount, assisted)
			}
			var label string
			var one float64
			query(t, db, "select customer_trackgroup, sale_amount from groups where customer_trackgroup_id = '27692'", &label, &one)
			if label != "PLA mobile" || one != 691.580001831055 {
				t.Errorf("channel 27692 is %q with %v", label, one)
			}
		})
	}
}

func postgresConfig(t *testing.T, dsn string) sinks.Config {
	t.Helper()
	c, ok := postgres.Driver().Config().(*postgres.Config)
	if !ok {
		t.Fatal("the driver has other settings")
	}
	c.DSN, c.Schema = settings.Secret(dsn), "public"
	return c
}

// loadPublished reads the published answer twice, for its counts and for its rows.
func loadPublished(t *testing.T, url string, driver sinks.Driver, config sinks.Config) {
	t.Helper()
	ctx := t.Context()
	account, ok := owapro.Driver().Config().(*owapro.Config)
	if !ok {
		t.Fatal("the driver has other settings")
	}
	account.BaseURL, account.HASID = url, "session-cookie"
	limiter, err := ratelimit.New(ctx, "published", ratelimit.Limits{Concurrency: 1}, ratelimit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := owapro.Driver().Open(sources.Deps{Name: "hurra", Limiter: limiter}, account, &owapro.Options{
		ConfigID: 1, Customers: []string{"4445"}, Blocks: map[string]owapro.Block{
			"groups": {Dimensions: []string{"customer_trackgroup"}, Metrics: []string{"uu_count", "ctr", "sale_count", "sale_amount", "assist_sale_amount"}},
			"days":   {Dimensions: []string{"date"}, Metrics: []string{"click_count_pub", "sale_count"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	streams, err := source.Streams(ctx)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2018, 4, 13, 0, 0, 0, 0, time.UTC)
	request := sources.Request{Stream: streams[0], Part: "4445", Interval: sources.Interval{Start: start, End: start.AddDate(0, 0, 7)}, Zone: time.UTC}
	load := sinks.Load{
		Slice: sinks.Slice{Job: "published", Part: "4445", Start: start, End: start.AddDate(0, 0, 7)},
		Run:   "run", LoadID: "load", Mode: sinks.Replace, Definition: "published", Announced: sources.Unknown,
	}
	for _, shape := range request.Stream.Tables {
		load.Tables = append(load.Tables, sinks.Table{Name: strings.TrimPrefix(shape.Name, "_"), Shape: shape, Tally: record.NewTally(shape)})
	}
	each := func(do func(b *record.Batch)) {
		for page, err := range source.Read(ctx, request) {
			if err != nil {
				t.Fatal(err)
			}
			for row := range page.Rejects.Rows() {
				raw, _ := page.Rejects.Cell(row, 0)
				t.Errorf("rejected: %s", raw)
			}
			do(&page.Batch)
		}
	}
	each(func(b *record.Batch) {
		load.Tables[b.Table].Tally.Add(b)
		load.Read += int64(b.Rows())
	})
	sink, err := driver.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	}()
	writer, err := sink.Begin(ctx, load)
	if err != nil {
		t.Fatal(err)
	}
	each(func(b *record.Batch) {
		if err := writer.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := writer.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}
