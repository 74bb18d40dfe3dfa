package limits

import (
	"sync"
	"time"
)

// Rules of a [Gate]. The zero value lets everything pass.
type Rules struct {
	Windows      []Window
	Concurrent   int  // requests at once; 0 = no limit
	CountRefused bool // a refused request uses up quota like any other
}

// Refusal says which limit was hit.
type Refusal struct {
	Concurrent bool // the limit on requests at once; else a window
	Usage      int  // with this request
	Limit      int
	Per        time.Duration
	Wait       time.Duration // until a request could pass if none is made meanwhile; 0 for Concurrent
}

// Gate holds the requests of one credential to its rules. Safe for concurrent use.
type Gate struct {
	rules Rules

	mu       sync.Mutex
	inFlight int
	log      []time.Time // counted requests, ascending, as long as the longest window reaches back
}

// NewGate returns a gate nobody has passed yet.
func NewGate(r Rules) *Gate { return &Gate{rules: r} }

// Enter asks to pass now. Either a refusal is returned, or leave, which the caller runs when the request has ended.
func (g *Gate) Enter() (leave func(), refused *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.forget(now)
	if refused = g.check(now); refused != nil {
		if g.rules.CountRefused {
			g.log = append(g.log, now)
		}
		return nil, refused
	}
	g.log = append(g.log, now)
	g.inFlight++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inFlight--
	}), nil
}

func (g *Gate) check(now time.Time) *Refusal {
	if g.rules.Concurrent > 0 && g.inFlight >= g.rules.Concurrent {
		return &Refusal{Concurrent: true, Usage: g.inFlight + 1, Limit: g.rules.Concurrent}
	}
	for _, w := range g.rules.Windows {
		if r := g.checkWindow(w, now); r != nil {
			return r
		}
	}
	return nil
}

func (g *Gate) checkWindow(w Window, now time.Time) *Refusal {
	start := w.start(now)
	from := len(g.log)
	for from > 0 && !g.log[from-1].Before(start) {
		from--
	}
	used := len(g.log) - from
	if used < w.Limit {
		return nil
	}
	r := &Refusal{Usage: used + 1, Limit: w.Limit, Per: w.Per}
	if w.Fixed {
		r.Wait = start.Add(w.Per).Sub(now)
	} else {
		// A place is free once all but Limit-1 of the counted requests have left the window.
		r.Wait = g.log[len(g.log)-w.Limit].Add(w.Per).Sub(now)
	}
	return r
}

// start returns the first instant that counts: a request exactly Per ago has left a sliding window.
func (w Window) start(now time.Time) time.Time {
	if !w.Fixed {
		return now.Add(-w.Per + 1)
	}
	return now.Add(-time.Duration(now.UnixNano() % int64(w.Per)))
}

func (g *Gate) forget(now time.Time) {
	var longest time.Duration
	for _, w := range g.rules.Windows {
		longest = max(longest, w.Per)
	}
	gone := 0
	for gone < len(g.log) && now.Sub(g.log[gone]) > longest {
		gone++
	}
	if gone > len(g.log)/2 {
		g.log = append(g.log[:0], g.log[gone:]...)
	}
}
