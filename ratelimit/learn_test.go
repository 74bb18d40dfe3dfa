package ratelimit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/ratelimit"
)

// throttle reports a refusal of now.
func throttle(t testing.TB, l *ratelimit.Limiter, class string, limits ...ratelimit.Window) {
	t.Helper()
	if err := l.Throttled(ratelimit.Throttle{Class: class, Reason: "429", Limits: limits}); err != nil {
		t.Fatal(err)
	}
}

// now returns the windows and the limits that hold in them: "20/10s", "20/10s=14", "heavy 10/1m=7".
func now(l *ratelimit.Limiter) string {
	var list []string
	for _, w := range l.Status().Windows {
		text := strings.TrimSpace(w.Class + " " + w.Window.String())
		if !w.LearnedUntil.IsZero() {
			text += fmt.Sprintf("=%d", w.Limit)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func limiterOf(t testing.TB, store ratelimit.Store, general, heavy string) *ratelimit.Limiter {
	t.Helper()
	limits := limitsOf(t, general, heavy, 0)
	limits.MaxWait = 100 * time.Hour
	return newLimiter(t, limits, ratelimit.Options{Store: store})
}

func TestLimitsTheVendorNames(t *testing.T) {
	tests := []struct {
		name                  string
		general, heavy, class string
		named                 string
		want                  string
	}{
		{"lower", "100/10s 1000/1h", "", "", "50/10s", "100/10s=50, 1000/1h"},
		{"two at once", "100/10s 1000/1h", "", "", "50/10s 700/1h", "100/10s=50, 1000/1h=700"},
		{"higher never raises", "20/10s 1000/1h", "", "", "50/10s", "20/10s=14, 1000/1h"},
		{"another window", "100/10s", "", "", "700/1h", "100/10s, 700/1h=700"},
		{"no window before", "", "", "", "5/1m", "5/1m=5"},
		{"of a class", "100/1m", "10/1m", "heavy", "5/1m", "100/1m, heavy 10/1m=5"},
		{"of all, said to a class", "100/1m", "10/1m", "heavy", "50/1m", "100/1m=50, heavy 10/1m"},
		{"another window of a class", "100/1m", "10/1m", "heavy", "20/1h", "100/1m, heavy 10/1m, heavy 20/1h=20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := limiterOf(t, nil, tt.general, tt.heavy)
				var named []ratelimit.Window
				for _, s := range strings.Fields(tt.named) {
					named = append(named, window(t, s))
				}
				throttle(t, l, tt.class, named...)
				if got := now(l); got != tt.want {
					t.Errorf("limits %s, want %s", got, tt.want)
				}
				time.Sleep(24*time.Hour + time.Minute)
				want := strings.Join(strings.Fields(tt.general), ", ")
				if tt.heavy != "" {
					want += ", heavy " + tt.heavy
				}
				if got := now(l); got != want {
					t.Errorf("a day later %q, want %q", got, want)
				}
				spend(t, l, 1)
			})
		})
	}
}

// A window that is learned counts what was sent before, and what is on its way.
func TestLearnedWindowRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "100/1h", "")
		start := time.Now()
		spend(t, l, 3)
		time.Sleep(4 * time.Minute)
		spend(t, l, 3)
		onItsWay := acquire(t, l, ratelimit.Ask{})
		throttle(t, l, "", window(t, "8/5m"))
		if w := l.Status().Windows[1]; w.Used != 7 || w.Left != 1 {
			t.Errorf("learned window: %+v, want 7 used, 1 left", w)
		}
		spend(t, l, 1)
		spend(t, l, 1)
		if got := time.Since(start); got != 5*time.Minute {
			t.Errorf("went on after %s, want 5m", got)
		}
		onItsWay.Release()
		time.Sleep(5 * time.Minute)
		if w := l.Status().Windows[1]; w.Used != 0 {
			t.Errorf("learned window after its length: %+v, want nothing used", w)
		}
	})
}

func TestLearnedLimitOfRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		for range 2 { // the second has it from the store
			l := limiterOf(t, store, "100/1m", "")
			throttle(t, l, "", ratelimit.Window{N: 2})
			if s := l.Status(); s.Concurrency != 2 || now(l) != "100/1m" || l.Lowered() != "2 in flight" {
				t.Errorf("%d in flight, limits %s, lowered %q; want 2 in flight and nothing else", s.Concurrency, now(l), l.Lowered())
			}
			a, b := acquire(t, l, ratelimit.Ask{}), acquire(t, l, ratelimit.Ask{})
			var wg sync.WaitGroup
			start := time.Now()
			wg.Go(func() {
				acquire(t, l, ratelimit.Ask{}).Release()
				if time.Since(start) != time.Second {
					t.Errorf("the third went after %s, want 1s", time.Since(start))
				}
			})
			time.Sleep(time.Second)
			a.Release()
			b.Release()
			wg.Wait()
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(25 * time.Hour)
		if s := limiterOf(t, store, "", "").Status(); s.Concurrency != 0 {
			t.Errorf("%d in flight after a day, want any number", s.Concurrency)
		}
	})
}

// A request that weighs more than a lowered limit passes alone.
func TestHeavyRequestUnderALoweredLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "8/1m", "")
		throttle(t, l, "", window(t, "2/1m"))
		start := time.Now()
		spend(t, l, 1)
		for range 2 {
			acquire(t, l, ratelimit.Ask{Weight: 5}).Release()
		}
		spend(t, l, 1)
		if got := time.Since(start); got != 3*time.Minute {
			t.Errorf("all done after %s, want 3m: each heavy one has its window alone", got)
		}
	})
}

func TestWhatIsLearnedSurvives(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean %t", clean), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &memory{}
				l := limiterOf(t, store, "100/10s 1000/1h", "10/1m")
				throttle(t, l, "", window(t, "50/10s"), window(t, "5000/1d"))
				for range 6 {
					acquire(t, l, ratelimit.Ask{Class: "heavy"}).Release()
				}
				throttle(t, l, "heavy")
				want := "100/10s=50, 1000/1h, 5000/1d=5000, heavy 10/1m=5"
				if got := now(l); got != want {
					t.Fatalf("limits %s, want %s", got, want)
				}
				before := l.Status().Windows
				if clean {
					if err := l.Close(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				l = limiterOf(t, store, "100/10s 1000/1h", "10/1m")
				for i, w := range l.Status().Windows {
					if w.Limit != before[i].Limit || !w.LearnedUntil.Equal(before[i].LearnedUntil) || w.LearnedReason != before[i].LearnedReason {
						t.Errorf("after the restart %+v, want %+v", w, before[i])
					}
				}
				time.Sleep(36 * time.Minute) // the hold of 30 windows, and five to climb
				if got, want := now(l), "100/10s=50, 1000/1h, 5000/1d=5000, heavy 10/1m"; got != want {
					t.Errorf("36 minutes later %s, want %s", got, want)
				}
				if got, want := now(limiterOf(t, store, "30/10s 1000/1h", "")), "30/10s, 1000/1h, 5000/1d=5000"; got != want {
					t.Errorf("with other limits configured %s, want %s", got, want)
				}
			})
		})
	}
}

func TestAbsurdRowsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		row := func(limit int, until time.Duration) ratelimit.Learned {
			return ratelimit.Learned{Per: 10 * time.Second, Limit: limit, Until: at.Add(until)}
		}
		other := row(5, time.Hour)
		other.Class = "gone"
		negative := row(5, time.Hour)
		negative.Per = -time.Second
		slowed := row(5, time.Hour)
		slowed.Per, slowed.Slow = time.Hour, &ratelimit.Slowed{}
		for name, r := range map[string]ratelimit.Learned{
			"no requests": row(0, time.Hour), "negative": row(-5, time.Hour), "over": row(5, -time.Second), "too far ahead": row(5, 49*time.Hour),
			"higher than configured": row(200, time.Hour), "a class that is no more": other, "a negative window": negative, "slowed in a window that is no more": slowed,
		} {
			store := &memory{}
			if err := store.Save(t.Context(), "acme", ratelimit.Usage{SavedAt: at, Learned: []ratelimit.Learned{r}}); err != nil {
				t.Fatal(err)
			}
			if got := now(limiterOf(t, store, "100/10s", "")); got != "100/10s" {
				t.Errorf("%s: limits %s, want as configured", name, got)
			}
		}
	})
}

// What was learned keeps no longer than a day, whatever the clock does between two runs.
func TestClockJumpsWithALearnedLimit(t *testing.T) {
	for jump, want := range map[time.Duration]time.Duration{
		-24 * time.Hour: 24 * time.Hour, // set back: a day from now on
		-72 * time.Hour: 0,              // too far: the row makes no sense
		24 * time.Hour:  0,              // set forward: the day is over
		6 * time.Hour:   18 * time.Hour,
	} {
		t.Run(jump.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				saved := time.Now().Add(-jump)
				store := &memory{}
				err := store.Save(t.Context(), "acme", ratelimit.Usage{
					SavedAt: saved, Learned: []ratelimit.Learned{{Per: 10 * time.Second, Limit: 5, Until: saved.Add(24 * time.Hour)}},
					Day: ratelimit.DayUsage{Hour: saved.Unix() / 3600, Requests: map[string][]int64{"a": {7}}},
				})
				if err != nil {
					t.Fatal(err)
				}
				s := limiterOf(t, store, "100/10s", "").Status()
				left := time.Duration(0)
				if until := s.Windows[0].LearnedUntil; !until.IsZero() {
					left = time.Until(until)
				}
				if left != want {
					t.Errorf("the learned limit holds for %s, want %s", left, want)
				}
				if used := jump == 6*time.Hour; (s.Day.Requests == 7) != used {
					t.Errorf("%d requests of the last day, want those of the last 24 hours alone", s.Day.Requests)
				}
			})
		})
	}
}

// Whoever waits goes on when a learned limit is over, not only when a slot comes back.
func TestEndOfALearnedLimitWakesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "2/3d", "")
		spend(t, l, 1)
		throttle(t, l, "", window(t, "1/3d"))
		start := time.Now()
		spend(t, l, 1)
		if got := time.Since(start); got != 24*time.Hour {
			t.Errorf("waited %s, want the day for which the limit is kept", got)
		}
	})
}

// A vendor that names another window with each refusal makes neither memory nor the stored usage grow.
func TestManyNamedWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "100/10s", "10/1m")
		for i := range 1000 {
			throttle(t, l, "heavy", ratelimit.Window{N: 1000, Per: time.Duration(20+i) * time.Second})
		}
		if got := len(l.Status().Windows); got > 10 {
			t.Errorf("%d windows are kept, want the two configured and at most eight more", got)
		}
		time.Sleep(25 * time.Hour)
		if got := now(l); got != "100/10s, heavy 10/1m" {
			t.Errorf("a day later %s", got)
		}
	})
}

// A limit that was learned is forgotten after a day: nobody is parked for longer because of it.
func TestParkedUntilALearnedLimitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, limitsOf(t, "5/1m", "", 0), ratelimit.Options{})
		spend(t, l, 1)
		throttle(t, l, "", window(t, "1/300d"))
		_, err := l.Acquire(t.Context(), ratelimit.Ask{})
		var parked *ratelimit.ParkedError
		if !errors.As(err, &parked) {
			t.Fatalf("got %v, want it parked", err)
		}
		if got := time.Until(parked.Until); got != 24*time.Hour {
			t.Errorf("parked for %s, want the day for which the limit is kept", got)
		}
	})
}

func TestPaceFollowsALearnedLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiterOf(t, nil, "20/10s", "")
		throttle(t, l, "", window(t, "10/10s"))
		start := time.Now()
		var got []time.Duration
		for range 8 {
			spend(t, l, 1)
			got = append(got, time.Since(start).Round(time.Millisecond))
		}
		if diff := cmp.Diff(seconds(0, 0, 0, 0, 0, 1, 2, 3), got); diff != "" {
			t.Errorf("half at once, then one a second (-want +got):\n%s", diff)
		}
	})
}

// Slots used above a lowered limit come back first and are of no use.
func TestParkedUnderALoweredLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, limitsOf(t, "10/1h", "", 0), ratelimit.Options{})
		start := time.Now()
		spend(t, l, 5)
		time.Sleep(10 * time.Minute)
		spend(t, l, 5)
		throttle(t, l, "", window(t, "4/1h"))
		_, err := l.Acquire(t.Context(), ratelimit.Ask{})
		checkParked(t, err, time.Now(), time.Until(start.Add(70*time.Minute)), "limit 10/1h, lowered to 4, is used up")
	})
}
