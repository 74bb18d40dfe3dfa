package ratelimit_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
)

// line is a queue of claims that is let in by and by. A claim is written as the
// name of its job; a backfill's is in capitals.
type line struct {
	t      *testing.T
	l      *ratelimit.Limiter
	mu     sync.Mutex
	served []string
	wg     sync.WaitGroup
}

func claim(name string) ratelimit.Claim {
	lower := strings.ToLower(name)
	return ratelimit.Claim{Job: lower, Backfill: name != lower}
}

// join adds a waiter behind those there are.
func (q *line) join(names ...string) {
	for _, name := range names {
		q.ask(name, ratelimit.Ask{})
	}
}

func (q *line) ask(name string, ask ratelimit.Ask) {
	q.wg.Go(func() {
		p, err := q.l.Acquire(ratelimit.WithClaim(q.t.Context(), claim(name)), ask)
		q.mu.Lock()
		defer q.mu.Unlock()
		if err != nil {
			q.served = append(q.served, name+" parked")
			return
		}
		q.served = append(q.served, name)
		p.Release()
	})
	synctest.Wait()
}

func (q *line) order() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return strings.Join(q.served, " ")
}

func TestOrderOfTheQueue(t *testing.T) {
	tests := []struct{ name, limit, queue, want string }{
		{"first come within a job", "1/1s", "a a a", "a a a"},
		{"jobs take turns", "1/1s", "a a a b b c", "a b c a b a"},
		{"backfills yield", "1/1s", "A B a b A a", "a b a B A A"},
		{"the tenth is a backfill's", "1/1s", "A A a a a a a a a a a a a a a a a a a a a a", "a a a a a a a a a A a a a a a a a a a A a a"},
		{"backfills take turns", "1/1s", "A A B B", "A B A B"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &line{t: t, l: newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, tt.limit)}}, ratelimit.Options{})}
				spend(t, q.l, 1)
				q.join(strings.Fields(tt.queue)...)
				q.wg.Wait()
				if got := q.order(); got != tt.want {
					t.Errorf("served\n got %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// Who came late but was served long ago goes before who is served all the time.
func TestServedLongestAgoGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &line{t: t, l: newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1/1s")}}, ratelimit.Options{})}
		q.join("b", "a", "a", "a", "a")
		time.Sleep(2500 * time.Millisecond)
		q.join("b")
		q.wg.Wait()
		if got, want := q.order(), "b a a b a a"; got != want {
			t.Errorf("served %s, want %s", got, want)
		}
	})
}

func TestBackfillLeavesAReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "20/4m"), window(t, "20/30s")}}, ratelimit.Options{})
		q := &line{t: t, l: l}
		start := time.Now()
		q.join(slices.Repeat([]string{"A"}, 19)...)
		if got := strings.Count(q.order(), "A"); got != 18 {
			t.Fatalf("%d backfill requests went at once, want 18: a tenth is kept", got)
		}
		if next := l.Status().NextFree.Sub(start); next != 4*time.Minute {
			t.Errorf("the backfill goes on after %s, want 4m", next)
		}
		q.join("b", "b") // the reserve
		if got := strings.Count(q.order(), "b"); got != 2 || time.Since(start) != 0 {
			t.Errorf("%d scheduled requests went at once, want 2", got)
		}
		q.wg.Wait()
		if got := time.Since(start); got != 4*time.Minute {
			t.Errorf("backfill went on after %s, want 4m", got)
		}
	})
}

// The tenth permit is a backfill's even out of the reserve.
func TestBackfillIsNeverStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &line{t: t, l: newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "100/4m")}}, ratelimit.Options{})}
		q.join(slices.Repeat([]string{"A"}, 90)...)
		q.join("A")
		q.join(slices.Repeat([]string{"b"}, 9)...)
		if got := q.order(); !strings.HasSuffix(got, strings.Repeat(" b", 9)+" A") {
			t.Errorf("after 9 permits of others: %s, want the backfill's", got[len(got)-40:])
		}
		q.wg.Wait()
	})
}

func TestWhoIsParked(t *testing.T) {
	tests := []struct {
		name, limit string
		used        int
		queue, want string
	}{
		{"those whom others overtake", "2/2m", 2, "A A A A b b", "A parked A parked b b A A"},
		{"nobody for backfills ahead", "2/2m", 2, "A A A A b b b b", "A parked A parked A parked A parked b b b b"},
		{"who waits while others take their turn", "1/2m", 1, "a a a b b", "a parked a parked b parked a b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &line{t: t, l: newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, tt.limit)}}, ratelimit.Options{})}
				spend(t, q.l, tt.used)
				q.join(strings.Fields(tt.queue)...)
				q.wg.Wait()
				if got := q.order(); got != tt.want {
					t.Errorf("served\n got %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

func TestReasonOfAParkedBackfill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "20/1h")}}, ratelimit.Options{})
		spend(t, l, 18)
		_, err := l.Acquire(ratelimit.WithClaim(t.Context(), claim("A")), ratelimit.Ask{})
		checkParked(t, err, time.Now(), time.Hour, "limit 20/1h is used up but for what is kept for scheduled runs")
		spend(t, l, 2)
		_, err = l.Acquire(t.Context(), ratelimit.Ask{})
		checkParked(t, err, time.Now(), time.Hour, "limit 20/1h is used up")
	})
}

// A backfill whose class is used up does not hold up anybody, and goes first when it is back.
func TestBackfillsTurnWaitsForItsClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &line{t: t, l: newLimiter(t, ratelimit.Limits{
			Windows: []ratelimit.Window{window(t, "1/1s")},
			Classes: map[string][]ratelimit.Window{"heavy": {window(t, "1/15s")}},
		}, ratelimit.Options{})}
		q.ask("z", ratelimit.Ask{Class: "heavy"})
		q.ask("A", ratelimit.Ask{Class: "heavy"})
		q.join(slices.Repeat([]string{"b"}, 20)...)
		q.wg.Wait()
		want := "z" + strings.Repeat(" b", 14) + " A" + strings.Repeat(" b", 6)
		if got := q.order(); got != want {
			t.Errorf("served\n got %s\nwant %s", got, want)
		}
	})
}

func TestWhoUsedTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		limits := ratelimit.Limits{Windows: []ratelimit.Window{window(t, "1000/1d")}, Concurrency: 1}
		l := newLimiter(t, limits, ratelimit.Options{Store: store})
		use := func(job string, n int) {
			for range n {
				p, err := l.Acquire(ratelimit.WithClaim(t.Context(), ratelimit.Claim{Job: job}), ratelimit.Ask{})
				if err != nil {
					t.Fatal(err)
				}
				p.Release()
			}
		}
		check := func(when string, day ratelimit.Totals, want ...ratelimit.User) {
			t.Helper()
			s := l.Status()
			if diff := cmp.Diff(want, s.Users); diff != "" {
				t.Errorf("%s: users (-want +got):\n%s", when, diff)
			}
			if diff := cmp.Diff(day, s.Day); diff != "" {
				t.Errorf("%s: day (-want +got):\n%s", when, diff)
			}
		}
		use("a", 3)
		time.Sleep(10 * time.Hour)
		use("b", 5)
		use("", 3)
		if err := l.Throttled(ratelimit.Throttle{Wait: 90 * time.Second}); err != nil {
			t.Fatal(err)
		}
		use("a", 1)
		check("at once", ratelimit.Totals{Requests: 12, Throttles: 1, Waits: 1, Waited: 90 * time.Second},
			ratelimit.User{Job: "b", Requests: 5}, ratelimit.User{Job: "a", Requests: 4}, ratelimit.User{Requests: 3})

		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(13*time.Hour + 30*time.Minute)
		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		check("after a restart", ratelimit.Totals{Requests: 12, Throttles: 1, Waits: 1, Waited: 90 * time.Second},
			ratelimit.User{Job: "b", Requests: 5}, ratelimit.User{Job: "a", Requests: 4}, ratelimit.User{Requests: 3})
		time.Sleep(time.Hour)
		check("a day after the first", ratelimit.Totals{Requests: 9, Throttles: 1, Waits: 1, Waited: 90 * time.Second},
			ratelimit.User{Job: "b", Requests: 5}, ratelimit.User{Requests: 3}, ratelimit.User{Job: "a", Requests: 1})
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		l = newLimiter(t, limits, ratelimit.Options{Store: store})
		check("two days later", ratelimit.Totals{})
	})
}

// A permit that is not used is nobody's.
func TestPermitGivenBackIsNotCounted(t *testing.T) {
	store := &memory{fail: context.DeadlineExceeded}
	l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, "9/1h")}}, ratelimit.Options{Store: store})
	if _, err := l.Acquire(t.Context(), ratelimit.Ask{}); fault.ClassOf(err) != fault.Transient {
		t.Fatalf("Acquire = %v", err)
	}
	if s := l.Status(); s.Day.Requests != 0 || s.Users != nil || s.Windows[0].Used != 0 {
		t.Errorf("status after a permit that was given back: %+v", s)
	}
}
