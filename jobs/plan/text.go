package plan

import (
	"time"

	"exporter/sources"
)

// Text is a data interval for people: a date for a whole day of the zone, dates
// for whole days, for the rest readings of the zone's clock, which the slices of one
// job share, with its name; "current" where a stream has none.
func Text(i sources.Interval, zone *time.Location) string {
	if i.Start.IsZero() {
		return "current"
	}
	start, end := i.Start.In(zone), i.End.In(zone)
	switch {
	case !midnight(start) || !midnight(end):
		return start.Format("2006-01-02 15:04 MST") + "/" + end.Format(endOf(start, end))
	case start.AddDate(0, 0, 1).Equal(end):
		return start.Format(time.DateOnly)
	default:
		return start.Format(time.DateOnly) + "/" + end.Format(time.DateOnly)
	}
}

// endOf is how the end of an interval is written: what it has in common with the start
// is left out.
func endOf(start, end time.Time) string {
	if start.Format(time.DateOnly+"MST") == end.Format(time.DateOnly+"MST") {
		return "15:04"
	}
	return "2006-01-02 15:04 MST"
}

func midnight(t time.Time) bool {
	return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0
}
