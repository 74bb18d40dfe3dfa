package ratelimit

import (
	"cmp"
	"slices"
	"time"
)

// learnedAhead is how far ahead the end of a stored limit can lie: more than a day
// is possible if the clock was set back, more than two is a mistake.
const learnedAhead = 2 * learnedFor

// learnedRows describes what was learned; limits that the vendor named come first,
// because a window may be known by them alone.
func (l *Limiter) learnedRows() []Learned {
	var rows []Learned
	if p := l.places; p.n > 0 {
		rows = append(rows, Learned{Limit: p.n, Until: l.wall(p.until), Reason: p.reason})
	}
	for r := range l.rings() {
		if s := r.said; s.n > 0 {
			rows = append(rows, Learned{Class: r.class, Per: r.window.Per, Limit: s.n, Until: l.wall(s.until), Reason: s.reason})
		}
		if s := r.slow; s.n > 0 {
			rows = append(rows, Learned{
				Class: r.class, Per: r.window.Per, Limit: s.n, Until: l.wall(s.until), Reason: s.reason,
				Slow: &Slowed{Level: s.level, Hold: s.hold, Trying: s.trying, Next: l.wall(s.next)},
			})
		}
	}
	slices.SortStableFunc(rows, func(a, b Learned) int { return cmp.Compare(index(a.Slow != nil), index(b.Slow != nil)) })
	return rows
}

// relearn takes over a stored row, unless it is over, absurd, or about a class or
// window that is no more.
func (l *Limiter) relearn(row Learned, saved time.Time) {
	ahead := row.Until.Sub(l.began)
	if row.Limit < 1 || row.Per < 0 || ahead <= 0 || ahead > learnedAhead {
		return
	}
	until := int64(min(ahead, row.Until.Sub(saved), learnedFor))
	n := &l.common
	if row.Class != "" {
		n = l.lanes[row.Class]
	}
	switch {
	case n == nil || until <= 0:
	case row.Per == 0:
		if l.learnPlaces(0, row.Limit, row.Reason) {
			l.places.until = until
		}
	default:
		l.relearnWindow(n, row, until, saved)
	}
}

func (l *Limiter) relearnWindow(n *lane, row Learned, until int64, saved time.Time) {
	i := slices.IndexFunc(n.rings, func(r *ring) bool { return r.class == row.Class && r.window.Per == row.Per })
	switch {
	case i < 0 && row.Slow == nil:
		r := newRing(row.Class, Window{N: row.Limit, Per: row.Per})
		r.learned, r.said = true, said{row.Limit, until, row.Reason}
		l.place(r, n)
	case i < 0:
	case row.Slow == nil:
		if r := n.rings[i]; row.Limit < r.window.N || r.learned {
			r.said = said{row.Limit, until, row.Reason}
		}
	default:
		r := n.rings[i]
		r.slow = slow{
			n: min(row.Limit, r.window.N), level: max(row.Slow.Level, 0), trying: row.Slow.Trying, until: until, reason: row.Reason,
			hold: min(max(row.Slow.Hold, r.shortHold()), holdMost),
			next: int64(min(row.Slow.Next.Sub(l.began), row.Slow.Next.Sub(saved))),
		}
	}
}
