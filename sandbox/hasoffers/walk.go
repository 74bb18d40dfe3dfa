package hasoffers

import "slices"

// ref names a row: its id and when it happened.
type ref struct{ id, at int64 }

// walker hands out the rows of a window one by one, in its order.
type walker interface {
	next() (r ref, ok bool)
	skip(k int64) // the next k rows, by arithmetic where it can
}

// idWalk goes through ordinals in id order and keeps those whose slot is in one of the slots.
type idWalk struct {
	s     *series
	n, to int64
	slots []span // ascending
}

func newIDWalk(s *series, ordinals span, slots []span) *idWalk {
	w := &idWalk{s: s, slots: slots}
	if len(slots) == 0 {
		return w
	}
	w.n = max(ordinals.from, slots[0].from/blockSize*blockSize)
	w.to = min(ordinals.to, (slots[len(slots)-1].to+blockSize-1)/blockSize*blockSize, s.total)
	return w
}

func (w *idWalk) next() (ref, bool) {
	for ; w.n < w.to; w.n++ {
		slot := w.s.slot(w.n)
		for _, part := range w.slots {
			if part.has(slot) {
				r := ref{w.s.id(w.n), w.s.instant(slot)}
				w.n++
				return r, true
			}
		}
	}
	return ref{}, false
}

func (w *idWalk) skip(k int64) {
	for k > 0 {
		if blocks := min(k, w.to-w.n, w.ahead()) / blockSize; blocks > 0 && w.n%blockSize == 0 {
			w.n += blocks * blockSize
			k -= blocks * blockSize
			continue
		}
		if _, ok := w.next(); !ok {
			return
		}
		k--
	}
}

// ahead returns for how many ordinals from here on every row is in the slots, if n begins a block.
func (w *idWalk) ahead() int64 {
	for _, part := range w.slots {
		if part.has(w.n) {
			return part.to - w.n
		}
	}
	return 0
}

// timeWalk goes through one range of slots in time order; rows of one second come in id order.
type timeWalk struct {
	s       *series
	slots   span    // still to come
	first   int64   // first slot of the window
	drop    int64   // rows of the next second to leave out
	buf     []int64 // ordinals of one second
	second  []int64 // the part of buf still to come
	instant int64
}

func newTimeWalk(s *series, slots span) *timeWalk {
	return &timeWalk{s: s, slots: slots, first: slots.from}
}

func (w *timeWalk) next() (ref, bool) {
	if len(w.second) == 0 && !w.load() {
		return ref{}, false
	}
	n := w.second[0]
	w.second = w.second[1:]
	return ref{w.s.id(n), w.instant}, true
}

// load collects the ordinals of the next second.
func (w *timeWalk) load() bool {
	if w.slots.from >= w.slots.to {
		return false
	}
	w.instant = w.s.instant(w.slots.from)
	w.buf = w.buf[:0]
	for w.slots.from < w.slots.to && w.s.instant(w.slots.from) == w.instant {
		w.buf = append(w.buf, w.s.slot(w.slots.from))
		w.slots.from++
	}
	slices.Sort(w.buf)
	w.second = w.buf[w.drop:]
	w.drop = 0
	return true
}

func (w *timeWalk) skip(k int64) {
	for ; k > 0 && len(w.second) > 0; k-- {
		w.second = w.second[1:]
	}
	to := w.slots.from + k
	if k == 0 {
		return
	}
	if to >= w.slots.to {
		w.slots.from = w.slots.to
		return
	}
	instant := w.s.instant(to)
	for to > w.first && w.s.instant(to-1) == instant {
		to--
		w.drop++
	}
	w.slots.from = to
}

// listWalk hands out a list.
type listWalk []ref

func (w *listWalk) next() (ref, bool) {
	if len(*w) == 0 {
		return ref{}, false
	}
	r := (*w)[0]
	*w = (*w)[1:]
	return r, true
}

func (w *listWalk) skip(k int64) { *w = (*w)[min(k, int64(len(*w))):] }

// mergeWalk is a base walk with rows taken out and rows put in.
type mergeWalk struct {
	base  walker
	gone  map[int64]bool
	added []ref // in the order of less
	less  func(a, b ref) bool

	held  ref
	holds bool
}

func (w *mergeWalk) next() (ref, bool) {
	for !w.holds {
		r, ok := w.base.next()
		if !ok {
			break
		}
		if !w.gone[r.id] {
			w.held, w.holds = r, true
		}
	}
	if len(w.added) > 0 && (!w.holds || w.less(w.added[0], w.held)) {
		r := w.added[0]
		w.added = w.added[1:]
		return r, true
	}
	r, ok := w.held, w.holds
	w.holds = false
	return r, ok
}

func (w *mergeWalk) skip(k int64) {
	for ; k > 0; k-- {
		if _, ok := w.next(); !ok {
			return
		}
	}
}
