package config

import (
	"slices"
	"strings"
	"time"

	"exporter/jobs/plan"
	"exporter/settings"
	"exporter/sinks"
)

// zones settles in which zones the schedule and the data are.
func (l *loader) zones(j *job, t jobTable) {
	j.Zone = l.cfg.Exporter.Zone
	if t.Timezone.Location != nil {
		j.Zone = t.Timezone.Location
	}
	j.DataZone = j.Zone
	if j.source != nil && j.source.valid {
		if z := j.source.Settings.Zone(); z != nil {
			j.DataZone = z
		}
	}
	if t.DataTimezone.Location != nil {
		j.DataZone = t.DataTimezone.Location
	}
}

func (l *loader) schedule(j *job, t jobTable) {
	at := j.key + ".schedule"
	l.required(j.key, j.table, "schedule", `schedule = "30 3 * * *" (minute hour day month weekday), or "@daily", or "@every 1h"`)
	if l.has(at) {
		return
	}
	schedule, zone, err := ParseSchedule(t.Schedule, j.Zone)
	if err != nil {
		l.add(at, "%v", err)
		return
	}
	j.Schedule, j.Cron, j.Zone = t.Schedule, schedule, zone
}

// intervals settles what a slice is and which of them a firing exports.
func (l *loader) intervals(j *job, t jobTable) {
	if !j.streams {
		// Without the stream only what holds for any of them can be told.
		l.interval(j, t)
		return
	}
	if !j.Kind.Windowed {
		for _, name := range []string{"interval", "lookback", "heal", "start", "settle", "open"} {
			if _, set := j.table[name]; set {
				l.add(j.key+"."+name, "stream %s is the current state, it has no data intervals; take the line out", j.Kind.Name)
			}
		}
		j.Open = false
		return
	}
	l.interval(j, t)
	l.lookback(j, t)
	l.heal(j, t)
	l.start(j, t)
	if j.Open && j.Write == sinks.Append {
		l.add(j.key+".open", "write = \"append\" loads a slice at most once, and the running interval is not over; take the line out, or write = \"replace\"")
	}
	j.Settle = j.Kind.Settle
	if _, set := j.table["settle"]; set {
		j.Settle = t.Settle.Std()
	}
}

func (l *loader) interval(j *job, t jobTable) {
	at := j.key + ".interval"
	if l.has(at) {
		return
	}
	d, err := settings.ParseDuration(t.Interval)
	if err != nil || !slices.Contains(plan.Lengths, d.String()) {
		l.add(at, "%q is not the length of a slice; %s", t.Interval, sameLength(d))
		return
	}
	if j.Kind.DayGrained && d.Std() < 24*time.Hour {
		l.add(at, "stream %s knows days, not hours: an interval of %s would lose rows; write 1d, 1w or 1mo", j.Kind.Name, d)
		return
	}
	j.Interval, j.Lookback = d, d
}

// sameLength says what to write in place of a duration.
func sameLength(d settings.Duration) string {
	for _, length := range plan.Lengths {
		if l, err := settings.ParseDuration(length); err == nil && l.Std() == d.Std() {
			return "write " + length + " for it"
		}
	}
	return "write one of " + strings.Join(plan.Lengths, ", ")
}

func (l *loader) start(j *job, t jobTable) {
	at := j.key + ".start"
	if _, set := j.table["start"]; !set || l.has(at) {
		return
	}
	_, err := time.Parse(time.DateOnly, t.Start)
	if err == nil {
		j.Start, err = plan.ParseBound(t.Start, j.DataZone)
	}
	if err != nil {
		l.add(at, "%q is not a date; write the first day the job owes, such as \"2026-01-01\"%s", t.Start, instantHint(t.Start))
	}
}

func instantHint(s string) string {
	if strings.ContainsAny(s, "T:") {
		return ", without a time: it is midnight in the zone of the data"
	}
	return ""
}
