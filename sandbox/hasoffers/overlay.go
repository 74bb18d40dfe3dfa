package hasoffers

import (
	"maps"
	"slices"
	"sort"
)

// overlay holds what happened to a network's rows since they were made. It is
// never changed: a drift makes a new one, and a call keeps the one it began with.
type overlay struct {
	edits map[int64]edit
	gone  map[int64]bool
	added []addition // ascending by id
	cells int64      // ordinals below this own no more ids for additions
	marks int64      // drifts so far
}

// edit is the latest change of a row.
type edit struct {
	version int64 // number of changes
	at      int64 // instant of the latest
}

type addition struct {
	ref
	manual bool  // made by a person, with a date of its own
	made   int64 // instant of its making
}

func (o *overlay) clone() *overlay {
	c := &overlay{edits: maps.Clone(o.edits), gone: maps.Clone(o.gone), added: slices.Clone(o.added), cells: o.cells, marks: o.marks + 1}
	if c.edits == nil {
		c.edits, c.gone = map[int64]edit{}, map[int64]bool{}
	}
	return c
}

// addition returns the added row with an id.
func (o *overlay) addition(id int64) (addition, bool) {
	i := sort.Search(len(o.added), func(i int) bool { return o.added[i].id >= id })
	if i < len(o.added) && o.added[i].id == id {
		return o.added[i], true
	}
	return addition{}, false
}

// view is a network at one moment: what a call sees from its beginning to its end.
type view struct {
	*series
	ov  *overlay
	end int64 // first slot that has not happened yet
	now int64
}

// window limits rows by wall time and by id; both half open.
type window struct{ wall, ids span }

var everything = window{wall: span{minInstant, maxInstant}, ids: span{0, maxInstant}}

// find returns the row with an id.
func (v view) find(id int64) (ref, bool) {
	if v.ov.gone[id] {
		return ref{}, false
	}
	if a, ok := v.ov.addition(id); ok {
		return a.ref, true
	}
	n, ok := v.ordinal(id)
	if !ok || v.slot(n) >= v.end {
		return ref{}, false
	}
	return ref{id, v.instant(v.slot(n))}, true
}

func (v view) ordinals(w window) span {
	return span{v.firstOrdinal(w.ids.from), v.firstOrdinal(w.ids.to)}
}

// count returns the number of rows in w, without reading them.
func (v view) count(w window) int64 {
	return v.countIn(v.cal.instants(w.wall), w.ids)
}

func (v view) countIn(times []span, ids span) int64 {
	total := int64(0)
	ordinals := v.ordinals(window{ids: ids})
	for _, part := range v.slots(times, v.end) {
		total += v.series.count(ordinals, part)
	}
	for id := range v.ov.gone {
		if n, ok := v.ordinal(id); ok && ids.has(id) && v.slot(n) < v.end && within(times, v.instant(v.slot(n))) {
			total--
		}
	}
	return total + int64(len(v.addedIn(times, ids)))
}

func within(times []span, instant int64) bool {
	return slices.ContainsFunc(times, func(t span) bool { return t.has(instant) })
}

// addedIn returns the added rows in the given times and ids that were not deleted, by id.
func (v view) addedIn(times []span, ids span) []ref {
	var out []ref
	for _, a := range v.ov.added {
		if ids.has(a.id) && within(times, a.at) && !v.ov.gone[a.id] {
			out = append(out, a.ref)
		}
	}
	return out
}

// byID walks the rows of w in id order.
func (v view) byID(w window) walker {
	times := v.cal.instants(w.wall)
	base := newIDWalk(v.series, v.ordinals(w), v.slots(times, v.end))
	return v.overlaid(base, v.addedIn(times, w.ids), func(a, b ref) bool { return a.id < b.id })
}

// byTime walks the rows of a stretch of time in the order of time and id.
func (v view) byTime(t span) walker {
	times := []span{t}
	before := func(a, b ref) bool { return a.at < b.at || a.at == b.at && a.id < b.id }
	added := v.addedIn(times, everything.ids)
	sort.Slice(added, func(i, j int) bool { return before(added[i], added[j]) })
	var base walker = new(listWalk)
	if slots := v.slots(times, v.end); len(slots) > 0 {
		base = newTimeWalk(v.series, slots[0])
	}
	return v.overlaid(base, added, before)
}

func (v view) overlaid(base walker, added []ref, less func(a, b ref) bool) walker {
	if len(added) == 0 && len(v.ov.gone) == 0 {
		return base
	}
	return &mergeWalk{base: base, gone: v.ov.gone, added: added, less: less}
}
