package ratelimit

import "time"

// Pause holds back every request of the credential until the given time, those in
// the queue included: the vendor said so with a 429, or with a notice in an answer.
// A pause only ever extends one that is under way. The returned error says that
// the pause holds but could not be stored; it is classified Transient.
func (l *Limiter) Pause(until time.Time, reason string) error {
	l.mu.Lock()
	l.stats.throttles++
	now := l.now()
	at := now + int64(time.Until(until))
	if at <= now || at <= l.pausedUntil {
		l.mu.Unlock()
		return nil
	}
	l.pausedUntil, l.pauseReason, l.resuming = at, reason, true
	l.dispatch(now)
	l.mu.Unlock()
	return l.storePause()
}

// PauseFor is Pause for a duration from now on.
func (l *Limiter) PauseFor(d time.Duration, reason string) error {
	return l.Pause(time.Now().Add(d), reason)
}
