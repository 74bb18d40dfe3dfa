package record

import "time"

// farthest is how far clocks are looked at for a change.
const farthest = 30 * 365 * 24 * time.Hour

// NextShift returns the next instant after t at which clocks of t's zone are moved,
// zero if there is none that is known.
//
// It stands in for [time.Time.ZoneBounds], which, for zones of which Go has the rule
// and not a table (its own zone database, as in a container; systems beyond
// 2037), ends every year as if clocks were moved, and a leap year a day too early:
// a walk from bound to bound does not end then.
func NextShift(t time.Time) time.Time {
	_, offset := t.Zone()
	for at := t; at.Sub(t) < farthest; {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			return time.Time{}
		}
		if !end.After(at) {
			end = at.Add(24 * time.Hour)
		}
		if _, moved := end.Zone(); moved != offset {
			return shiftIn(at, end)
		}
		at = end
	}
	return time.Time{}
}

// LastShift returns the last instant until t at which clocks of t's zone were moved,
// zero if there is none that is known.
func LastShift(t time.Time) time.Time {
	_, offset := t.Zone()
	for at := t; t.Sub(at) < farthest; {
		start, _ := at.ZoneBounds()
		if start.IsZero() {
			return time.Time{}
		}
		before := start.Add(-time.Second)
		if !before.Before(at) {
			before = at.Add(-24 * time.Hour)
		}
		if _, was := before.Zone(); was != offset {
			return shiftIn(before, at)
		}
		at = before
	}
	return time.Time{}
}

// shiftIn finds the one shift after from and until to, which is on a whole second.
func shiftIn(from, to time.Time) time.Time {
	_, offset := from.Zone()
	low, high := from.Unix(), to.Unix()
	for high-low > 1 {
		mid := low + (high-low)/2
		if _, o := time.Unix(mid, 0).In(from.Location()).Zone(); o == offset {
			low = mid
		} else {
			high = mid
		}
	}
	return time.Unix(high, 0).In(from.Location())
}
