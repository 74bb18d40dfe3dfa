package ratelimit_test

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"exporter/ratelimit"
)

// request is one drawn request: when a worker starts it, and how it goes.
type request struct {
	Idle    time.Duration // before asking for the permit
	Uplink  time.Duration // until it arrives at the vendor
	Answer  time.Duration // until the first byte
	Body    time.Duration // until the body is closed
	Heavy   bool
	NoReply bool // fails without an answer
	Weight  int
}

func millis(most int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.IntRange(0, most), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
}

func windows(least, most int) *rapid.Generator[[]ratelimit.Window] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) ratelimit.Window {
		return ratelimit.Window{
			N:     rapid.IntRange(2, 12).Draw(t, "n"),
			Per:   time.Duration(rapid.IntRange(1, 3000).Draw(t, "per")) * time.Millisecond,
			Fixed: rapid.Bool().Draw(t, "fixed"),
		}
	}), least, most, func(w ratelimit.Window) time.Duration { return w.Per })
}

func requests() *rapid.Generator[[]request] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) request {
		return request{
			Idle:    millis(800).Draw(t, "idle"),
			Uplink:  millis(200).Draw(t, "uplink"),
			Answer:  millis(1500).Draw(t, "answer"),
			Body:    millis(500).Draw(t, "body"),
			Heavy:   rapid.Bool().Draw(t, "heavy"),
			NoReply: rapid.IntRange(0, 9).Draw(t, "fate") == 0,
			Weight:  rapid.IntRange(1, 2).Draw(t, "weight"),
		}
	}), 1, 25)
}

// vendors are the two counters of a vendor: all requests, and the heavy ones.
type vendors struct{ all, heavy vendor }

func (v *vendors) check(t *rapid.T, limits ratelimit.Limits) {
	t.Helper()
	for _, w := range limits.Windows {
		if got := v.all.mostIn(w.Per); got > w.N {
			t.Fatalf("limit %s: %d requests in one window", w, got)
		}
	}
	for _, w := range limits.Classes["heavy"] {
		if got := v.heavy.mostIn(w.Per); got > w.N {
			t.Fatalf("heavy limit %s: %d requests in one window", w, got)
		}
	}
	if c := limits.Concurrency; c > 0 && v.all.most > c {
		t.Fatalf("concurrency %d: %d requests in flight", c, v.all.most)
	}
}

// work sends the requests one after the other.
func work(t *rapid.T, l *ratelimit.Limiter, v *vendors, list []request) {
	for _, r := range list {
		time.Sleep(r.Idle)
		ask := ratelimit.Ask{Weight: r.Weight}
		if r.Heavy {
			ask.Class = "heavy"
		}
		p, err := l.Acquire(t.Context(), ask)
		if err != nil {
			t.Errorf("Acquire: %v", err)
			return
		}
		send(p, v, r)
	}
}

func send(p *ratelimit.Permit, v *vendors, r request) {
	time.Sleep(r.Uplink)
	v.all.arrive(r.Weight)
	if r.Heavy {
		v.heavy.arrive(r.Weight)
	}
	time.Sleep(r.Answer)
	if !r.NoReply {
		p.FirstByte()
		time.Sleep(r.Body)
	}
	v.all.leave()
	p.Release()
}

func TestNoWindowIsEverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := ratelimit.Limits{
			Windows:     windows(1, 3).Draw(t, "windows"),
			Classes:     map[string][]ratelimit.Window{"heavy": windows(0, 2).Draw(t, "heavy")},
			Concurrency: rapid.IntRange(0, 6).Draw(t, "concurrency"),
			MaxWait:     time.Hour,
		}
		workers := rapid.SliceOfN(requests(), 1, 12).Draw(t, "workers")
		pauses := rapid.SliceOfN(millis(2000), 0, 3).Draw(t, "pauses")
		rapid.SyncTest(t, func(t *rapid.T) {
			l, err := ratelimit.New(t.Context(), "acme", limits, ratelimit.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var v vendors
			var wg sync.WaitGroup
			for _, list := range workers {
				wg.Go(func() { work(t, l, &v, list) })
			}
			wg.Go(func() {
				for _, d := range pauses {
					time.Sleep(d)
					if err := l.PauseFor(d, "drawn"); err != nil {
						t.Errorf("PauseFor: %v", err)
					}
				}
			})
			wg.Wait()
			v.check(t, limits)
			if s := l.Status(); s.InFlight != 0 || s.Waiting != 0 {
				t.Fatalf("left over: %+v", s)
			}
		})
	})
}
