package ratelimit

import (
	"cmp"
	"slices"
)

// backfillEvery is how many permits others get while a backfill waits before it
// gets one.
const backfillEvery = 9

// backfillsTurn tells whether the next permit is a backfill's, if one waits.
func (l *Limiter) backfillsTurn() bool { return l.turn >= backfillEvery }

func (l *Limiter) backfillWaits() bool {
	return slices.ContainsFunc(l.queue, func(w *waiter) bool { return w.backfill })
}

// next returns the place in the queue of who is to be served next, -1 if all who
// wait have a class that is used up. Scheduled work goes before backfills, but
// every tenth permit; among equals the job that was served longest ago, then
// whoever waits longest.
func (l *Limiter) next() int {
	best := [2]int{-1, -1}
	for i, w := range l.queue {
		b := &best[index(w.backfill)]
		if !l.passed(w) && (*b < 0 || w.user.served < l.queue[*b].user.served) {
			*b = i
		}
	}
	first := index(l.backfillsTurn())
	if best[first] >= 0 {
		return best[first]
	}
	return best[1-first]
}

// passed tells whether the class of w was found used up in this round.
func (l *Limiter) passed(w *waiter) bool {
	return w.lane.full[0] == l.round || w.backfill && !l.backfillsTurn() && w.lane.full[1] == l.round
}

func index(second bool) int {
	if second {
		return 1
	}
	return 0
}

// inOrder returns who waits, in the order in which they will be served if no class
// is used up, and sets who of them leaves a reserve.
func (l *Limiter) inOrder() []*waiter {
	for _, w := range l.queue {
		w.user.rank = [2]int{}
	}
	l.order = append(l.order[:0], l.queue...)
	for _, w := range l.queue {
		w.rank = w.user.rank[index(w.backfill)]
		w.user.rank[index(w.backfill)]++
	}
	slices.SortStableFunc(l.order, func(a, b *waiter) int {
		return cmp.Or(cmp.Compare(index(a.backfill), index(b.backfill)), cmp.Compare(a.rank, b.rank), cmp.Compare(a.user.served, b.user.served))
	})
	return l.interleave(l.order)
}

// interleave moves backfills, which stand at the end of list, to the permits that are theirs.
func (l *Limiter) interleave(list []*waiter) []*waiter {
	first := slices.IndexFunc(list, func(w *waiter) bool { return w.backfill })
	if first < 0 {
		return list
	}
	turn := l.turn
	for i, b := 0, first; b < len(list); i++ {
		switch {
		case i == b: // only backfills are left
			list[b].spare = turn < backfillEvery
			turn = 0
			b++
		case turn >= backfillEvery:
			w := list[b]
			copy(list[i+1:b+1], list[i:b])
			list[i], w.spare, turn = w, false, 0
			b++
		default:
			turn++
		}
	}
	return list
}
