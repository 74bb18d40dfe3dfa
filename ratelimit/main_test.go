package ratelimit_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"exporter/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newLimiter(t testing.TB, limits ratelimit.Limits, opts ratelimit.Options) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(context.Background(), "acme", limits, opts)
	if err != nil {
		t.Fatalf("New(%+v): %v", limits, err)
	}
	return l
}

func window(t testing.TB, s string) ratelimit.Window {
	t.Helper()
	w, err := ratelimit.ParseWindow(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func acquire(t testing.TB, l *ratelimit.Limiter, ask ratelimit.Ask) *ratelimit.Permit {
	t.Helper()
	p, err := l.Acquire(t.Context(), ask)
	if err != nil {
		t.Fatalf("Acquire(%+v): %v", ask, err)
	}
	return p
}

// spend makes n requests that are answered at once.
func spend(t testing.TB, l *ratelimit.Limiter, n int) {
	t.Helper()
	for range n {
		p := acquire(t, l, ratelimit.Ask{})
		p.FirstByte()
		p.Release()
	}
}

// vendor counts requests as a vendor does: when they arrive.
type vendor struct {
	mu       sync.Mutex
	arrivals []time.Time
	inFlight int
	most     int // in flight at once
}

// arrive counts a request as weight requests, in one connection.
func (v *vendor) arrive(weight int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.arrivals = append(v.arrivals, slices.Repeat([]time.Time{time.Now()}, weight)...)
	v.inFlight++
	v.most = max(v.most, v.inFlight)
}

func (v *vendor) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inFlight--
}

// mostIn returns the largest number of arrivals in any interval [x, x+per).
func (v *vendor) mostIn(per time.Duration) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	slices.SortFunc(v.arrivals, time.Time.Compare)
	most, first := 0, 0
	for i, at := range v.arrivals {
		for at.Sub(v.arrivals[first]) >= per {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
