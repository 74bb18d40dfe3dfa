package hasoffers_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/hasoffers"
	"exporter/sandbox/meter"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const newYork = "America/New_York"

// vendor is the simulated vendor behind a real server.
type vendor struct {
	*sandbox.Server
	*sourcetest.Vendor
	faults *faults.Set
}

func newVendor(tb testing.TB, cfg sandbox.Config) *vendor {
	tb.Helper()
	if len(cfg.Networks) == 0 {
		cfg.Networks = []sandbox.Network{{FirstDay: "2026-03-01", Days: 30, RowsPerDay: 200, Now: "2026-06-01T12:00:00Z"}}
	}
	if len(cfg.Integrators) == 0 {
		cfg.Integrators = []sandbox.Integrator{{ClientSecret: clientSecret}}
	}
	set := sourcetest.Must[*faults.Set](tb)(faults.NewSet(1))
	server := sourcetest.Must[*sandbox.Server](tb)(sandbox.New(1, cfg, meter.New(), set))
	return &vendor{Server: server, Vendor: sourcetest.NewVendor(tb, server.Handler()), faults: set}
}

// integrator returns valid settings for the Integrator API of the vendor.
func (v *vendor) integrator() *hasoffers.Config {
	c := newConfig()
	c.BaseURL, c.AuthURL = v.URL+"/Apiv3/json", v.URL+"/authorize"
	c.NetworkID, c.IntegratorID, c.ClientID, c.ClientSecret = "demo", "acme", "client", clientSecret
	c.Timezone = newYork
	return c
}

// network returns valid settings for the Network API of the vendor.
func (v *vendor) network() *hasoffers.Config {
	c := newConfig()
	c.API, c.BaseURL = "network", v.URL+"/Apiv3/json"
	c.NetworkID, c.NetworkToken, c.Timezone = "demo", "NETdemo", newYork
	return c
}

func newConfig() *hasoffers.Config {
	return hasoffers.Driver().Config().(*hasoffers.Config)
}

// open returns a source whose limiter allows one request in flight and any number in time.
func open(tb testing.TB, c *hasoffers.Config, o *hasoffers.Options, log *slog.Logger) sources.Source {
	tb.Helper()
	sourcetest.Valid(tb, c, o)
	s, err := hasoffers.Driver().Open(deps(tb, c, log), c, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func deps(tb testing.TB, c *hasoffers.Config, log *slog.Logger) sources.Deps {
	tb.Helper()
	limiter := sourcetest.Limiter(tb, c)
	return sources.Deps{Name: "tune", Limiter: limiter, Log: log}
}

var zones sync.Map

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	zones.Store(name, loc)
	return loc
}

// day returns the interval of a day and those after it.
func day(tb testing.TB, date string, n int) sources.Interval {
	tb.Helper()
	start, err := time.ParseInLocation(time.DateOnly, date, zone(tb, newYork))
	if err != nil {
		tb.Fatal(err)
	}
	return sources.Interval{Start: start, End: start.AddDate(0, 0, n)}
}

const clientSecret = "s3cr3t-of-the-client"

var secrets = []string{"NETdemo", clientSecret}
