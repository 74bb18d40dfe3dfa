package hubrise_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sandbox/wire"
	"exporter/sources"
	"exporter/sources/hubrise"
)

// Without Retry-After a refusal lasts until the vendor's window ends: the round minute
// and, for those refused again right after it, the hour and the day.
func TestWaits(t *testing.T) {
	start := time.Date(2026, 3, 27, 10, 20, 30, 0, time.UTC)
	got := hubrise.Waits(start, 0, time.Second, 30*time.Second, 39*time.Minute)
	for i, want := range []time.Duration{30 * time.Second, 29 * time.Second, 38*time.Minute + 59*time.Second, 12*time.Hour + 59*time.Minute + 59*time.Second} {
		if over := got[i] - want; over < time.Second || over > 3*time.Second {
			t.Errorf("refusal %d: waits %s, want %s and a second or two", i, got[i], want)
		}
	}
}

// The default limits are never exceeded, as the vendor counts.
func TestHeavyCallsKeepTheirLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := ratelimit.New(t.Context(), "x", newConfig().Credential().Limits, ratelimit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 11 {
			p, err := l.Acquire(t.Context(), ratelimit.Ask{Class: "heavy"})
			if err != nil {
				t.Fatal(err)
			}
			p.FirstByte()
			p.Release()
		}
		if time.Since(began) < time.Minute-time.Second {
			t.Errorf("11 heavy calls took %s", time.Since(began))
		}
	})
}

// Lists of orders are heavy calls, the rest is not; a 429 is waited out.
func TestThrottled(t *testing.T) {
	v := newVendor(t, sandbox.Config{Limits: sandbox.Limits{Heavy: []string{"3/1s"}, RetryAfter: wire.RetryAfterSeconds}})
	s := open(t, v.with(accountToken), &hubrise.Options{PageSize: 30}, sources.Deps{})
	got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
	if got.err != nil || len(got.pages) < 4 {
		t.Errorf("%d pages, error %v", len(got.pages), got.err)
	}
	v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	s = open(t, v.with(accountToken), &hubrise.Options{}, sources.Deps{})
	wantError(t, read(t, s, "orders", accountOf, day(t, "2026-03-27", 1)).err, fault.Parked, "429", "max_wait")
}
