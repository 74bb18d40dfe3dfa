package ratelimit

import (
	"slices"
	"time"
)

// What is learned about limits holds for a day. It is found anew at the price of a
// few refusals, and a vendor may have raised its limits meanwhile.
const learnedFor = 24 * time.Hour

// learnedMost is how many windows nobody configured are believed at a time.
const learnedMost = 8

// A limit found by slowing down is kept for holdWindows windows before more is tried.
const (
	holdWindows = 30
	holdLeast   = time.Minute
	holdMost    = time.Hour
)

// said is a limit the vendor named; n is 0 if it did not.
type said struct {
	n      int
	until  int64
	reason string
}

// slow is a limit found by slowing down; n is 0 if there was no need.
//
// A refusal takes n down to seven tenths. Each window without one, or each hour of
// a long window, takes it up again by a twentieth of what is configured, as far as
// the level, which is what was used when the vendor refused. There it is held; then more is tried.
type slow struct {
	n      int           // the whole window if all was tried and nothing was refused
	level  int           // 0 = not known
	hold   time.Duration // how long the level is kept
	trying bool          // it was kept long enough
	next   int64         // when n rises or the hold ends
	until  int64
	reason string
}

// learn takes from a refusal what it tells about the limits, and reports whether
// they changed.
func (l *Limiter) learn(now, sent int64, t Throttle) bool {
	n := l.lane(t.Class)
	var suspect *ring
	told, places := false, false
	for _, w := range t.Limits {
		switch {
		case w.N < 1:
		case w.Per <= 0:
			places = true
			told = l.learnPlaces(now, w.N, t.Reason) || told
		default:
			if r := l.named(now, n, w); r != nil {
				suspect = r
				told = r.tell(now, w.N, t.Reason) || told
			}
		}
	}
	if told {
		return true
	}
	if slices.ContainsFunc(n.rings, func(r *ring) bool { return sent < r.cutAt }) {
		return false // it was on its way when a limit was lowered, and says nothing new
	}
	if suspect == nil && !places {
		suspect = suspected(now, n.rings)
	}
	if suspect != nil {
		suspect.cut(now, max(now, l.pausedUntil), t.Reason)
	}
	return suspect != nil
}

// named returns the window that the vendor speaks of: of those of that length the
// one with the closest limit that is not lower, else a new one, else nil: a vendor
// that names another length each time is not believed without end.
func (l *Limiter) named(now int64, n *lane, w Window) *ring {
	var best *ring
	for _, r := range n.rings {
		if r.window.Per == w.Per && (best == nil || near(r.window.N, best.window.N, w.N)) {
			best = r
		}
	}
	if best == nil && l.learnedWindows() < learnedMost {
		best = l.addRing(now, n, Window{N: w.N, Per: w.Per})
	}
	return best
}

// near tells whether a is closer above n than b, or closer at all if b is below.
func near(a, b, n int) bool {
	if (a >= n) != (b >= n) {
		return a >= n
	}
	return (a < b) == (a >= n)
}

// suspected returns the window that was most likely exceeded: the one used most,
// or the shortest if none is used to the half. What a window of an hour or more
// has lost comes back so late that work is parked, so it is suspected only once
// the shorter ones are down to a quarter and requests are refused nevertheless.
func suspected(now int64, rings []*ring) (suspect *ring) {
	ratio := func(r *ring) float64 { return float64(r.used()) / float64(r.limit) }
	short := func(r *ring) bool { return r.window.Per < time.Hour }
	spare := slices.ContainsFunc(rings, func(r *ring) bool { return short(r) && r.limit > max(r.window.N/4, 1) })
	for _, r := range rings {
		r.prune(now)
		switch {
		case spare && !short(r):
		case suspect == nil:
			suspect = r
		case max(ratio(r), ratio(suspect)) < 0.5, ratio(r) == ratio(suspect):
			if r.per < suspect.per {
				suspect = r
			}
		case ratio(r) > ratio(suspect):
			suspect = r
		}
	}
	return suspect
}

// tell sets the limit that the vendor named, and reports whether that lowers it.
func (r *ring) tell(now int64, n int, reason string) bool {
	lower := n < r.limit || r.learned && r.said.n == 0
	if r.learned {
		r.window.N = n
	}
	if n < r.window.N || r.learned {
		r.said = said{n: n, until: now + int64(learnedFor), reason: reason}
	}
	if lower {
		r.cutAt = now
	}
	return lower
}

// cut lowers the limit after a refusal for which the vendor named none that is
// lower. from is when requests go on.
func (r *ring) cut(now, from int64, reason string) {
	r.prune(now)
	s := slow{
		n: max(r.limit*7/10, 1), level: r.slow.level, hold: max(r.slow.hold, r.shortHold()),
		next: from + r.rest(), until: now + int64(learnedFor), reason: reason,
	}
	if 2*r.used() >= r.limit { // else the refusal has another cause than what is used here
		s.level = max(r.used()-1, 1)
		s.n = min(s.n, s.level)
		s.hold = r.shortHold()
		if r.slow.level > 0 && abs(s.level-r.slow.level) <= r.step() {
			s.hold = min(2*r.slow.hold, holdMost)
		}
	}
	if s.n == s.level {
		s.next = from + int64(s.hold)
	}
	s.trying = s.level < s.n
	r.slow, r.cutAt = s, now
}

func (r *ring) shortHold() time.Duration {
	if r.window.Per > holdMost/holdWindows {
		return holdMost
	}
	return max(holdWindows*r.window.Per, holdLeast)
}

// rest returns how long a limit is left as it is before it is raised.
func (r *ring) rest() int64 { return min(r.per, int64(holdMost)) }

func (r *ring) step() int { return max(r.window.N/20, 1) }

func abs(n int) int { return max(n, -n) }

// recover raises the limit by the time that has passed, and forgets what is too old.
func (r *ring) recover(now int64) {
	if r.said.n > 0 && r.said.until <= now {
		r.said = said{}
	}
	s := &r.slow
	if s.n > 0 && s.until <= now {
		*s = slow{}
	}
	for s.n > 0 && s.next <= now {
		if s.n == s.level && !s.trying {
			s.trying = true
		}
		s.n += r.step()
		wait := r.rest()
		if !s.trying && s.n >= s.level {
			s.n, wait = s.level, int64(s.hold)
		}
		if s.next += wait; s.n >= r.window.N { // all is allowed again; the level is still worth knowing
			s.n, s.next = r.window.N, never
		}
	}
}

// lowered returns the limit that was learned: how high, until when, and why.
func (r *ring) lowered() (n int, until int64, reason string) {
	switch {
	case r.said.n > 0 && (r.slow.n == 0 || r.said.n <= r.slow.n || r.slow.n == r.window.N):
		return r.said.n, r.said.until, r.said.reason
	case r.slow.n > 0 && r.slow.n < r.window.N:
		return r.slow.n, r.slow.until, r.slow.reason
	default:
		return r.window.N, never, ""
	}
}

// slowed tells whether the limit is one found by slowing down, which rises again.
func (r *ring) slowed() bool {
	return r.slow.n > 0 && r.slow.n < r.window.N && (r.said.n == 0 || r.slow.n < r.said.n)
}

// nextChange returns when recover has something to do.
func (r *ring) nextChange() int64 {
	at := int64(never)
	if r.said.n > 0 {
		at = r.said.until
	}
	if r.slow.n > 0 {
		at = min(at, r.slow.next, r.slow.until)
	}
	return at
}

// adapt brings the limits to what is learned now.
func (l *Limiter) adapt(now int64) {
	l.adaptAt = never
	if l.places.n > 0 && l.places.until <= now {
		l.places = said{}
	}
	l.concurrency = l.configured
	if l.places.n > 0 {
		l.adaptAt = l.places.until
		l.concurrency = l.places.n
	}
	for r := range l.rings() {
		r.recover(now)
		l.adaptAt = min(l.adaptAt, r.nextChange())
		if n, _, _ := r.lowered(); n != r.limit {
			r.limit = n
			r.repace(l.instant(now))
		}
	}
	l.dropRings()
}

// learnPlaces sets how many requests the vendor lets be in flight, and reports
// whether that is fewer than before.
func (l *Limiter) learnPlaces(now int64, n int, reason string) bool {
	if l.configured > 0 && n >= l.configured {
		return false
	}
	fewer := l.concurrency == 0 || n < l.concurrency
	l.places = said{n: n, until: now + int64(learnedFor), reason: reason}
	return fewer
}

// Throttle is a vendor's refusal of a request for having come too early.
type Throttle struct {
	Class  string        // of the refused request
	Sent   time.Time     // when the refused request got its permit; zero = now
	Wait   time.Duration // until requests may go on
	Reason string        // for people, without secrets
	// Limits are what the vendor says its limits are; none = it did not say. A
	// window without a length is a limit of requests in flight.
	Limits []Window
}

// Throttled pauses as [Limiter.PauseFor] does and slows down: to the limits the
// vendor names if they are lower than those configured, for a day; else by itself,
// in the window that was most likely exceeded. The returned error says that this
// holds but could not be stored; it is classified Transient.
func (l *Limiter) Throttled(t Throttle) error {
	l.mu.Lock()
	now := l.now()
	sent := now
	if !t.Sent.IsZero() {
		sent = int64(t.Sent.Sub(l.start))
	}
	l.countThrottle(now)
	changed := l.pause(now, now+int64(t.Wait), t.Reason)
	if l.learn(now, sent, t) {
		changed = true
		l.adapt(now)
	}
	if changed {
		l.dispatch(now)
	}
	l.mu.Unlock()
	if !changed {
		return nil
	}
	return l.storePause()
}
