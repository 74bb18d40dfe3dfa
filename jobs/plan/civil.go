package plan

import (
	"time"

	"exporter/record"
)

// civil is a day on a calendar, without a zone.
type civil struct {
	y int
	m time.Month
	d int
}

func civilOf(t time.Time, zone *time.Location) civil {
	y, m, d := t.In(zone).Date()
	return civil{y, m, d}
}

func (c civil) utc() time.Time { return time.Date(c.y, c.m, c.d, 0, 0, 0, 0, time.UTC) }

func (c civil) add(days int) civil { return civilOf(c.utc().AddDate(0, 0, days), time.UTC) }

func (c civil) addMonths(n int) civil {
	first := civilOf(time.Date(c.y, c.m+time.Month(n), 1, 0, 0, 0, 0, time.UTC), time.UTC)
	last := civilOf(time.Date(c.y, c.m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC), time.UTC)
	first.d = min(c.d, last.d)
	return first
}

func (c civil) before(o civil) bool { return c.utc().Before(o.utc()) }

func (c civil) weekday() time.Weekday { return c.utc().Weekday() }

// firstInstant is [FirstInstant] of an hour of the day.
func firstInstant(c civil, hour int, zone *time.Location) time.Time {
	return FirstInstant(c.utc().Add(time.Duration(hour)*time.Hour), zone)
}

// FirstInstant returns the first instant of the zone at or after which its wall
// clock has reached a reading, which is given as if it were UTC. Where a change
// skips that reading (or the whole day) this is the change itself; where the
// reading occurs twice, the first of both.
func FirstInstant(want time.Time, zone *time.Location) time.Time {
	reached := func(t time.Time) bool {
		_, off := t.In(zone).Zone()
		return !t.Add(time.Duration(off) * time.Second).Before(want)
	}
	// Offsets lie within 26 hours around UTC; walk to the zone changes in between.
	t := want.Add(-26 * time.Hour)
	for {
		end := record.NextShift(t.In(zone))
		_, off := t.In(zone).Zone()
		at := want.Add(-time.Duration(off) * time.Second)
		switch {
		case reached(t):
			return t.UTC()
		case end.IsZero() || at.Before(end):
			return at.UTC()
		}
		t = end
	}
}
