package owapro_test

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

const (
	refreshToken = "first-refresh-token"
	clientSecret = "s3cr3t-of-the-client"
)

var secrets = []string{refreshToken, clientSecret, "access-", "refresh-"}

// vendor is the simulated vendor behind a real server.
type vendor struct {
	*sandbox.Server
	*sourcetest.Vendor
	faults *faults.Set
}

// small is data of a few weeks of two customers.
func small() sandbox.Data {
	return sandbox.Data{FirstDay: "2026-03-01", Days: 30, Now: "2026-06-01T12:00:00Z"}
}

func newVendor(tb testing.TB, cfg sandbox.Config) *vendor {
	tb.Helper()
	if cfg.Data.Days == 0 {
		data := small()
		data.Customers, data.Reports, data.NullEach = cfg.Data.Customers, cfg.Data.Reports, cfg.Data.NullEach
		cfg.Data = data
	}
	if len(cfg.OAuth.Clients) == 0 {
		cfg.OAuth.Clients = []sandbox.Client{{ID: "client", Secret: clientSecret, RefreshToken: refreshToken}}
	}
	set := sourcetest.Must[*faults.Set](tb)(faults.NewSet(1))
	server := sourcetest.Must[*sandbox.Server](tb)(sandbox.New(1, cfg, meter.New(), set))
	return &vendor{Server: server, Vendor: sourcetest.NewVendor(tb, server.Handler()), faults: set}
}

func newConfig() *owapro.Config {
	return owapro.Driver().Config().(*owapro.Config)
}

func (v *vendor) config() *owapro.Config {
	c := newConfig()
	c.BaseURL, c.AccountURL = v.URL, v.URL
	c.ClientID, c.ClientSecret, c.RefreshToken = "client", clientSecret, refreshToken
	return c
}

// channels are valid options for the vendor's first report.
func channels() *owapro.Options {
	return &owapro.Options{
		ConfigID: 1, Dimensions: []string{"date", "customer_trackgroup", "acc_channel", "tag"},
		Metrics: []string{"view_count_pub", "click_count_pub", "ctr", "cpc", "sale_count", "sale_amount", "assist_sale_amount", "cost_income"},
	}
}

// open returns a source whose limiter allows one request in flight and any number in time.
func open(tb testing.TB, c *owapro.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	sourcetest.Valid(tb, c, o)
	return openUnchecked(tb, c, o, d)
}

func openUnchecked(tb testing.TB, c *owapro.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	limiter := sourcetest.Limiter(tb, c)
	d.Name, d.Limiter = "hurra", limiter
	s, err := owapro.Driver().Open(d, c, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// every is a memory that knows one definition under every name.
type every struct {
	*sourcetest.Memory
	definition string
}

func (e every) Recall(context.Context, string) ([]byte, bool, error) {
	return []byte(e.definition), true, nil
}

// day returns the interval of a day and those after it.
func day(tb testing.TB, date string, n int) sources.Interval {
	tb.Helper()
	start := sourcetest.Must[time.Time](tb)(time.Parse(time.DateOnly, date))
	return sources.Interval{Start: start, End: start.AddDate(0, 0, n)}
}
