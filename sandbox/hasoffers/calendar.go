package hasoffers

import (
	"slices"
	"sort"
	"time"
)

// calendar maps between instants (Unix seconds) and the network's wall clock
// ("wall seconds": the Unix seconds of the same digits read as UTC).
type calendar struct {
	days     []int64   // instants of local midnights; the last one ends the data
	segments []segment // ascending, contiguous, without bounds on both sides
}

// segment is a stretch of time with one offset from UTC.
type segment struct {
	from, to int64 // instants
	offset   int64 // wall = instant + offset
}

const (
	minInstant = -1 << 50
	maxInstant = 1 << 50
)

func newCalendar(first time.Time, days int) *calendar {
	c := &calendar{days: make([]int64, days+1)}
	y, m, d := first.Date()
	for i := range c.days {
		c.days[i] = time.Date(y, m, d+i, 0, 0, 0, 0, first.Location()).Unix()
	}
	end := c.days[days] + 86400
	for t := first.AddDate(0, 0, -1); ; {
		before := t
		_, to := t.ZoneBounds()
		_, offset := t.Zone()
		s := segment{from: minInstant, to: maxInstant, offset: int64(offset)}
		if n := len(c.segments); n > 0 {
			s.from = c.segments[n-1].to
		}
		if !to.IsZero() && to.Unix() < end {
			s.to = to.Unix()
		}
		c.segments = append(c.segments, s)
		if s.to == maxInstant {
			return c
		}
		if t = to; !t.After(before) { // where Go has a zone's rule and no table, its leap years end a day early
			t = before.Add(24 * time.Hour)
			c.segments[len(c.segments)-1].to = t.Unix()
		}
	}
}

// at returns the segment of an instant.
func (c *calendar) at(instant int64) segment {
	i := sort.Search(len(c.segments), func(i int) bool { return c.segments[i].to > instant })
	return c.segments[i]
}

func (c *calendar) wall(instant int64) int64 { return instant + c.at(instant).offset }

// span is a half-open range of numbers.
type span struct{ from, to int64 }

func (s span) has(x int64) bool { return s.from <= x && x < s.to }

// instants returns the stretches of time during which the wall clock shows a time of w, ascending.
func (c *calendar) instants(w span) []span {
	var out []span
	for _, s := range c.segments {
		part := span{max(s.from, w.from-s.offset), min(s.to, w.to-s.offset)}
		if part.from >= part.to {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to == part.from {
			out[n-1].to = part.to
			continue
		}
		out = append(out, part)
	}
	return out
}

// repeats reports whether w touches an hour that the wall clock shows twice: there wall order is not time order.
func (c *calendar) repeats(w span) bool {
	for i := 1; i < len(c.segments); i++ {
		before, after := c.segments[i-1], c.segments[i]
		twice := span{before.to + after.offset, before.to + before.offset}
		if max(twice.from, w.from) < min(twice.to, w.to) {
			return true
		}
	}
	return false
}

// day returns the number of the day that holds an instant, limited to the days of the data.
func (c *calendar) day(instant int64) int {
	i, found := slices.BinarySearch(c.days, instant)
	if !found {
		i--
	}
	return min(max(i, 0), len(c.days)-2)
}
