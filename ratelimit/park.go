package ratelimit

import (
	"fmt"
	"slices"
	"time"

	"exporter/fault"
)

// ParkedError says that a request would have to wait longer than allowed.
type ParkedError struct {
	Credential string
	Until      time.Time // when the quota is free, at the earliest
	Reason     string    // what is used up, or why the vendor asked for a pause
}

// Error implements error.
func (e *ParkedError) Error() string {
	return fmt.Sprintf("quota of %s is not free before %s: %s", e.Credential, e.Until.UTC().Format(time.RFC3339), e.Reason)
}

// parkLate turns away the waiters whose wait would exceed maxWait even if all goes
// well: every request ahead of them answered at once.
func (l *Limiter) parkLate(now int64) {
	if len(l.queue) == 0 || !l.someLate(now) {
		return
	}
	l.lookAhead()
	late := func(w *waiter) bool { return w.err != nil }
	for _, w := range l.inOrder() {
		at, reason := l.expect(now, w)
		// Waiting for a place in flight or for the pace is no wait for quota.
		if at > now && time.Duration(at-w.since) > l.maxWait {
			w.err = l.parked(now, at, reason)
			close(w.done)
			continue
		}
		for _, r := range w.lane.rings {
			r.ahead += r.weigh(w.ask.Weight)
		}
	}
	clear(l.order)
	l.queue = slices.DeleteFunc(l.queue, late)
}

// lookAhead makes nobody ahead of anybody.
func (l *Limiter) lookAhead() {
	for _, w := range l.queue {
		for _, r := range w.lane.rings {
			r.ahead = 0
		}
	}
}

// someLate tells whether the last to be served, whoever that is, would exceed
// maxWait if it came first: if not, nobody does.
func (l *Limiter) someLate(now int64) bool {
	l.lookAhead()
	for _, w := range l.queue {
		for _, r := range w.lane.rings {
			r.ahead += r.weigh(w.ask.Weight)
		}
	}
	latest := l.pausedUntil
	for _, w := range l.queue {
		for _, r := range w.lane.rings {
			if r.ahead > 0 {
				r.prune(now)
				latest = max(latest, r.expect(now, r.ahead+r.reserve(true)))
				r.ahead = 0
			}
		}
	}
	return time.Duration(latest-l.queue[0].since) > l.maxWait
}

// expect returns the earliest time at which w can be served, and what it waits for.
func (l *Limiter) expect(now int64, w *waiter) (at int64, reason string) {
	at = now
	if l.pausedUntil > now {
		at, reason = l.pausedUntil, l.pauseReason
	}
	for _, r := range w.lane.rings {
		r.prune(now)
		wanted, kept := r.ahead+r.weigh(w.ask.Weight), r.reserve(w.spare)
		e := r.expect(now, wanted+kept)
		forReserve := r.expect(now, wanted) < e
		if r.said.n > 0 { // then it may be another limit
			e = min(e, r.said.until)
		}
		if e > at {
			at, reason = e, r.usedUp(forReserve)
		}
	}
	return at, reason
}

func (r *ring) usedUp(kept bool) string {
	text := "limit " + r.window.String()
	if r.limit < r.window.N {
		text += fmt.Sprintf(", lowered to %d,", r.limit)
	}
	text += " is used up"
	if kept {
		text += " but for what is kept for scheduled runs"
	}
	return text
}

func (l *Limiter) parked(now, at int64, reason string) error {
	wait := time.Duration(at - now)
	return (&fault.Error{
		Class: fault.Parked,
		Err:   &ParkedError{Credential: l.credential, Until: l.wall(at), Reason: reason},
	}).WithWait(wait).WithHint("Nothing is lost: the slice goes on from its checkpoint in a run after that time. Raise max_wait (now %s) to wait for it instead.", l.maxWait)
}
