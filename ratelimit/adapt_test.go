package ratelimit_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exporter/ratelimit"
)

// strict is a vendor that refuses more than n requests in per.
type strict struct {
	vendor
	n       int
	per     time.Duration
	counted bool // refused requests use up quota too
	taken   []time.Time
	refused int
}

func (s *strict) takes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for len(s.taken) > 0 && now.Sub(s.taken[0]) >= s.per {
		s.taken = s.taken[1:]
	}
	ok := len(s.taken) < s.n
	if ok || s.counted {
		s.taken = append(s.taken, now)
	}
	if !ok {
		s.refused++
	}
	return ok
}

// siege lets workers ask for as much as they get until the end, and returns how
// many requests were taken.
func siege(t *testing.T, l *ratelimit.Limiter, s *strict, workers int, latency, end, wait time.Duration, limits []ratelimit.Window) int {
	t.Helper()
	until := time.Now().Add(end)
	var mu sync.Mutex
	taken := 0
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Now().Before(until) {
				p := acquire(t, l, ratelimit.Ask{})
				sent := time.Now()
				time.Sleep(latency / 2)
				ok := s.takes()
				time.Sleep(latency / 2)
				p.FirstByte()
				p.Release()
				if ok {
					mu.Lock()
					taken++
					mu.Unlock()
					continue
				}
				if err := l.Throttled(ratelimit.Throttle{Sent: sent, Wait: wait, Reason: "429", Limits: limits}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return taken
}

// A vendor allows half of what it promised and says nothing but no.
func TestVendorAllowsHalf(t *testing.T) {
	for _, tt := range []struct {
		promised string
		allows   int
		workers  int
		counted  bool
		refusals int // a simulated hour, at most
	}{
		{"100/10s", 50, 1, false, 10},
		{"100/10s", 50, 8, false, 20},
		{"100/10s", 50, 8, true, 20},
		{"20/10s", 10, 2, true, 10},
		{"10/1s", 5, 2, false, 14},
		{"2/1s", 1, 2, true, 14},
		{"500/1m", 250, 8, false, 24},
		{"100/10s", 15, 4, true, 16},
		{"100/10s", 90, 4, true, 16},
	} {
		name := fmt.Sprintf("%s but %d, %d workers, counted %t", tt.promised, tt.allows, tt.workers, tt.counted)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := window(t, tt.promised)
				const hours = 4
				const latency = 20 * time.Millisecond
				l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{w}}, ratelimit.Options{})
				s := &strict{n: tt.allows, per: w.Per, counted: tt.counted}
				taken := siege(t, l, s, tt.workers, latency, hours*time.Hour, 0, nil)
				most := float64(tt.allows) * float64(hours*time.Hour) / float64(w.Per)
				used := float64(taken) / most
				t.Logf("%.1f %% used, %.1f refusals an hour", 100*used, float64(s.refused)/hours)
				if used < 0.85 || s.refused > hours*tt.refusals {
					t.Errorf("%.1f %% of what the vendor allows used, %d refused in %d hours; want 85 %% and %d an hour",
						100*used, s.refused, hours, tt.refusals)
				}
			})
		})
	}
}
