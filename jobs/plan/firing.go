package plan

import (
	"fmt"
	"time"

	"exporter/settings"
	"exporter/sources"
)

// Job is what planning needs to know of a job.
type Job struct {
	Grid
	Lookback settings.Duration // from the end of the newest closed interval, in calendar units
	Start    time.Time         // first instant the job owes; zero = only what the lookback covers
	Settle   time.Duration     // an interval is closed this long after its end
	Open     bool              // the running interval is exported as well
}

// Slice is an interval to export.
type Slice struct {
	sources.Interval
	Open bool // still running: its result is provisional
	Owed bool // only because it is not complete; the lookback does not ask for it
}

// Newest returns the newest closed interval at now.
func (j Job) Newest(now time.Time) sources.Interval {
	i := j.Containing(now)
	for i.End.Add(j.Settle).After(now) {
		i = j.Previous(i)
	}
	return i
}

// Firing returns what a firing at now exports, newest first: the running
// interval if the job wants it, the lookback, and then every closed interval
// since Start that is not complete. A job without Start owes what the firings
// since the given instant were to export; zero means that nothing is known of any.
// Complete answers for one interval; it is asked only outside the lookback.
func (j Job) Firing(now time.Time, since time.Time, complete func(sources.Interval) bool) []Slice {
	newest := j.Newest(now)
	first := j.lookbackStart(newest)
	var out []Slice
	if running := j.Next(newest); j.Open && !running.Start.After(now) {
		out = append(out, Slice{Interval: running, Open: true})
	}
	owed := j.Start
	if owed.IsZero() {
		owed = since
	}
	if owed.IsZero() || owed.After(first) {
		owed = first
	}
	if !j.Start.IsZero() && j.Start.After(first) {
		owed, first = j.Start, j.Start
	}
	all := j.Between(j.Containing(owed).Start, newest.End)
	for k := len(all) - 1; k >= 0; k-- {
		switch i := all[k]; {
		case !i.Start.Before(first):
			out = append(out, Slice{Interval: i})
		case !complete(i):
			out = append(out, Slice{Interval: i, Owed: true})
		}
	}
	return out
}

// lookbackStart returns the start of the oldest interval of the lookback that
// ends with newest: whole intervals, counted back in calendar units of the zone.
func (j Job) lookbackStart(newest sources.Interval) time.Time {
	at := j.back(newest.End)
	i := j.Containing(at)
	if i.Start.After(newest.Start) {
		return newest.Start
	}
	return i.Start
}

// back counts the lookback back from a bound, on the calendar of the zone.
func (j Job) back(end time.Time) time.Time {
	l := j.Lookback
	if l.IsZero() {
		l = j.Length
	}
	day, wall := civilOf(end, j.Zone), end.In(j.Zone)
	switch l.Unit {
	case settings.Month:
		day = day.addMonths(-l.N)
	case settings.Week:
		day = day.add(-7 * l.N)
	case settings.Day:
		day = day.add(-l.N)
	default:
		return end.Add(-l.Std())
	}
	return firstInstant(day, wall.Hour(), j.Zone)
}

// BoundError says that a bound is none of the grid's, and which are nearest.
type BoundError struct {
	Flag          string // "--from" or "--to"
	At            time.Time
	Before, After time.Time
	Length        settings.Duration
}

// Error implements error.
func (e *BoundError) Error() string {
	f := func(t time.Time) string { return t.Format(time.RFC3339) }
	return fmt.Sprintf("%s %s is not a bound of the job's %s intervals; the nearest are %s and %s", e.Flag, f(e.At), e.Length, f(e.Before), f(e.After))
}

// Range returns the closed intervals that tile [from, to), newest first, and
// those left out because they are still open at now. A zero to means the end of
// the newest closed interval. Bounds off the grid are a *BoundError.
func (j Job) Range(from, to, now time.Time) (out []Slice, left []sources.Interval, err error) {
	if to.IsZero() {
		to = j.Newest(now).End
	}
	for _, b := range []struct {
		flag string
		at   time.Time
	}{{"--from", from}, {"--to", to}} {
		if i := j.Containing(b.at); !i.Start.Equal(b.at) {
			return nil, nil, &BoundError{Flag: b.flag, At: b.at.In(j.Zone), Before: i.Start.In(j.Zone), After: i.End.In(j.Zone), Length: j.Length}
		}
	}
	if !from.Before(to) {
		return nil, nil, fmt.Errorf("--from %s is not before --to %s", from.In(j.Zone).Format(time.RFC3339), to.In(j.Zone).Format(time.RFC3339))
	}
	all := j.Between(from, to)
	for k := len(all) - 1; k >= 0; k-- {
		switch i := all[k]; {
		case !i.End.Add(j.Settle).After(now):
			out = append(out, Slice{Interval: i})
		case j.Open && !i.Start.After(now):
			out = append(out, Slice{Interval: i, Open: true})
		default:
			left = append(left, i)
		}
	}
	return out, left, nil
}

// ParseBound reads a date (midnight in the zone) or an RFC 3339 instant.
func ParseBound(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a date (2026-01-31) nor an RFC 3339 time (2026-01-31T00:00:00Z)", s)
	}
	return firstInstant(civilOf(d, time.UTC), 0, zone), nil
}
