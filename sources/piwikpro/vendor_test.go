package piwikpro_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
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
	*sourcetest.Vendor
	faults *faults.Set
}

func newVendor(tb testing.TB, cfg sandbox.Config) *vendor {
	tb.Helper()
	if cfg.Data.Days == 0 {
		cfg.Data.FirstDay, cfg.Data.Days = "2026-03-01", 40
	}
	cfg.Auth.Clients = []sandbox.Client{{ID: "client", Secret: clientSecret}}
	set := sourcetest.Must[*faults.Set](tb)(faults.NewSet(1))
	server := sourcetest.Must[*sandbox.Server](tb)(sandbox.New(1, cfg, meter.New(), set))
	return &vendor{Server: server, Vendor: sourcetest.NewVendor(tb, server.Handler()), faults: set}
}

func newConfig() *piwikpro.Config {
	return piwikpro.Driver().Config().(*piwikpro.Config)
}

func (v *vendor) config() *piwikpro.Config {
	c := newConfig()
	c.BaseURL, c.ClientID, c.ClientSecret = v.URL, "client", clientSecret
	return c
}

// open returns a source whose limiter allows one request in flight and any number in time.
func open(tb testing.TB, c *piwikpro.Config, o sources.Options, d sources.Deps) sources.Source {
	tb.Helper()
	sourcetest.Valid(tb, c, o)
	return sourcetest.Must[sources.Source](tb)(piwikpro.Driver().Open(deps(tb, c, d), c, o))
}

func deps(tb testing.TB, c *piwikpro.Config, d sources.Deps) sources.Deps {
	tb.Helper()
	d.Name = "piwik"
	d.Limiter = sourcetest.Limiter(tb, c)
	return d
}

var zones sync.Map

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc := sourcetest.Must[*time.Location](tb)(time.LoadLocation(name))
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
		return first(sourcetest.Must[time.Time](tb)(time.ParseInLocation(layout, text, zone(tb, in))))
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
	list := sourcetest.Must[[]sources.Stream](tb)(s.Streams(tb.Context()))
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
