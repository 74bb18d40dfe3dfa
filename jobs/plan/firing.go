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
	Tiers    []Tier            // parts of the lookback by age, the youngest first; none = every firing exports all of it
	Heal     int               // how many intervals before the lookback one firing exports because they are not complete; 0 = all
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

// Tier is a part of a lookback: back to Span, intervals are exported again when their
// rows were compared with the vendor's Every or longer ago, less a tenth: so a firing
// that begins some minutes earlier than the last one does not leave them out.
type Tier struct {
	Span  settings.Duration
	Every time.Duration
}

// due reports whether an interval that was compared then is to be exported again.
func (t Tier) due(checked, now time.Time) bool {
	return checked.IsZero() || checked.After(now) || now.Sub(checked) >= t.Every-t.Every/10
}

// Known answers what is known of an interval.
type Known struct {
	Complete func(sources.Interval) bool      // every sink has it for good
	Checked  func(sources.Interval) time.Time // when it was last compared with the vendor's rows, zero = never; asked only for tiers
}

// Due is what a firing does about the intervals of a job.
type Due struct {
	Slices []Slice            // to export, newest first
	Fresh  []sources.Interval // of the lookback, but compared lately
	Left   []sources.Interval // not complete, and left to the next firings, newest first
}

// Newest returns the newest closed interval at now.
func (j Job) Newest(now time.Time) sources.Interval {
	i := j.Containing(now)
	for i.End.Add(j.Settle).After(now) {
		i = j.Previous(i)
	}
	return i
}

// Firing returns what a firing at now exports, newest first: the running interval if
// the job wants it, the lookback or what of its tiers is due, and then closed intervals
// since Start that are not complete. A job without Start owes what the firings since the
// given instant were to export; zero means that nothing is known of any.
func (j Job) Firing(now time.Time, since time.Time, known Known) (d Due) {
	newest := j.Newest(now)
	first := j.lookbackStart(newest, j.Lookback)
	if running := j.Next(newest); j.Open && !running.Start.After(now) {
		d.Slices = append(d.Slices, Slice{Interval: running, Open: true})
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
	tiers := make([]time.Time, len(j.Tiers)) // from where on each counts
	for i, t := range j.Tiers {
		tiers[i] = j.lookbackStart(newest, t.Span)
	}
	all := j.Between(j.Containing(owed).Start, newest.End)
	healed := 0
	for k := len(all) - 1; k >= 0; k-- {
		i := all[k]
		switch inside := !i.Start.Before(first); {
		case inside && len(j.Tiers) == 0:
			d.Slices = append(d.Slices, Slice{Interval: i})
		case inside && j.tier(tiers, i).due(known.Checked(i), now):
			d.Slices = append(d.Slices, Slice{Interval: i})
		case known.Complete(i):
			if inside {
				d.Fresh = append(d.Fresh, i)
			}
		case inside || j.Heal == 0 || healed < j.Heal:
			d.Slices = append(d.Slices, Slice{Interval: i, Owed: true})
			if !inside {
				healed++
			}
		default:
			d.Left = append(d.Left, i)
		}
	}
	return d
}

// tier returns the youngest tier that holds an interval of the lookback.
func (j Job) tier(starts []time.Time, i sources.Interval) Tier {
	for n, from := range starts {
		if !i.Start.Before(from) {
			return j.Tiers[n]
		}
	}
	return j.Tiers[len(j.Tiers)-1]
}

// lookbackStart returns the start of the oldest interval of the lookback that
// ends with newest: whole intervals, counted back in calendar units of the zone.
func (j Job) lookbackStart(newest sources.Interval, span settings.Duration) time.Time {
	at := j.back(newest.End, span)
	i := j.Containing(at)
	if i.Start.After(newest.Start) {
		return newest.Start
	}
	return i.Start
}

// back counts a lookback back from a bound, on the calendar of the zone.
func (j Job) back(end time.Time, l settings.Duration) time.Time {
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

// Range returns the closed intervals that tile [from, to), newest first, and the
// stretch left out because its intervals are still open at now, zero if there is none:
// one stretch, however far ahead to is. A zero to means the end of the newest closed
// interval. Bounds off the grid are a *BoundError.
func (j Job) Range(from, to, now time.Time) (out []Slice, left sources.Interval, err error) {
	newest := j.Newest(now)
	ends := "--to"
	if to.IsZero() {
		to, ends = newest.End, "the end of the newest closed interval,"
	}
	for _, b := range []struct {
		flag string
		at   time.Time
	}{{"--from", from}, {"--to", to}} {
		if i := j.Containing(b.at); !i.Start.Equal(b.at) {
			return nil, left, &BoundError{Flag: b.flag, At: b.at.In(j.Zone), Before: i.Start.In(j.Zone), After: i.End.In(j.Zone), Length: j.Length}
		}
	}
	if !from.Before(to) {
		return nil, left, fmt.Errorf("--from %s is not before %s %s", from.In(j.Zone).Format(time.RFC3339), ends, to.In(j.Zone).Format(time.RFC3339))
	}
	known := newest.End // intervals from here on are not for exporting yet
	if j.Open {
		known = j.Containing(now).End
	}
	if to.After(known) {
		left = sources.Interval{Start: known, End: to}
		if from.After(known) {
			left.Start = from
		}
		to = known
	}
	all := j.Between(from, to)
	for k := len(all) - 1; k >= 0; k-- {
		out = append(out, Slice{Interval: all[k], Open: !all[k].Start.Before(newest.End)})
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
