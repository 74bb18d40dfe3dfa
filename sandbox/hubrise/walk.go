package hubrise

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
)

// span is a half-open time: from <= created < to, in seconds.
type span struct{ from, to int64 }

var always = span{math.MinInt64, math.MaxInt64}

// named is an order with its id, which orders those of one second.
type named struct {
	ref
	id string
}

func compare(a, b named) int {
	return cmp.Or(cmp.Compare(a.created, b.created), strings.Compare(a.id, b.id))
}

// walk yields the orders of locations within a span that are there by now, by created and id.
func (w *world) walk(locations []*location, in span, backwards bool) iter.Seq[named] {
	in.from = max(in.from, w.first.Unix()-2*86_400)
	in.to = min(in.to, w.now().Unix()+1)
	return func(yield func(named) bool) {
		var heads []*head
		for _, l := range locations {
			if h := w.head(l, in, backwards); h.step() {
				heads = append(heads, h)
			}
		}
		for len(heads) > 0 {
			second := heads[0].at.created
			for _, h := range heads {
				if (h.at.created < second) != backwards && h.at.created != second {
					second = h.at.created
				}
			}
			var together []named
			for _, h := range heads {
				for !h.done && h.at.created == second {
					together = append(together, named{h.at, w.id(h.at)})
					h.step()
				}
			}
			heads = slices.DeleteFunc(heads, func(h *head) bool { return h.done })
			slices.SortFunc(together, func(a, b named) int {
				if backwards {
					a, b = b, a
				}
				return compare(a, b)
			})
			for _, o := range together {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// head is the next order of one location.
type head struct {
	w         *world
	in        span
	backwards bool
	day       day
	i         int
	at        ref
	done      bool
}

func (w *world) head(l *location, in span, backwards bool) *head {
	h := &head{w: w, in: in, backwards: backwards}
	if backwards {
		h.day = w.day(l, min(w.dayOf(l, in.to-1), w.days()-1))
		h.i = h.day.since(in.to)
	} else {
		h.day = w.day(l, max(w.dayOf(l, in.from), 0))
		h.i = h.day.since(in.from) - 1
	}
	return h
}

// step goes to the next order and reports whether there is one.
func (h *head) step() bool {
	move := 1
	if h.backwards {
		move = -1
	}
	h.i += move
	for h.i < 0 || h.i >= h.day.count {
		n := h.day.n + move
		if n < 0 || n >= h.w.days() || h.day.start >= h.in.to || h.day.start+h.day.length < h.in.from || h.day.location.Orders <= 0 {
			h.done = true
			return false
		}
		h.day = h.w.day(h.day.location, n)
		h.i = 0
		if h.backwards {
			h.i = h.day.count - 1
		}
	}
	h.at = ref{day: h.day, i: h.i, created: h.day.created(h.i)}
	if h.at.created < h.in.from || h.at.created >= h.in.to {
		h.done = true
	}
	return !h.done
}
