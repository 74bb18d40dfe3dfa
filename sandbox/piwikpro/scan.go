package piwikpro

import "container/heap"

// view is the data as it is for all of one answer.
type view struct {
	world *world
	*snapshot
	cutoff    int64 // an instant; what began later is not there yet
	duplicate uint64
}

// span is whose rows are wanted and when they happened, on the clock of loc.
type span struct {
	sites    []*site
	clock    clock
	from, to int64 // wall clock; to is exclusive
}

// stream yields the sessions of a site that begin on a day, by ascending id.
type stream struct {
	site         *site
	day          int
	seed         uint64
	start, end   int64 // instants
	cutoff       int64
	version      uint64
	width        uint64
	next         uint64 // place
	duplicates   uint64
	showOld      bool // an enriched session is there twice
	again        bool // the one at hand comes once more, as it was before
	session      session
	pastMidnight bool // only sessions that end on another day are of use
}

func (v *view) stream(s *site, day int) *stream {
	key := dayOf{s.n, day}
	st := &stream{
		site: s, day: day, seed: mix(s.seed, uint64(day)), start: startOf(day, s.loc), end: startOf(day+1, s.loc),
		cutoff: v.cutoff, version: v.versions[key], showOld: v.doubled[key], duplicates: v.duplicate,
	}
	if s.strata > 0 {
		st.width = ^uint64(0) / s.strata
	}
	return st
}

// advance moves on to the next session and reports whether there is one.
func (st *stream) advance() bool {
	if st.again {
		st.again = false
		st.session.made = 0
		st.session.version = st.version
		return true
	}
	for ; st.next < st.site.strata; st.next++ {
		n := st.next
		if !present(n, st.version) {
			continue
		}
		h := mix(st.seed, n)
		start := st.start + int64(mix(h, 1)%uint64(st.end-st.start))
		if start > st.cutoff {
			continue
		}
		if st.pastMidnight && start+maxLength < st.end {
			continue
		}
		st.next++
		s := &st.session
		s.site, s.h, s.n, s.version, s.day, s.start = st.site, h, n, st.version, st.day, start
		s.id = n*st.width + mix(h, 2)%st.width
		s.visitor = mix(h, 3) % st.site.pool
		s.made = 0
		if st.showOld && st.version > 0 && enriched(h, st.version) && present(n, st.version-1) {
			s.version--
			st.again = true
		} else if st.duplicates > 0 && n%st.duplicates == 0 {
			st.again = true
		}
		return true
	}
	return false
}

// streams is a heap of streams by the id of the session at hand.
type streams []*stream

func (m streams) Len() int           { return len(m) }
func (m streams) Less(i, j int) bool { return m[i].session.id < m[j].session.id }
func (m streams) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

// Push implements heap.Interface.
func (m *streams) Push(any) { panic("streams only leave") }

// Pop implements heap.Interface.
func (m *streams) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// sessions yields the sessions that may have something in the span, by ascending
// id; spill includes those of the day before that go past midnight. The session
// is only good until the next one. With another shuffle than 0 the order is another.
func (v *view) sessions(sp *span, spill bool, shuffle uint64, yield func(*session) bool) {
	all := v.streamsOf(sp, spill)
	if shuffle != 0 {
		for i := range all {
			j := mix(shuffle, uint64(i)) % uint64(len(all))
			all[i], all[j] = all[j], all[i]
		}
		for _, st := range all {
			if !st.turned(shuffle, yield) {
				return
			}
		}
		return
	}
	var m streams
	for _, st := range all {
		if st.advance() {
			m = append(m, st)
		}
	}
	heap.Init(&m)
	for len(m) > 0 {
		if !yield(&m[0].session) {
			return
		}
		if m[0].advance() {
			heap.Fix(&m, 0)
		} else {
			heap.Pop(&m)
		}
	}
}

// turned yields the sessions from some place on, then those before it.
func (st *stream) turned(shuffle uint64, yield func(*session) bool) bool {
	if st.site.strata == 0 {
		return true
	}
	turn := mix(shuffle, st.seed) % st.site.strata
	for _, part := range [2][2]uint64{{turn, st.site.strata}, {0, turn}} {
		st.next = part[0]
		for st.advance() {
			if st.session.n >= part[1] {
				st.again = false
				break
			}
			if !yield(&st.session) {
				return false
			}
		}
	}
	return true
}

// streamsOf returns a stream for each day of each site that may have something in the span.
func (v *view) streamsOf(sp *span, spill bool) []*stream {
	first, last := v.world.days()
	const widest = 14 * 3600 // of two time zones from each other, and from UTC
	var out []*stream
	for _, s := range sp.sites {
		from, to := int(floorDiv(sp.from-2*widest, secondsOfDay)), int(floorDiv(sp.to+2*widest, secondsOfDay))
		if s.loc == sp.clock.loc {
			from, to = int(floorDiv(sp.from, secondsOfDay)), int(floorDiv(sp.to-1, secondsOfDay))
		}
		if spill {
			from--
		}
		for day := max(from, first); day <= to && day < last; day++ {
			st := v.stream(s, day)
			st.pastMidnight = spill && s.loc == sp.clock.loc && day == from
			out = append(out, st)
		}
	}
	return out
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

func (sp *span) has(at int64) bool {
	wall := sp.clock.wall(at)
	return wall >= sp.from && wall < sp.to
}
