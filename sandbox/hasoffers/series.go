package hasoffers

import (
	"sort"
	"time"
)

// blockSize rows change places among each other between id order and time
// order, so that a client cannot take one for the other. A power of two.
const blockSize = 8

// series is the undisturbed sequence of a network's conversions, computed and
// never stored. A row has two positions: its ordinal n in id order and its slot s
// in time order. Both lie in the same block of [blockSize]; s = n XOR a mask of
// the block, so each is computed from the other, and windows of id and of time
// are counted by arithmetic.
type series struct {
	seed    uint64
	cal     *calendar
	perDay  int64
	total   int64 // rows
	firstID int64
	gap     int64 // every ordinal owns so many ids and uses one
}

// farDays is how far ahead the calendar of a network without an end is laid out.
const farDays = 3660

func newSeries(seed uint64, p parsed) *series {
	days := p.Days
	if days == 0 {
		days = int(max(p.now().Sub(p.firstDay).Hours(), 0)/24) + farDays
	}
	s := &series{
		seed: seed, cal: newCalendar(p.firstDay, days),
		perDay: int64(p.RowsPerDay), firstID: p.FirstID, gap: p.IDGap,
	}
	s.total = int64(days) * s.perDay
	return s
}

// mix is splitmix64: a well spread function of its arguments.
func mix(a, b uint64) uint64 {
	x := a + b*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *series) id(n int64) int64 {
	return s.firstID + n*s.gap + int64(mix(s.seed, uint64(n))%uint64(s.gap))
}

// ordinal returns the row with an id, if there is one.
func (s *series) ordinal(id int64) (n int64, ok bool) {
	if id < s.firstID {
		return 0, false
	}
	n = (id - s.firstID) / s.gap
	return n, n < s.total && s.id(n) == id
}

// firstOrdinal returns the first ordinal whose id is at least id.
func (s *series) firstOrdinal(id int64) int64 {
	if id <= s.firstID {
		return 0
	}
	n := (id - s.firstID) / s.gap
	if n < s.total && s.id(n) < id {
		n++
	}
	return min(n, s.total)
}

// slot turns an ordinal into a slot and, being its own inverse, a slot into an ordinal.
func (s *series) slot(n int64) int64 {
	block := n / blockSize
	if (block+1)*blockSize > s.total {
		return n
	}
	return n ^ int64(mix(s.seed+1, uint64(block))%blockSize)
}

// instant returns when the row in a slot happened; it never falls from slot to slot.
func (s *series) instant(slot int64) int64 {
	day, k := slot/s.perDay, slot%s.perDay
	if k%5 == 4 {
		k--
	}
	start := s.cal.days[day]
	length := s.cal.days[day+1] - start
	at := start + k*length/s.perDay
	if step := length / s.perDay; step > 1 {
		at += int64(mix(s.seed+2, uint64(day*s.perDay+k)) % uint64(step))
	}
	return at
}

// firstSlot returns the first slot that happened at instant or later.
func (s *series) firstSlot(instant int64) int64 {
	if s.total == 0 || instant <= s.cal.days[0] {
		return 0
	}
	if last := len(s.cal.days) - 1; instant >= s.cal.days[last] {
		return s.total
	}
	first := int64(s.cal.day(instant)) * s.perDay
	return first + int64(sort.Search(int(s.perDay), func(k int) bool { return s.instant(first+int64(k)) >= instant }))
}

// slots returns the slots of stretches of time, limited to those below end.
func (s *series) slots(times []span, end int64) []span {
	var out []span
	for _, t := range times {
		part := span{s.firstSlot(t.from), min(s.firstSlot(t.to), end)}
		if part.from < part.to {
			out = append(out, part)
		}
	}
	return out
}

// count returns how many rows of the ordinals lie in the slots.
func (s *series) count(ordinals, slots span) int64 {
	lo := max(ordinals.from/blockSize, slots.from/blockSize)
	hi := min((ordinals.to+blockSize-1)/blockSize, (slots.to+blockSize-1)/blockSize)
	inner := span{
		max((ordinals.from+blockSize-1)/blockSize, (slots.from+blockSize-1)/blockSize),
		min(ordinals.to/blockSize, slots.to/blockSize),
	}
	total := int64(0)
	for b := lo; b < hi; b++ {
		if inner.from < inner.to && b == inner.from {
			total += (inner.to - inner.from) * blockSize
			b = inner.to - 1
			continue
		}
		for n := b * blockSize; n < min((b+1)*blockSize, s.total); n++ {
			if ordinals.has(n) && slots.has(s.slot(n)) {
				total++
			}
		}
	}
	return total
}

func unixUTC(instant int64) time.Time { return time.Unix(instant, 0).UTC() }
