package ratelimit

import (
	"fmt"
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
	if len(l.queue) == 0 {
		return
	}
	for _, w := range l.queue {
		for _, r := range w.rings {
			r.ahead = 0
		}
	}
	kept := l.queue[:0]
	for _, w := range l.queue {
		at, reason := l.expect(now, w)
		if time.Duration(at-w.since) > l.maxWait {
			w.err = l.parked(now, at, reason)
			close(w.done)
			continue
		}
		for _, r := range w.rings {
			r.ahead += w.ask.Weight
		}
		kept = append(kept, w)
	}
	clear(l.queue[len(kept):])
	l.queue = kept
}

// expect returns the earliest time at which w can be served, and what it waits for.
func (l *Limiter) expect(now int64, w *waiter) (at int64, reason string) {
	at = now
	if l.pausedUntil > now {
		at, reason = l.pausedUntil, l.pauseReason
	}
	for _, r := range w.rings {
		r.prune(now)
		if e := r.expect(now, r.ahead+w.ask.Weight); e > at {
			at, reason = e, "limit "+r.window.String()+" is used up"
		}
	}
	return at, reason
}

func (l *Limiter) parked(now, at int64, reason string) error {
	wait := time.Duration(at - now)
	return (&fault.Error{
		Class: fault.Parked,
		Err:   &ParkedError{Credential: l.credential, Until: l.wall(at), Reason: reason},
	}).WithWait(wait).WithHint("Nothing is lost: the slice goes on from its checkpoint in a run after that time. Raise max_wait (now %s) to wait for it instead.", l.maxWait)
}
