package ratelimit

import (
	"context"
	"slices"
	"time"
)

// waiter is a request in the queue. permit and err are set before done is closed.
type waiter struct {
	ask      Ask
	backfill bool
	lane     *lane
	user     *user
	since    int64
	done     chan struct{}
	permit   *Permit
	err      error
	rank     int  // among those of its user; scratch of inOrder, like spare
	spare    bool // leaves a reserve
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
	if now >= l.adaptAt {
		l.adapt(now)
	}
	wake := min(l.serve(now), l.adaptAt)
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
	l.round++
	for len(l.queue) > 0 {
		if at := l.gate(now); at > now {
			return min(wake, at)
		}
		if !l.open(now) {
			return wake
		}
		i := l.next()
		if i < 0 {
			return wake
		}
		w := l.queue[i]
		spare := w.backfill && !l.backfillsTurn()
		if at := l.ready(now, l.common.rings, w.ask.Weight, spare); at > now {
			return min(wake, at)
		}
		if at := l.ready(now, l.own(w.lane), w.ask.Weight, spare); at > now {
			w.lane.full[index(spare)] = l.round
			wake = min(wake, at)
			continue
		}
		if l.turn < backfillEvery && !w.backfill && l.backfillWaits() {
			l.turn++
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		w.permit = l.grant(now, w.lane, w.user, w.ask, w.backfill)
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

// ready returns when all rings have the slots, as far as known, and a reserve
// besides if it is to be left.
func (l *Limiter) ready(now int64, rings []*ring, slots int, spare bool) int64 {
	at := now
	for _, r := range rings {
		r.prune(now)
		at = max(at, r.ready(now, slots+r.reserve(spare)), l.paced(now, r, slots))
	}
	return at
}

func (l *Limiter) grant(now int64, n *lane, by *user, ask Ask, backfill bool) *Permit {
	for _, r := range n.rings {
		r.out += ask.Weight
		l.spend(now, r, ask.Weight)
	}
	n.out += ask.Weight
	l.inFlight++
	l.stats.requests++
	l.served++
	by.served = l.served
	by.requests.add(l.hour(now), 1)
	if backfill {
		l.turn = 0
	}
	if l.staggered > 0 {
		l.staggered--
		l.notBefore = now + int64(l.jitter())
	}
	return &Permit{l: l, lane: n, user: by, ask: ask, unmarked: !l.covered(now, n.rings, ask.Weight)}
}

func (l *Limiter) settle(now int64, w *waiter) {
	if now > w.since {
		l.stats.waits++
		l.account.waits.add(l.hour(now), 1)
	}
	l.stats.waited += time.Duration(now - w.since)
	l.account.waited.add(l.hour(now), (now-w.since)/int64(time.Millisecond))
	close(w.done)
}

func (l *Limiter) countThrottle(now int64) {
	l.stats.throttles++
	l.account.throttles.add(l.hour(now), 1)
}
