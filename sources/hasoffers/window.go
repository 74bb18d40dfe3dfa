package hasoffers

import (
	"time"

	"exporter/record"
	"exporter/sources"
)

const wallLayout = "2006-01-02 15:04:05"

// window is a data interval as the vendor filters it: two wall times of the
// network's zone, and the instants that decide what really belongs to it.
type window struct {
	from, to   string // datetime >= from and < to
	start, end int64  // instants, µs
	// The same walls in µs, and whether wall and instant agree so well between
	// them that comparing walls is enough.
	wallFrom, wallTo int64
	plain            bool
	zone             *time.Location
}

func newWindow(i sources.Interval, zone *time.Location) window {
	w := window{start: i.Start.UnixMicro(), end: i.End.UnixMicro(), zone: zone}
	// The vendor knows whole seconds.
	start, end := i.Start.In(zone).Truncate(time.Second), i.End.In(zone).Truncate(time.Second)
	whole := start.Equal(i.Start) && end.Equal(i.End)
	if end.Before(i.End) {
		end = end.Add(time.Second)
	}
	before, after := widening(start), widening(end)
	w.wallFrom, w.wallTo = wallOf(start)-before.Microseconds(), wallOf(end)+after.Microseconds()
	w.from = time.UnixMicro(w.wallFrom).UTC().Format(wallLayout)
	w.to = time.UnixMicro(w.wallTo).UTC().Format(wallLayout)
	changes := record.NextShift(start)
	w.plain = whole && before == 0 && after == 0 && (changes.IsZero() || changes.After(i.End))
	return w
}

// widening returns how far a bound is moved outwards: wall times near a clock
// change are missing or mean two instants, and which one the vendor takes is not
// known. It is at least an hour where there is a change nearby, else nothing.
func widening(at time.Time) time.Duration {
	var most time.Duration
	for _, change := range []time.Time{record.LastShift(at), record.NextShift(at)} {
		if change.IsZero() {
			continue
		}
		_, was := change.Add(-time.Second).Zone()
		_, is := change.Zone()
		shift := max((time.Duration(is-was) * time.Second).Abs(), time.Hour)
		if at.Sub(change).Abs() <= shift+time.Hour {
			most = max(most, shift)
		}
	}
	return most
}

func wallOf(t time.Time) int64 {
	_, offset := t.Zone()
	return t.UnixMicro() + int64(offset)*1e6
}

// place is where a wall time stands to a window.
type place int

const (
	inside  place = iota
	trimmed       // fetched because the bounds were widened
	strange       // the vendor should not have sent it
)

// place tells where a datetime belongs. One that is no time is inside: the
// vendor's filter said so, and typing it will reject the row.
func (w *window) place(datetime []byte) place {
	wall, err := record.ParseWall(datetime)
	if err != nil {
		return inside
	}
	if wall < w.wallFrom || wall >= w.wallTo {
		return strange
	}
	if w.plain {
		return inside
	}
	if at := record.Instant(wall, w.zone); at < w.start || at >= w.end {
		return trimmed
	}
	return inside
}
