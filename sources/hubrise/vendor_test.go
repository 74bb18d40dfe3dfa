package hubrise_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/ratelimit"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sandbox/meter"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/hubrise"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	accountToken  = "account-token"
	locationToken = "location-token"
	clientSecret  = "s3cr3t-of-the-client"

	accountOf = "3r4s3"
	paris     = "3r4s3-1"
)

var secrets = []string{accountToken, locationToken, clientSecret}

// vendor is the simulated vendor behind a real server.
type vendor struct {
	*sandbox.Server
	faults   *faults.Set
	url      string
	requests atomic.Int64

	mu    sync.Mutex
	front http.HandlerFunc // answers instead of the vendor while it is set
}

func newVendor(tb testing.TB, cfg sandbox.Config) *vendor {
	tb.Helper()
	if cfg.Data.FirstDay == "" {
		cfg.Data.FirstDay, cfg.Data.Days, cfg.Data.Now = "2026-03-20", 40, "2026-06-01T12:00:00Z"
	}
	if len(cfg.OAuth.Clients) == 0 {
		cfg.OAuth.Clients = []sandbox.Client{{ID: "client", Secret: clientSecret}}
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

func newConfig() *hubrise.Config { return hubrise.Driver().Config().(*hubrise.Config) }

// with are settings with a token from the configuration.
func (v *vendor) with(token string) *hubrise.Config {
	c := newConfig()
	c.BaseURL, c.AuthURL, c.AccessToken = v.url+"/v1", v.url+"/oauth2/v1", settings.Secret(token)
	return c
}

// app are settings of an app that a person connects.
func (v *vendor) app() *hubrise.Config {
	c := v.with("")
	c.ClientID, c.ClientSecret = "client", clientSecret
	return c
}

// open returns a source whose limiter allows one request in flight and any number in time.
func open(tb testing.TB, c *hubrise.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
	limiter, err := ratelimit.New(context.Background(), c.Credential().Name, ratelimit.Limits{Concurrency: 1}, ratelimit.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	d.Name, d.Limiter = "shop", limiter
	s, err := hubrise.Driver().Open(d, c, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// purse is a token store.
type purse struct {
	mu   sync.Mutex
	kept map[string]httpapi.Token
}

func (p *purse) LoadToken(_ context.Context, key string) (httpapi.Token, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.kept[key]
	return t, ok, nil
}

func (p *purse) SaveToken(_ context.Context, key string, t httpapi.Token) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]httpapi.Token{}
	}
	p.kept[key] = t
	return nil
}

func (p *purse) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	if now, _, _ := p.LoadToken(ctx, key); !now.Same(old) {
		return false, nil
	}
	return true, p.SaveToken(ctx, key, t)
}

func (p *purse) DeleteToken(_ context.Context, key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, key)
	return nil
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

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	return must[*time.Location](tb)(time.LoadLocation(name))
}

// day returns the interval of a day in Paris and those after it.
func day(tb testing.TB, date string, n int) sources.Interval {
	tb.Helper()
	start := must[time.Time](tb)(time.ParseInLocation(time.DateOnly, date, zone(tb, "Europe/Paris")))
	return sources.Interval{Start: start, End: start.AddDate(0, 0, n)}
}

// stream returns a stream of a source by its name.
func stream(tb testing.TB, s sources.Source, name string) sources.Stream {
	tb.Helper()
	for _, one := range must[[]sources.Stream](tb)(s.Streams(tb.Context())) {
		if one.Name == name {
			return one
		}
	}
	tb.Fatalf("there is no stream %s", name)
	return sources.Stream{}
}
