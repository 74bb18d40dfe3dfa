package ratelimit_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1s")}}, ratelimit.Options{})
		spend(t, l, 1)
		var order []int
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				p := acquire(t, l, ratelimit.Ask{})
				order = append(order, i) // one at a time: the limit is one per second
				p.Release()
			})
			synctest.Wait()
		}
		wg.Wait()
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("served in order %v", order)
		}
	})
}

// A request whose turn comes late because an answer before it is long is not parked:
// quota is there.
func TestWaitingForAPlaceInFlightIsNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{
			Windows: []ratelimit.Window{window(t, "100/1m"), window(t, "10/1s")}, Concurrency: 1, MaxWait: time.Minute,
		}, ratelimit.Options{})
		long := acquire(t, l, ratelimit.Ask{})
		long.FirstByte()
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 { // each comes anew and looks at the queue again
			wg.Go(func() { acquire(t, l, ratelimit.Ask{}).Release() })
			synctest.Wait()
			time.Sleep(10 * time.Minute)
		}
		long.Release()
		wg.Wait()
		if took := time.Since(start); took < 30*time.Minute {
			t.Errorf("served after %s", took)
		}
	})
}

func TestClassUsedUpLetsOthersPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{
			Windows: []ratelimit.Window{window(t, "100/1s")},
			Classes: map[string][]ratelimit.Window{"heavy": {window(t, "1/1m")}, "off": {}},
		}, ratelimit.Options{})
		start := time.Now()
		heavy := func() time.Duration {
			acquire(t, l, ratelimit.Ask{Class: "heavy"}).Release()
			return time.Since(start)
		}
		if got := heavy(); got != 0 {
			t.Errorf("first heavy request after %s, want at once", got)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := heavy(); got != time.Minute {
				t.Errorf("second heavy request after %s, want 1m", got)
			}
		})
		synctest.Wait()
		for _, class := range []string{"", "off", "unknown"} {
			acquire(t, l, ratelimit.Ask{Class: class}).Release()
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("others waited %s behind a heavy one", got)
		}
		wg.Wait()
	})
}

func TestWeightTakesPermits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "5/1s")}}, ratelimit.Options{})
		start := time.Now()
		for range 3 {
			acquire(t, l, ratelimit.Ask{Weight: 3}).Release()
		}
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("three requests of weight 3 took %s, want one per window", got)
		}
		_, err := l.Acquire(t.Context(), ratelimit.Ask{Weight: 6})
		if fault.ClassOf(err) != fault.Config {
			t.Errorf("weight above the window: %v, want a config error", err)
		}
	})
}

func TestConcurrencyIsHeldUntilRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Concurrency: 1}, ratelimit.Options{})
		p := acquire(t, l, ratelimit.Ask{})
		p.FirstByte()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := l.Acquire(ctx, ratelimit.Ask{})
		if !errors.Is(err, context.DeadlineExceeded) || fault.ClassOf(err) != fault.Transient {
			t.Fatalf("second request got in beside the first: %v", err)
		}
		p.Release()
		p.Release()
		p.FirstByte()
		q := acquire(t, l, ratelimit.Ask{})
		if got := l.Status().InFlight; got != 1 {
			t.Errorf("in flight = %d after a double release, want 1", got)
		}
		q.Release()
	})
}

func TestCancelledWaiterLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1m")}}, ratelimit.Options{})
		spend(t, l, 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		stop := errors.New("shutdown")
		for range 4 {
			wg.Go(func() {
				_, err := l.Acquire(ctx, ratelimit.Ask{})
				if fault.ClassOf(err) != fault.Interrupted || !errors.Is(err, stop) {
					t.Errorf("Acquire = %v, want interrupted by %v", err, stop)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		cancel(stop)
		wg.Wait()
		if _, err := l.Acquire(ctx, ratelimit.Ask{}); fault.ClassOf(err) != fault.Interrupted {
			t.Errorf("Acquire with an ended context = %v", err)
		}
		spend(t, l, 1)
		if got := time.Since(start); got != time.Minute {
			t.Errorf("next permit after %s, want 1m", got)
		}
	})
}

func TestCloseTurnsWaitersAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1m")}}, ratelimit.Options{})
		p := acquire(t, l, ratelimit.Ask{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := l.Acquire(t.Context(), ratelimit.Ask{}); fault.ClassOf(err) != fault.Interrupted {
				t.Errorf("waiter at Close: %v", err)
			}
		})
		synctest.Wait()
		for range 2 {
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		p.Release()
		if _, err := l.Acquire(t.Context(), ratelimit.Ask{}); fault.ClassOf(err) != fault.Interrupted {
			t.Errorf("Acquire after Close: %v", err)
		}
	})
}

// A slot comes back a window and a latency after it was taken, whatever kind of
// limit it belongs to: of what that allows, 98 % are reached. The first window counts
// as the beginning.
func TestRateIsCloseToTheLimit(t *testing.T) {
	for _, tt := range []struct {
		general, heavy string
		workers, calls int
	}{
		{"20/1s", "", 20, 1000},
		{"20/1s+fixed", "", 20, 1000},
		{"100/10s", "", 20, 2000},
		{"500/1m+fixed", "", 20, 10000},
		{"2/1s", "", 2, 200},
		{"1/1s", "", 1, 100},
		{"1000/1s", "20/1s", 20, 1000},
		{"100/1s 200/10s 1000/1m", "", 20, 20000},
	} {
		t.Run(strings.TrimSpace(tt.general+" heavy "+tt.heavy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := limitsOf(t, tt.general, tt.heavy, 0)
				l := newLimiter(t, limits, ratelimit.Options{})
				var mu sync.Mutex
				var sent []time.Time
				var wg sync.WaitGroup
				for i := range tt.workers {
					latency := time.Duration(40+20*(i%2)) * time.Millisecond
					wg.Go(func() {
						for range tt.calls / tt.workers {
							p := acquire(t, l, ratelimit.Ask{Class: "heavy"})
							mu.Lock()
							sent = append(sent, time.Now())
							mu.Unlock()
							time.Sleep(latency)
							p.FirstByte()
							p.Release()
						}
					})
				}
				wg.Wait()
				const median = 50 * time.Millisecond
				for _, w := range append(limits.Windows, limits.Classes["heavy"]...) {
					want := time.Duration(tt.calls/w.N-1) * (w.Per + median)
					if share := float64(want) / float64(sent[tt.calls-1].Sub(sent[w.N-1])); share >= 0.98 && share < 1.02 {
						t.Logf("%.2f %% of limit %s", 100*share, w)
						return
					}
				}
				t.Errorf("no limit was used to 98 %% and kept: %d requests took %s", tt.calls, sent[tt.calls-1].Sub(sent[0]))
			})
		})
	}
}
