package ratelimit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	Users       []User        `json:"users,omitempty"`
	Day         Totals        `json:"day"`
}

// WindowStatus is the use of one window.
type WindowStatus struct {
	Class    string    `json:"class,omitempty"` // "" = all requests
	Window   Window    `json:"window"`
	Limit    int       `json:"limit"` // that holds now: of Window, or lower by what was learned
	Used     int       `json:"used"`
	Left     int       `json:"left"`
	ResetsAt time.Time `json:"resets_at,omitzero"` // when all that is used has come back, at the earliest
	NextFree time.Time `json:"next_free,omitzero"` // of a used up window, if known
	// LearnedUntil is until when a lower limit is kept, zero if there is none;
	// LearnedReason is the vendor's refusal that taught it.
	LearnedUntil  time.Time `json:"learned_until,omitzero"`
	LearnedReason string    `json:"learned_reason,omitempty"`
	RisesAt       time.Time `json:"rises_at,omitzero"` // when more is tried, of a limit found by slowing down
}

// Status returns a snapshot, general windows first, then classes by name.
func (l *Limiter) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now >= l.adaptAt {
		l.adapt(now)
	}
	hour := l.hour(now)
	s := Status{
		Credential:  l.credential,
		Concurrency: l.concurrency,
		InFlight:    l.inFlight,
		Waiting:     len(l.queue),
		Requests:    l.stats.requests,
		Throttles:   l.stats.throttles,
		Waits:       l.stats.waits,
		Waited:      l.stats.waited,
		Day: Totals{
			Throttles: l.account.throttles.sum(hour),
			Waits:     l.account.waits.sum(hour),
			Waited:    time.Duration(l.account.waited.sum(hour)) * time.Millisecond,
		},
	}
	s.Users, s.Day.Requests = l.users(now)
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
	ws := WindowStatus{Class: r.class, Window: r.window, Limit: r.limit, Left: max(r.free(), 0), Used: r.used()}
	if at := r.ready(now, 1); at > now && at != never {
		ws.NextFree = l.wall(at)
	}
	switch {
	case r.out > 0:
		ws.ResetsAt = l.wall(now + r.per)
	case r.n > 0:
		ws.ResetsAt = l.wall(r.at(r.n - 1))
	}
	if _, until, reason := r.lowered(); until != never {
		ws.LearnedUntil, ws.LearnedReason = l.wall(until), reason
	}
	if r.slowed() {
		ws.RisesAt = l.wall(r.slow.next)
	}
	return ws
}

// Lowered says for people which limits hold now instead of those configured; it is
// empty if none was learned.
func (l *Limiter) Lowered() string {
	var list []string
	s := l.Status()
	if s.Concurrency != l.configured {
		list = append(list, fmt.Sprintf("%d in flight", s.Concurrency))
	}
	for _, w := range s.Windows {
		if w.LearnedUntil.IsZero() {
			continue
		}
		now := w.Window
		now.N = w.Limit
		list = append(list, strings.TrimSpace(w.Class+" "+now.String()))
	}
	return strings.Join(list, " and ")
}

func (l *Limiter) nextFree(now int64) time.Time {
	l.lookAhead()
	if at, _ := l.expect(now, l.inOrder()[0]); at > now {
		return l.wall(at)
	}
	return time.Time{}
}
