package ratelimit

import (
	"context"
	"slices"
	"time"
)

// waiter is a request in the queue. permit and err are set before done is closed.
type waiter struct {
	ask    Ask
	rings  []*ring
	since  int64
	done   chan struct{}
	permit *Permit
	err    error
}

// wait blocks until w is served or ctx ends.
func (l *Limiter) wait(ctx context.Context, w *waiter) (*Permit, error) {
	select {
	case <-w.done:
		return w.permit, w.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.queue, w)
	if i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		l.dispatch(l.now())
	}
	l.mu.Unlock()
	if i < 0 && w.permit != nil {
		w.permit.giveBack()
	}
	return nil, l.ended(ctx)
}

// dispatch serves whoever can be served now, parks whoever would wait too long,
// and sets the timer for the next event that time alone brings about.
func (l *Limiter) dispatch(now int64) {
	wake := l.serve(now)
	l.parkLate(now)
	if l.timer != nil {
		l.timer.Stop()
	}
	if len(l.queue) == 0 || wake == never {
		return
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(time.Duration(wake-now), l.tick)
	} else {
		l.timer.Reset(time.Duration(wake - now))
	}
}

func (l *Limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatch(l.now())
}

// serve gives permits in order until the first waiter that nobody may pass. It
// returns when to look again.
func (l *Limiter) serve(now int64) (wake int64) {
	wake = never
	var full []string // classes used up: their waiters are passed, all others keep their order
	for i := 0; i < len(l.queue); {
		w := l.queue[i]
		if at := l.gate(now); at > now {
			return min(wake, at)
		}
		if !l.open(now) {
			return wake
		}
		if at := l.ready(now, l.general, w.ask.Weight); at > now {
			return min(wake, at)
		}
		if slices.Contains(full, w.ask.Class) {
			i++
			continue
		}
		if at := l.ready(now, w.rings[len(l.general):], w.ask.Weight); at > now {
			full = append(full, w.ask.Class)
			wake = min(wake, at)
			i++
			continue
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		w.permit = l.grant(now, w.rings, w.ask)
		l.settle(now, w)
	}
	return wake
}

// gate returns until when a pause, or its staggered end, holds everybody back.
func (l *Limiter) gate(now int64) int64 {
	if now < l.pausedUntil {
		return l.pausedUntil
	}
	if l.resuming {
		l.resuming = false
		l.staggered = len(l.queue)
	}
	return l.notBefore
}

// open reports whether pause and concurrency let another request start.
func (l *Limiter) open(now int64) bool {
	return l.gate(now) <= now && (l.concurrency == 0 || l.inFlight < l.concurrency)
}

// ready returns when all rings have the slots, as far as known.
func (l *Limiter) ready(now int64, rings []*ring, slots int) int64 {
	at := now
	for _, r := range rings {
		r.prune(now)
		at = max(at, r.ready(now, slots), l.paced(now, r, slots))
	}
	return at
}

func (l *Limiter) grant(now int64, rings []*ring, ask Ask) *Permit {
	for _, r := range rings {
		r.out += ask.Weight
		l.spend(now, r, ask.Weight)
	}
	l.inFlight++
	l.stats.requests++
	if l.staggered > 0 {
		l.staggered--
		l.notBefore = now + int64(l.jitter())
	}
	return &Permit{l: l, rings: rings, ask: ask, unmarked: !l.covered(now, rings, ask.Weight)}
}

func (l *Limiter) settle(now int64, w *waiter) {
	if now > w.since {
		l.stats.waits++
	}
	l.stats.waited += time.Duration(now - w.since)
	close(w.done)
}
