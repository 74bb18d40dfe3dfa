package config

import (
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs/plan"
)

// deadline settles by when the firing of a day has to have succeeded.
func (l *loader) deadline(j *job, t jobTable) {
	at := j.key + ".deadline"
	if _, set := j.table["deadline"]; !set || l.has(at) {
		return
	}
	if _, err := time.Parse("15:04", t.Deadline); err != nil {
		l.add(at, "%q is not a time of day; write hours and minutes such as \"06:00\", in the zone of the schedule", t.Deadline)
		return
	}
	if _, every := j.Cron.(cron.ConstantDelaySchedule); every {
		l.add(at, "%s fires by elapsed time, not at times of a day; write a schedule such as \"30 3 * * *\", or take the line out", j.Schedule)
		return
	}
	j.Deadline = t.Deadline
}

// DeadlineAfter returns by when a firing has to have succeeded: the first time after
// it at which the wall clock of the schedule's zone has reached Deadline. It is zero
// for a job without one. Where the clock skips that reading it is the change.
func (j *Job) DeadlineAfter(firing time.Time) time.Time {
	clock, err := time.Parse("15:04", j.Deadline)
	if err != nil {
		return time.Time{}
	}
	y, m, d := firing.In(j.Zone).Date()
	for {
		reading := time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, time.UTC)
		if at := plan.FirstInstant(reading, j.Zone); at.After(firing) {
			return at
		}
		d++
	}
}
