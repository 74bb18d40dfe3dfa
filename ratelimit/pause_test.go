package ratelimit_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
)

// arrivals starts n workers and returns when each got its permit, since now.
func arrivals(t *testing.T, l *ratelimit.Limiter, n int, meanwhile func()) []time.Duration {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var got []time.Duration
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p := acquire(t, l, ratelimit.Ask{})
			defer p.Release()
			mu.Lock()
			defer mu.Unlock()
			got = append(got, time.Since(start))
		})
	}
	synctest.Wait()
	meanwhile()
	wg.Wait()
	slices.Sort(got)
	return got
}

func TestPauseHoldsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jitter := func() time.Duration { return 10 * time.Millisecond }
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "4/12s")}}, ratelimit.Options{Jitter: jitter})
		spend(t, l, 4)
		pause := func(d time.Duration) {
			if err := l.PauseFor(d, "429"); err != nil {
				t.Error(err)
			}
		}
		got := arrivals(t, l, 4, func() { // four in the queue, due at 12s
			pause(30 * time.Second)
			pause(20 * time.Second) // does not shorten
			time.Sleep(25 * time.Second)
			pause(10 * time.Second) // extends to 35s
		})
		want := []time.Duration{35000 * time.Millisecond, 35010 * time.Millisecond, 35020 * time.Millisecond, 35030 * time.Millisecond}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("permits after a pause (-want +got):\n%s", diff)
		}
		if s := l.Status(); s.Throttles != 3 || !s.PausedUntil.IsZero() {
			t.Errorf("status after the pause: %+v", s)
		}
	})
}

func TestPauseOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{}, ratelimit.Options{})
		if err := l.Pause(time.Now().Add(-time.Hour), "late"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		spend(t, l, 1)
		if got := time.Since(start); got != 0 {
			t.Errorf("waited %s for a pause that was over", got)
		}
	})
}

func TestParked(t *testing.T) {
	tests := []struct {
		name   string
		queue  int // waiting before
		before func(t *testing.T, l *ratelimit.Limiter)
		until  time.Duration // 0 = not parked
		reason string
	}{
		{"short wait", 0, func(t *testing.T, l *ratelimit.Limiter) { spend(t, l, 2) }, 0, ""},
		{"short pause", 0, func(t *testing.T, l *ratelimit.Limiter) { pauseFor(t, l, 5*time.Minute) }, 0, ""},
		{"long pause", 0, func(t *testing.T, l *ratelimit.Limiter) { pauseFor(t, l, time.Hour) }, time.Hour, "429"},
		{"long window", 0, func(t *testing.T, l *ratelimit.Limiter) {
			for range 5 {
				spend(t, l, 2)
				time.Sleep(2 * time.Minute)
			}
		}, 50 * time.Minute, "limit 10/1h is used up"},
		{"queue of five windows", 10, func(t *testing.T, l *ratelimit.Limiter) { spend(t, l, 2) }, time.Hour, "limit 10/1h is used up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "2/1m"), window(t, "10/1h")}}, ratelimit.Options{})
				tt.before(t, l)
				var wg sync.WaitGroup
				for range tt.queue {
					wg.Go(func() {
						if p, err := l.Acquire(t.Context(), ratelimit.Ask{}); err == nil {
							p.Release()
						}
					})
				}
				synctest.Wait()
				start := time.Now()
				p, err := l.Acquire(t.Context(), ratelimit.Ask{})
				checkParked(t, err, start, tt.until, tt.reason)
				if p != nil {
					p.Release()
				}
				wg.Wait()
			})
		})
	}
}

func pauseFor(t *testing.T, l *ratelimit.Limiter, d time.Duration) {
	t.Helper()
	if err := l.PauseFor(d, "429"); err != nil {
		t.Fatal(err)
	}
}

func checkParked(t *testing.T, err error, start time.Time, until time.Duration, reason string) {
	t.Helper()
	if until == 0 {
		if err != nil {
			t.Errorf("Acquire: %v, want a permit", err)
		}
		return
	}
	var parked *ratelimit.ParkedError
	if !errors.As(err, &parked) || fault.ClassOf(err) != fault.Parked || fault.HintOf(err) == "" {
		t.Fatalf("Acquire = %v, want a parked error with a hint", err)
	}
	want := &ratelimit.ParkedError{Credential: "acme", Until: start.Add(until), Reason: reason}
	if diff := cmp.Diff(want, parked); diff != "" {
		t.Errorf("parked (-want +got):\n%s", diff)
	}
	if got := fault.WaitOf(err); got != until {
		t.Errorf("wait = %s, want %s", got, until)
	}
	if got := time.Since(start); got != 0 {
		t.Errorf("parked after %s, want at once", got)
	}
}

func TestPauseParksTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/4m")}}, ratelimit.Options{})
		spend(t, l, 1)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := l.Acquire(t.Context(), ratelimit.Ask{})
			if fault.ClassOf(err) != fault.Parked || time.Since(start) != 3*time.Minute {
				t.Errorf("waiter got %v after %s, want parked at the pause", err, time.Since(start))
			}
		})
		time.Sleep(3 * time.Minute)
		pauseFor(t, l, 3*time.Minute) // 6 minutes in all, above the 5 allowed
		wg.Wait()
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := newLimiter(t, ratelimit.Limits{
			Windows:     []ratelimit.Window{window(t, "2/1m")},
			Classes:     map[string][]ratelimit.Window{"heavy": {window(t, "5/1h fixed")}},
			Concurrency: 3,
		}, ratelimit.Options{})
		spend(t, l, 1)
		time.Sleep(10 * time.Second)
		p := acquire(t, l, ratelimit.Ask{Class: "heavy"})
		var wg sync.WaitGroup
		wg.Go(func() { spend(t, l, 1) })
		synctest.Wait()
		want := ratelimit.Status{
			Credential: "acme",
			Windows: []ratelimit.WindowStatus{
				{Window: window(t, "2/1m"), Limit: 2, Used: 2, NextFree: start.Add(time.Minute), ResetsAt: time.Now().Add(time.Minute)},
				{Class: "heavy", Window: window(t, "5/1h fixed"), Limit: 5, Used: 1, Left: 4, ResetsAt: time.Now().Add(time.Hour)},
			},
			Concurrency: 3, InFlight: 1, Waiting: 1,
			NextFree: start.Add(time.Minute),
			Requests: 2,
			Users:    []ratelimit.User{{Requests: 2}},
			Day:      ratelimit.Totals{Requests: 2},
		}
		if diff := cmp.Diff(want, l.Status()); diff != "" {
			t.Errorf("status while waiting (-want +got):\n%s", diff)
		}
		wg.Wait()
		p.Release()
		s := l.Status()
		if s.Waits != 1 || s.Waited != 50*time.Second || s.Waiting != 0 || s.InFlight != 0 || s.Requests != 3 {
			t.Errorf("status afterwards: %+v", s)
		}
	})
}
