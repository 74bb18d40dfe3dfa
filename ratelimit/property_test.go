package ratelimit_test

import (
	"context"
	"flag"
	"runtime"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"exporter/fault"
	"exporter/ratelimit"
)

// request is one drawn request: when a worker starts it, and how it goes.
type request struct {
	Idle    time.Duration // before asking for the permit
	Uplink  time.Duration // until it arrives at the vendor
	Answer  time.Duration // until the first byte
	Body    time.Duration // until the body is closed
	Heavy   bool
	Weight  int
	NoReply bool // fails without an answer
	Refused bool // whatever the vendor's limits say
}

// worker sends its requests one after the other.
type worker struct {
	Claim    ratelimit.Claim
	Requests []request
}

// life is one life of the process: some workers, ended cleanly or by a crash.
type life struct {
	Workers []worker
	Crash   time.Duration // after the start; 0 = none
	Down    time.Duration // until the next life
}

// schedule is a vendor, and what is asked of it.
type schedule struct {
	Limits ratelimit.Limits
	Strict int           // the vendor's first window allows so many fewer
	Names  bool          // and it says so
	Wait   time.Duration // it asks for
	Lives  []life
}

func millis(most int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.IntRange(0, most), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
}

// windows are short ones, and those of a minute and more, of which a reserve is kept.
func windows(least, most int) *rapid.Generator[[]ratelimit.Window] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) ratelimit.Window {
		w := ratelimit.Window{
			N:     rapid.IntRange(2, 12).Draw(t, "n"),
			Per:   time.Duration(rapid.IntRange(1, 3000).Draw(t, "per")) * time.Millisecond,
			Fixed: rapid.Bool().Draw(t, "fixed"),
		}
		if rapid.IntRange(0, 3).Draw(t, "long") == 0 {
			w.N, w.Per = w.N+8, w.Per+time.Minute
		}
		return w
	}), least, most, func(w ratelimit.Window) time.Duration { return w.Per })
}

func workers() *rapid.Generator[[]worker] {
	one := rapid.Custom(func(t *rapid.T) request {
		fate := rapid.IntRange(0, 19).Draw(t, "fate")
		return request{
			Idle:    millis(800).Draw(t, "idle"),
			Uplink:  millis(200).Draw(t, "uplink"),
			Answer:  millis(1500).Draw(t, "answer"),
			Body:    millis(500).Draw(t, "body"),
			Heavy:   rapid.Bool().Draw(t, "heavy"),
			Weight:  rapid.IntRange(1, 2).Draw(t, "weight"),
			NoReply: fate == 0,
			Refused: fate == 1,
		}
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) worker {
		return worker{
			Claim: ratelimit.Claim{
				Job:      rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "job"),
				Backfill: rapid.Bool().Draw(t, "backfill"),
			},
			Requests: rapid.SliceOfN(one, 1, 12).Draw(t, "requests"),
		}
	}), 1, 6)
}

func schedules() *rapid.Generator[schedule] {
	return rapid.Custom(func(t *rapid.T) schedule {
		s := schedule{
			Limits: ratelimit.Limits{
				Windows:     windows(1, 3).Draw(t, "windows"),
				Classes:     map[string][]ratelimit.Window{"heavy": windows(0, 2).Draw(t, "heavy")},
				Concurrency: rapid.IntRange(0, 6).Draw(t, "concurrency"),
				MaxWait:     rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "max wait"),
			},
			Names: rapid.Bool().Draw(t, "names"),
			Wait:  millis(2000).Draw(t, "wait"),
			Lives: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) life {
				return life{
					Workers: workers().Draw(t, "workers"),
					Crash:   rapid.SampledFrom([]time.Duration{0, 0, 1}).Draw(t, "crashes") * millis(4000).Draw(t, "crash"),
					Down:    millis(500).Draw(t, "down"),
				}
			}), 1, 3).Draw(t, "lives"),
		}
		s.Strict = rapid.IntRange(0, s.Limits.Windows[0].N-1).Draw(t, "strict")
		return s
	})
}

// counters are those of a vendor: all requests, and the heavy ones.
type counters struct {
	schedule
	all, heavy vendor
}

// arrive counts a request and tells whether the vendor refuses it.
func (v *counters) arrive(r request) (refused bool) {
	v.all.arrive(r.Weight)
	if r.Heavy {
		v.heavy.arrive(r.Weight)
	}
	w := v.Limits.Windows[0]
	return r.Refused || v.all.lately(w.Per) > w.N-v.Strict
}

// lately returns how many arrived within per.
func (v *vendor) lately(per time.Duration) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := len(v.arrivals) - 1; i >= 0 && time.Since(v.arrivals[i]) < per; i-- {
		n++
	}
	return n
}

func (v *counters) check(t *rapid.T) {
	t.Helper()
	for _, w := range v.Limits.Windows {
		if got := v.all.mostIn(w.Per); got > w.N {
			t.Fatalf("limit %s: %d requests in one window", w, got)
		}
	}
	for _, w := range v.Limits.Classes["heavy"] {
		if got := v.heavy.mostIn(w.Per); got > w.N {
			t.Fatalf("heavy limit %s: %d requests in one window", w, got)
		}
	}
}

func (v *counters) throttle(sent time.Time, class string) ratelimit.Throttle {
	t := ratelimit.Throttle{Class: class, Sent: sent, Wait: v.Wait, Reason: "drawn"}
	if w := v.Limits.Windows[0]; v.Names {
		w.N -= v.Strict
		t.Limits = []ratelimit.Window{w}
	}
	return t
}

// work sends the requests of w until ctx ends, which takes the worker away as it
// is: neither permit nor limiter is touched again.
func work(ctx context.Context, t *rapid.T, l *ratelimit.Limiter, v *counters, w worker) {
	alive := func(d time.Duration) bool {
		select {
		case <-time.After(d):
			return ctx.Err() == nil
		case <-ctx.Done():
			return false
		}
	}
	for _, r := range w.Requests {
		ask := ratelimit.Ask{Weight: r.Weight}
		if r.Heavy {
			ask.Class = "heavy"
		}
		if !alive(r.Idle) {
			return
		}
		p, err := l.Acquire(ratelimit.WithClaim(ctx, w.Claim), ask)
		if fault.ClassOf(err) == fault.Parked {
			continue
		}
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("Acquire: %v", err)
			}
			return
		}
		sent := time.Now()
		if !alive(r.Uplink) {
			return
		}
		refused := v.arrive(r)
		ok := alive(r.Answer)
		if ok && !r.NoReply {
			p.FirstByte()
			ok = alive(r.Body)
		}
		v.all.leave()
		if !ok {
			return
		}
		p.Release()
		if refused && !r.NoReply {
			if err := l.Throttled(v.throttle(sent, ask.Class)); err != nil {
				t.Errorf("Throttled: %v", err)
			}
		}
	}
}

// live runs one life. Of one that crashes only the store and what the vendor has
// counted remain.
func live(t *rapid.T, store ratelimit.Store, v *counters, one life) {
	l, err := ratelimit.New(t.Context(), "acme", v.Limits, ratelimit.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	ctx, crash := context.WithCancel(t.Context())
	defer crash()
	if one.Crash > 0 {
		defer time.AfterFunc(one.Crash, crash).Stop()
	}
	var wg sync.WaitGroup
	for _, w := range one.Workers {
		wg.Go(func() { work(ctx, t, l, v, w) })
	}
	wg.Wait()
	if c := v.Limits.Concurrency; c > 0 && v.all.most > c {
		t.Fatalf("concurrency %d: %d requests in flight", c, v.all.most)
	}
	if ctx.Err() != nil {
		return
	}
	if s := l.Status(); s.InFlight != 0 || s.Waiting != 0 {
		t.Fatalf("left over: %+v", s)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestNoWindowIsEverExceeded draws ten thousand schedules: several windows at
// once, classes, weights, backfills, vendors that refuse, lives that end cleanly or
// in the middle. Whatever happens, no window is exceeded at the vendor, and
// everybody is served or parked: a bubble in which somebody waits for ever fails.
func TestNoWindowIsEverExceeded(t *testing.T) {
	if raceDetector { // bubbles on several processors crash it now and then: golang.org/issue/78156
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	const checks = "rapid.checks"
	if usual := flag.Lookup(checks); usual.Value.String() == usual.DefValue {
		if err := flag.Set(checks, schedulesDrawn); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set(checks, usual.DefValue) }() // it was set to that
	}
	rapid.Check(t, func(t *rapid.T) {
		s := schedules().Draw(t, "schedule")
		rapid.SyncTest(t, func(t *rapid.T) {
			store := &memory{}
			v := &counters{schedule: s}
			for _, one := range s.Lives {
				live(t, store, v, one)
				time.Sleep(one.Down)
			}
			v.check(t)
		})
	})
}
