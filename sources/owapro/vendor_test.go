package owapro_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/ratelimit"
	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
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
	faults   *faults.Set
	url      string
	requests atomic.Int64

	mu    sync.Mutex
	front http.HandlerFunc // answers instead of the vendor while it is set
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
	set, err := faults.NewSet(1)
	if err != nil {
		tb.Fatal(err)
	}
	server, err := sandbox.New(1, cfg, meter.New(), set)
	if err != nil {
		tb.Fatal(err)
	}
	v := &vendor{Server: server, faults: set}
	ts := httptest.NewServer(v)
	tb.Cleanup(ts.Close)
	v.url = ts.URL
	return v
}

// ServeHTTP counts requests.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.requests.Add(1)
	v.mu.Lock()
	front := v.front
	v.mu.Unlock()
	if front != nil {
		front(w, r)
		return
	}
	v.Handler().ServeHTTP(w, r)
}

func (v *vendor) setFront(h http.HandlerFunc) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.front = h
}

func newConfig() *owapro.Config {
	return owapro.Driver().Config().(*owapro.Config)
}

func (v *vendor) config() *owapro.Config {
	c := newConfig()
	c.BaseURL, c.AccountURL = v.url, v.url
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
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
	return openUnchecked(tb, c, o, d)
}

func openUnchecked(tb testing.TB, c *owapro.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	limiter, err := ratelimit.New(context.Background(), c.Credential().Name, ratelimit.Limits{Concurrency: 1}, ratelimit.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	d.Name, d.Limiter = "hurra", limiter
	s, err := owapro.Driver().Open(d, c, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// notes is a sources.Memory.
type notes struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (n *notes) Recall(_ context.Context, key string) ([]byte, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.kept[key]
	return v, ok, nil
}

func (n *notes) Remember(_ context.Context, key string, value []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kept == nil {
		n.kept = map[string][]byte{}
	}
	n.kept[key] = value
	return nil
}

// every is a memory that knows one definition under every name.
type every struct {
	*notes
	definition string
}

func (e every) Recall(context.Context, string) ([]byte, bool, error) {
	return []byte(e.definition), true, nil
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// day returns the interval of a day and those after it.
func day(tb testing.TB, date string, n int) sources.Interval {
	tb.Helper()
	start := must[time.Time](tb)(time.Parse(time.DateOnly, date))
	return sources.Interval{Start: start, End: start.AddDate(0, 0, n)}
}
