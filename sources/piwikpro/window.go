package piwikpro

import (
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// window is a data interval as the vendor takes it: dates, both included, where it
// is whole days, else datetimes, the second one excluded; all on the site's clock.
type window struct {
	from, to string
	days     bool
	lo, hi   int64 // the same, half open, in µs on the wall clock
}

const dayMicros = 86_400_000_000

func newWindow(i sources.Interval, zone *time.Location) (window, error) {
	w := window{}
	var fromDay, toDay, ok bool
	w.lo, fromDay, ok = wallOf(i.Start, zone)
	if ok {
		w.hi, toDay, ok = wallOf(i.End, zone)
	}
	if !ok || w.lo >= w.hi {
		return w, fault.New(fault.Config, "interval %s has no bounds on the clock of %s", i, zone).
			WithHint("Its bounds must be hours or days of that clock.")
	}
	w.days = fromDay && toDay
	layout, end := time.DateTime, w.hi
	if w.days {
		layout, end = time.DateOnly, w.hi-dayMicros
	}
	w.from, w.to = time.UnixMicro(w.lo).UTC().Format(layout), time.UnixMicro(end).UTC().Format(layout)
	return w, nil
}

// wallOf returns what the clock shows first at an instant, and whether that is the
// beginning of a day. It reports false for an instant that a clock cannot name:
// within the second pass of the doubled hour.
func wallOf(at time.Time, zone *time.Location) (wall int64, day, ok bool) {
	local := at.In(zone)
	_, offset := local.Zone()
	wall = at.UnixMicro() + int64(offset)*1e6
	midnight := wall - (wall%dayMicros+dayMicros)%dayMicros
	// Where the clock changes at midnight, the first reading of a day may be another.
	if record.Instant(midnight, zone) == at.UnixMicro() {
		return midnight, true, true
	}
	return wall, false, record.Instant(wall, zone) == at.UnixMicro() && wall%1e6 == 0
}

// has tells whether a raw value, a date or a datetime, is within the window. What
// is neither is: typing it will reject the row.
func (w *window) has(value []byte) bool {
	if len(value) < 2 || value[0] != '"' {
		return true
	}
	value = value[1 : len(value)-1]
	wall, err := record.ParseWall(value)
	if err != nil {
		day, err := record.ParseDays(value)
		if err != nil {
			return true
		}
		wall = int64(day) * dayMicros
	}
	return wall >= w.lo && wall < w.hi
}
