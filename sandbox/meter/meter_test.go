package meter_test

import (
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/meter"

	"github.com/google/go-cmp/cmp"
)

func TestMaxInWindow(t *testing.T) {
	cases := map[string]struct {
		gaps   []time.Duration
		window time.Duration
		want   int
	}{
		"none":                  {nil, time.Second, 0},
		"one":                   {[]time.Duration{0}, time.Second, 1},
		"exactly one apart":     {[]time.Duration{0, time.Second}, time.Second, 1},
		"just inside":           {[]time.Duration{0, time.Second - 1}, time.Second, 2},
		"across a fixed border": {[]time.Duration{900 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond}, time.Second, 3},
		"burst in the middle":   {[]time.Duration{0, 5 * time.Second, 0, 0, 5 * time.Second}, time.Second, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := meter.New()
				for _, gap := range c.gaps {
					<-time.After(gap)
					m.Arrive("read", "acme").Done()
				}
				if got := m.MaxInWindow("acme", c.window); got != c.want {
					t.Errorf("MaxInWindow(%v) after gaps %v = %d, want %d", c.window, c.gaps, got, c.want)
				}
			})
		})
	}
}

func TestCounts(t *testing.T) {
	m := meter.New()
	first := m.Arrive("read", "acme", "site")
	second := m.Arrive("list", "acme")
	second.Refuse()
	second.Done()
	second.Done()
	m.Served(meter.Page{Operation: "read", Key: "site", Rows: 2, First: "1", Last: "9"})

	got := m.Snapshot(time.Hour)
	want := meter.Snapshot{
		Since: got.Since,
		All:   meter.Count{Requests: 2, Refused: 1, InFlight: 1, MaxInFlight: 2, MaxInWindow: map[string]int{"1h0m0s": 2}},
		Keys: map[string]meter.Count{
			"acme": {Requests: 2, Refused: 1, InFlight: 1, MaxInFlight: 2, MaxInWindow: map[string]int{"1h0m0s": 2}},
			"site": {Requests: 1, InFlight: 1, MaxInFlight: 1, MaxInWindow: map[string]int{"1h0m0s": 1}},
		},
		Operations: map[string]int{"read": 1, "list": 1},
		Pages:      []meter.Page{{Operation: "read", Key: "site", Rows: 2, First: "1", Last: "9"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}

	m.Reset()
	if diff := cmp.Diff(meter.Count{InFlight: 1, MaxInFlight: 1}, m.Count(meter.All)); diff != "" {
		t.Errorf("after reset (-want +got):\n%s", diff)
	}
	first.Done()
	if got := m.Count("acme").InFlight; got != 0 {
		t.Errorf("in flight after the last end = %d, want 0", got)
	}
}
