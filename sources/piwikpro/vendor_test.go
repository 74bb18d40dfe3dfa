package piwikpro_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/ratelimit"
	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const clientSecret = "s3cr3t-of-the-client"

var secrets = []string{clientSecret, "Bearer "}

// Places of the sites of the simulated vendor in their list.
const (
	shop      = 0 // UTC, tricky texts
	garden    = 1 // Europe/Berlin
	forbidden = 5
)

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
	if cfg.Data.Days == 0 {
		cfg.Data.FirstDay, cfg.Data.Days = "2026-03-01", 40
	}
	cfg.Auth.Clients = []sandbox.Client{{ID: "client", Secret: clientSecret}}
	set := must[*faults.Set](tb)(faults.NewSet(1))
	v := &vendor{Server: must[*sandbox.Server](tb)(sandbox.New(1, cfg, meter.New(), set)), faults: set}
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

func newConfig() *piwikpro.Config {
	return piwikpro.Driver().Config().(*piwikpro.Config)
}

func (v *vendor) config() *piwikpro.Config {
	c := newConfig()
	c.BaseURL, c.ClientID, c.ClientSecret = v.url, "client", clientSecret
	return c
}

// open returns a source whose limiter allows one request in flight and any number in time.
func open(tb testing.TB, c *piwikpro.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
	return must[sources.Source](tb)(piwikpro.Driver().Open(deps(tb, c, d), c, o))
}

func deps(tb testing.TB, c *piwikpro.Config, d sources.Deps) sources.Deps {
	tb.Helper()
	d.Name = "piwik"
	d.Limiter = must[*ratelimit.Limiter](tb)(ratelimit.New(context.Background(), c.Credential().Name, ratelimit.Limits{Concurrency: 1}, ratelimit.Options{}))
	return d
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

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

var zones sync.Map

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc := must[*time.Location](tb)(time.LoadLocation(name))
	zones.Store(name, loc)
	return loc
}

// between returns an interval between two readings of a clock.
func between(tb testing.TB, from, to, in string) sources.Interval {
	tb.Helper()
	parse := func(text string) time.Time {
		layout := time.DateOnly
		if len(text) > len(layout) {
			layout = time.DateTime
		}
		return first(must[time.Time](tb)(time.ParseInLocation(layout, text, zone(tb, in))))
	}
	return sources.Interval{Start: parse(from), End: parse(to)}
}

// first returns the earlier instant at which a clock shows what it shows at at.
func first(at time.Time) time.Time {
	if before := at.Add(-time.Hour); before.Format(time.DateTime) == at.Format(time.DateTime) {
		return before
	}
	return at
}

// stream returns the only stream of a source.
func stream(tb testing.TB, s sources.Source) sources.Stream {
	tb.Helper()
	list := must[[]sources.Stream](tb)(s.Streams(tb.Context()))
	if len(list) != 1 {
		tb.Fatalf("got %d streams, want 1", len(list))
	}
	return list[0]
}

// shift is a vendor where, after some answers, a row before all others goes and one
// behind them comes: the count stays.
type shift struct {
	vendor *vendor
	after  int
	served int
}

func (s *shift) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/sessions/") {
		if s.served++; s.served > s.after {
			var asked map[string]any
			if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
				panic(err)
			}
			asked["offset"] = asked["offset"].(float64) + 1
			body, err := json.Marshal(asked)
			if err != nil {
				panic(err)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
	}
	s.vendor.Handler().ServeHTTP(w, r)
}

// sleep lets seconds of a bubble pass.
func sleep(t *testing.T, seconds int) {
	t.Helper()
	timer := time.NewTimer(time.Duration(seconds) * time.Second)
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}
