package hubrise_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sandbox/meter"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
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
	*sourcetest.Vendor
	faults *faults.Set
}

func newVendor(tb testing.TB, cfg sandbox.Config) *vendor {
	tb.Helper()
	if cfg.Data.FirstDay == "" {
		cfg.Data.FirstDay, cfg.Data.Days, cfg.Data.Now = "2026-03-20", 40, "2026-06-01T12:00:00Z"
	}
	if len(cfg.OAuth.Clients) == 0 {
		cfg.OAuth.Clients = []sandbox.Client{{ID: "client", Secret: clientSecret}}
	}
	set := sourcetest.Must[*faults.Set](tb)(faults.NewSet(1))
	server := sourcetest.Must[*sandbox.Server](tb)(sandbox.New(1, cfg, meter.New(), set))
	return &vendor{Server: server, Vendor: sourcetest.NewVendor(tb, server.Handler()), faults: set}
}

func newConfig() *hubrise.Config { return hubrise.Driver().Config().(*hubrise.Config) }

// with are settings with a token from the configuration.
func (v *vendor) with(token string) *hubrise.Config {
	c := newConfig()
	c.BaseURL, c.AuthURL, c.AccessToken = v.URL+"/v1", v.URL+"/oauth2/v1", settings.Secret(token)
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
	sourcetest.Valid(tb, c, o)
	limiter := sourcetest.Limiter(tb, c)
	d.Name, d.Limiter = "shop", limiter
	s, err := hubrise.Driver().Open(d, c, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	return sourcetest.Must[*time.Location](tb)(time.LoadLocation(name))
}

// day returns the interval of a day in Paris and those after it.
func day(tb testing.TB, date string, n int) sources.Interval {
	tb.Helper()
	start := sourcetest.Must[time.Time](tb)(time.ParseInLocation(time.DateOnly, date, zone(tb, "Europe/Paris")))
	return sources.Interval{Start: start, End: start.AddDate(0, 0, n)}
}

// stream returns a stream of a source by its name.
func stream(tb testing.TB, s sources.Source, name string) sources.Stream {
	tb.Helper()
	for _, one := range sourcetest.Must[[]sources.Stream](tb)(s.Streams(tb.Context())) {
		if one.Name == name {
			return one
		}
	}
	tb.Fatalf("there is no stream %s", name)
	return sources.Stream{}
}
