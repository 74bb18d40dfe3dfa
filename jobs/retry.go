package jobs

import (
	"context"
	"math/rand/v2"
	"time"

	"exporter/fault"
)

// Retry bounds how often a slice is tried again within one run. The zero value
// takes the defaults.
type Retry struct {
	Attempts int           // failures in a row without a new page before a slice fails; default 5
	Restarts int           // how often a slice starts over because rows moved; default 3
	Base     time.Duration // first pause; default 1 s
	Cap      time.Duration // longest pause; default 1 m
}

func (r Retry) withDefaults() Retry {
	if r.Attempts == 0 {
		r.Attempts = 5
	}
	if r.Restarts == 0 {
		r.Restarts = 3
	}
	if r.Base == 0 {
		r.Base = time.Second
	}
	if r.Cap == 0 {
		r.Cap = time.Minute
	}
	return r
}

// pause returns how long to wait after the nth failure in a row, counted from 1:
// doubled each time up to the cap, then anywhere between half of it and all.
func (r Retry) pause(n int) time.Duration {
	d := r.Cap
	if n < 20 {
		d = min(r.Cap, r.Base<<(n-1))
	}
	return d/2 + rand.N(d/2+1)
}

// tries counts the failures of one slice in one run.
type tries struct {
	policy    Retry
	failures  int           // in a row, since the last progress
	throttles int           // in a row, since the last progress
	since     time.Time     // of the first of them
	patience  time.Duration // with them; 0 = without end
	restarts  int
}

// progress forgets failures: a page became durable since.
func (t *tries) progress() { t.failures, t.throttles = 0, 0 }

// next decides what follows a failure: again after a pause, from the last
// checkpoint or (over) from the beginning; or not again.
func (t *tries) next(err error) (again, over bool, pause time.Duration) {
	switch fault.ClassOf(err) {
	case fault.Throttled:
		// The limiter holds everybody back already; the pause only keeps a vendor
		// that throttles without a break from being asked in a tight loop.
		if t.throttles++; t.throttles == 1 {
			t.since = time.Now()
		}
		return t.patience == 0 || time.Since(t.since) < t.patience, false, t.policy.pause(min(t.throttles, 4))
	case fault.Transient:
		t.failures++
		return t.failures < t.policy.Attempts, false, t.policy.pause(t.failures)
	case fault.Drift, fault.Mismatch:
		t.restarts++
		return t.restarts <= t.policy.Restarts, true, t.policy.pause(t.restarts)
	default:
		return false, false, 0
	}
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
