package ratelimit

import "time"

// pausedMost is the longest pause that a restart takes over: a longer one is a mistake.
const pausedMost = 24 * time.Hour

// Pause holds back every request of the credential until the given time, those in
// the queue included: the vendor is busy and said so. A refusal because of a limit
// is for [Limiter.Throttled]. A pause only ever extends one that is under way. The
// returned error says that the pause holds but could not be stored; it is
// classified Transient.
func (l *Limiter) Pause(until time.Time, reason string) error {
	l.mu.Lock()
	now := l.now()
	l.countThrottle(now)
	changed := l.pause(now, now+int64(time.Until(until)), reason)
	if changed {
		l.dispatch(now)
	}
	l.mu.Unlock()
	if !changed {
		return nil
	}
	return l.storePause()
}

// PauseFor is Pause for a duration from now on.
func (l *Limiter) PauseFor(d time.Duration, reason string) error {
	return l.Pause(time.Now().Add(d), reason)
}

// pause begins or extends a pause, and reports whether it did.
func (l *Limiter) pause(now, until int64, reason string) bool {
	if until <= now || until <= l.pausedUntil {
		return false
	}
	l.pausedUntil, l.pauseReason, l.resuming = until, reason, true
	return true
}
