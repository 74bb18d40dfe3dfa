// Package plan turns a job's settings and the clock into data intervals. It is
// pure: no time.Now, no I/O, the same answer for the same question.
//
// Invariants, held by property tests: the intervals of a length and zone tile
// time without gap or overlap; every bound is a first instant at which the
// zone's wall clock shows a multiple of the length counted from local midnight
// (Monday for weeks, the first for months); the doubled hour of autumn belongs
// to one interval; an hour that spring leaves out has none.
package plan

import (
	"slices"
	"time"

	"exporter/settings"
	"exporter/sources"
)

// Lengths are the interval lengths that tile a day, or whole days.
var Lengths = []string{"1h", "2h", "3h", "4h", "6h", "8h", "12h", "1d", "1w", "1mo"}

// Grid is the tiling of time by one length in one zone.
type Grid struct {
	Length settings.Duration // one of Lengths
	Zone   *time.Location
}

// Containing returns the interval that holds the instant.
func (g Grid) Containing(t time.Time) sources.Interval {
	// Bounds of the local day, week or month around t, and of its neighbours, are
	// enough: wherever a clock change falls, the interval is among them.
	bounds := g.bounds(civilOf(t, g.Zone).add(-g.reach()), civilOf(t, g.Zone).add(g.reach()))
	i, found := slices.BinarySearchFunc(bounds, t, time.Time.Compare)
	if !found {
		i--
	}
	return sources.Interval{Start: bounds[i], End: bounds[i+1]}
}

// reach is how many days around an instant its interval can extend.
func (g Grid) reach() int {
	switch g.Length.Unit {
	case settings.Month:
		return 32
	case settings.Week:
		return 8
	default:
		return 2
	}
}

// Next returns the interval after i.
func (g Grid) Next(i sources.Interval) sources.Interval { return g.Containing(i.End) }

// Previous returns the interval before i.
func (g Grid) Previous(i sources.Interval) sources.Interval {
	return g.Containing(i.Start.Add(-time.Nanosecond))
}

// Between returns the intervals that tile [from, to), oldest first. Both must be bounds.
func (g Grid) Between(from, to time.Time) []sources.Interval {
	if !from.Before(to) {
		return nil
	}
	bounds := g.bounds(civilOf(from, g.Zone).add(-g.reach()), civilOf(to, g.Zone).add(g.reach()))
	var out []sources.Interval
	for i := 0; i+1 < len(bounds); i++ {
		if !bounds[i].Before(from) && !bounds[i+1].After(to) {
			out = append(out, sources.Interval{Start: bounds[i], End: bounds[i+1]})
		}
	}
	return out
}

// bounds lists the distinct bounds of the local days first..last, ascending.
func (g Grid) bounds(first, last civil) []time.Time {
	var out []time.Time
	for day := first; !last.before(day); day = day.add(1) {
		for _, hour := range g.hours(day) {
			at := firstInstant(day, hour, g.Zone)
			if len(out) == 0 || at.After(out[len(out)-1]) {
				out = append(out, at)
			}
		}
	}
	return out
}

// hours lists the wall clock hours of a day that are bounds.
func (g Grid) hours(day civil) []int {
	switch g.Length.Unit {
	case settings.Month:
		if day.d != 1 {
			return nil
		}
	case settings.Week:
		if day.weekday() != time.Monday {
			return nil
		}
	case settings.Hour:
		var h []int
		for k := 0; k < 24; k += g.Length.N {
			h = append(h, k)
		}
		return h
	default:
	}
	return []int{0}
}
