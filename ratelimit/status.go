package ratelimit

import (
	"cmp"
	"slices"
	"time"
)

// Status is the state of a limiter at one moment.
type Status struct {
	Credential  string         `json:"credential"`
	Windows     []WindowStatus `json:"windows,omitempty"`
	Concurrency int            `json:"concurrency"` // 0 = any number
	InFlight    int            `json:"in_flight"`
	Waiting     int            `json:"waiting"`
	// NextFree is when the first waiter goes on at the earliest; zero if nobody
	// waits, or not for quota.
	NextFree    time.Time     `json:"next_free,omitzero"`
	PausedUntil time.Time     `json:"paused_until,omitzero"`
	PauseReason string        `json:"pause_reason,omitempty"`
	Requests    int64         `json:"requests"`  // permits given since the start
	Throttles   int64         `json:"throttles"` // pauses asked for
	Waits       int64         `json:"waits"`     // permits that were not given at once
	Waited      time.Duration `json:"-"`         // by all of them together
}

// WindowStatus is the use of one window.
type WindowStatus struct {
	Class    string    `json:"class,omitempty"` // "" = all requests
	Window   Window    `json:"window"`
	Used     int       `json:"used"`
	Left     int       `json:"left"`
	NextFree time.Time `json:"next_free,omitzero"` // of a used up window, if known
}

// Status returns a snapshot, general windows first, then classes by name.
func (l *Limiter) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	s := Status{
		Credential:  l.credential,
		Concurrency: l.concurrency,
		InFlight:    l.inFlight,
		Waiting:     len(l.queue),
		Requests:    l.stats.requests,
		Throttles:   l.stats.throttles,
		Waits:       l.stats.waits,
		Waited:      l.stats.waited,
	}
	if l.pausedUntil > now {
		s.PausedUntil, s.PauseReason = l.wall(l.pausedUntil), l.pauseReason
	}
	for r := range l.rings() {
		s.Windows = append(s.Windows, l.windowStatus(r, now))
	}
	slices.SortStableFunc(s.Windows, func(a, b WindowStatus) int { return cmp.Compare(a.Class, b.Class) })
	if len(l.queue) > 0 {
		s.NextFree = l.nextFree(now)
	}
	return s
}

func (l *Limiter) windowStatus(r *ring, now int64) WindowStatus {
	r.prune(now)
	ws := WindowStatus{Class: r.class, Window: r.window, Left: r.free(), Used: r.window.N - r.free()}
	if at := r.ready(now, 1); at > now && at != never {
		ws.NextFree = l.wall(at)
	}
	return ws
}

func (l *Limiter) nextFree(now int64) time.Time {
	w := l.queue[0]
	for _, r := range w.rings {
		r.ahead = 0
	}
	if at, _ := l.expect(now, w); at > now {
		return l.wall(at)
	}
	return time.Time{}
}
