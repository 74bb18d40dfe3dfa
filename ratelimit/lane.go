package ratelimit

import "slices"

// lane is the way of a class of requests through its windows.
type lane struct {
	class string
	rings []*ring   // the general ones, then its own
	out   int       // slots of its requests without an answer
	full  [2]uint64 // the round in which its own windows were used up: for all, and for whoever leaves a reserve
}

// lane returns the way of a class; one without windows of its own goes the general way.
func (l *Limiter) lane(class string) *lane {
	if n, ok := l.lanes[class]; ok {
		return n
	}
	return &l.common
}

// own returns the windows that the requests of n have for themselves.
func (l *Limiter) own(n *lane) []*ring { return n.rings[len(l.common.rings):] }

// addRing makes a window that was learned hold for n, or for all if n has no
// windows of its own. It remembers what the longest of its neighbours does.
func (l *Limiter) addRing(now int64, n *lane, w Window) *ring {
	general := len(l.own(n)) == 0
	class, neighbours, out := n.class, l.own(n), n.out
	if general {
		class, neighbours, out = "", l.common.rings, l.out()
	}
	r := newRing(class, w)
	r.learned = true
	r.remember(now, neighbours)
	r.out = out
	l.place(r, n)
	return r
}

// learnedWindows counts the windows that nobody configured.
func (l *Limiter) learnedWindows() (n int) {
	for r := range l.rings() {
		if r.learned {
			n++
		}
	}
	return n
}

// place puts r behind the windows of its class, where n leads.
func (l *Limiter) place(r *ring, n *lane) {
	if r.class != "" {
		n.rings = append(n.rings, r)
		return
	}
	at := len(l.common.rings)
	l.common.rings = append(l.common.rings, r)
	for _, n := range l.lanes {
		own := n.rings[at:]
		n.rings = append(l.common.rings[:at+1:at+1], own...)
	}
}

// out returns how many slots the requests without an answer hold.
func (l *Limiter) out() int {
	out := l.common.out
	for _, n := range l.lanes {
		out += n.out
	}
	return out
}

// dropRings takes away the learned windows that nothing keeps any more.
func (l *Limiter) dropRings() {
	gone := func(r *ring) bool { return r.learned && r.said.n == 0 }
	if !slices.ContainsFunc(slices.Collect(l.rings()), gone) {
		return
	}
	for _, n := range l.lanes {
		n.rings = without(n.rings, gone)
	}
	l.common.rings = without(l.common.rings, gone)
}

// without returns list without what is gone, in memory of its own: lanes share theirs.
func without(list []*ring, gone func(*ring) bool) []*ring {
	var kept []*ring
	for _, r := range list {
		if !gone(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// rings yields every ring once.
func (l *Limiter) rings() func(yield func(*ring) bool) {
	return func(yield func(*ring) bool) {
		for _, r := range l.common.rings {
			if !yield(r) {
				return
			}
		}
		for _, n := range l.lanes {
			for _, r := range l.own(n) {
				if !yield(r) {
					return
				}
			}
		}
	}
}
