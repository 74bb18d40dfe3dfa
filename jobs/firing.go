package jobs

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs/config"
	"exporter/state"
)

// setBack is by how much a recorded firing lies ahead if the clock was set back: a job
// must not wait until that time comes again. Less is waited for, so that no firing
// comes twice.
const setBack = time.Hour

// countedMost bounds how many missed firings are counted one by one.
const countedMost = 5000

// timer is the firing of a job that comes next, so that the schedule is not asked for
// it twice a second.
type timer struct {
	last   time.Time // the recorded firing it follows
	next   time.Time
	offset time.Duration // how long after next the job begins
}

// timer returns the firing after the last recorded one; next is zero if there is none.
func (s *server) timer(job *config.Job, last time.Time) timer {
	t, ok := s.timers[job.Name]
	if !ok || !t.last.Equal(last) {
		t = timer{last: last, next: job.Cron.Next(last.In(job.Zone))}
		if !t.next.IsZero() {
			t.offset = StartOffset(s.cfg.Jobs, job, t.next)
		}
		if s.timers == nil {
			s.timers = map[string]timer{}
		}
		s.timers[job.Name] = t
	}
	return t
}

// fire requests a run of every job that is due. Those of a paused job are neither
// run nor counted; when the pause is over, it makes up for them like for missed ones.
func (s *server) fire(ctx context.Context) error {
	now := s.o.Now()
	for _, job := range s.cfg.Jobs {
		had := s.recorded[job.Name]
		if had.Paused {
			continue
		}
		done, err := s.rescheduled(ctx, job, had, now)
		if err == nil && !done {
			err = s.fireOne(ctx, job, had, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) fireOne(ctx context.Context, job *config.Job, had state.Job, now time.Time) error {
	f := state.Firing{Job: job.Name}
	switch {
	case had.LastFiring.IsZero(): // its first firing is the next one; of @every it is now
		f.At = now
		if every, ok := job.Cron.(cron.ConstantDelaySchedule); ok {
			f.At = now.Add(-every.Delay)
		}
		return s.state.Fire(ctx, s.lease.Epoch(), f)
	case had.LastFiring.Sub(now) > setBack:
		s.log.Warn("the last firing lies ahead, the clock was set back; firings count from now on", "job", job.Name, "last", had.LastFiring)
		f.At = now
		return s.state.Fire(ctx, s.lease.Epoch(), f)
	}
	t := s.timer(job, had.LastFiring)
	if t.next.IsZero() || now.Before(t.next.Add(t.offset)) {
		return nil
	}
	planned, n := due(job.Cron, t.next, now)
	offset := t.offset
	if !planned.Equal(t.next) {
		offset = StartOffset(s.cfg.Jobs, job, planned)
	}
	late := now.Sub(planned.Add(offset))
	if late < 0 { // its turn comes within the minute, with those before it that were missed
		return nil
	}
	f.At = planned
	missed := late > lateAfter
	if f.Missed = n; !missed {
		f.Missed-- // this one is in time
	}
	switch {
	case planned.Before(had.Resumed):
		f.Missed = 0
		s.log.Info("firings of a pause", "job", job.Name, "firings", n, "made_up", job.Missed == "run")
	case f.Missed > 0:
		s.log.Warn("firings were missed while nothing ran", "job", job.Name, "firings", f.Missed, "since", t.next, "made_up", !missed || job.Missed == "run")
	}
	if !missed || job.Missed == "run" {
		if err := s.request(ctx, job, &f); err != nil {
			return err
		}
	} else {
		f.Waived = true
	}
	return s.state.Fire(ctx, s.lease.Epoch(), f)
}

// due returns the latest firing of a schedule until now, and how many there are from
// the one at first on, which is due; at least so many if they are many.
func due(schedule cron.Schedule, first, now time.Time) (latest time.Time, n int64) {
	if every, ok := schedule.(cron.ConstantDelaySchedule); ok {
		k := now.Sub(first) / every.Delay
		return first.Add(k * every.Delay), int64(k) + 1
	}
	for at := first; !at.IsZero() && !at.After(now); at = schedule.Next(at) {
		if latest = at; n == countedMost {
			return latestOf(schedule, latest, now), n
		}
		n++
	}
	return latest, n
}

// latestOf returns the latest firing until now, which is not before at. It looks for
// one in the last hour first, for there may be thousands in a year.
func latestOf(schedule cron.Schedule, at, now time.Time) time.Time {
	const day = 24 * time.Hour
	for _, span := range []time.Duration{time.Hour, day, 8 * day, 40 * day, 400 * day} {
		from := now.Add(-span).In(at.Location())
		if !from.After(at) {
			break
		}
		if next := schedule.Next(from); !next.After(now) {
			at = next
			break
		}
	}
	for next := schedule.Next(at); !next.IsZero() && !next.After(now); next = schedule.Next(next) {
		at = next
	}
	return at
}

// request gives the firing a run. One that is still to begin does for both, unless it
// is a person's, who may withdraw it. While a
// run of what is due is at work, the job says whether the firing is left out; behind
// any other, such as a backfill, it waits.
func (s *server) request(ctx context.Context, job *config.Job, f *state.Firing) error {
	open, err := s.state.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for _, r := range open {
		switch {
		case r.Job != job.Name || !wasDue(r):
		case r.State == state.RunQueued && r.Trigger == state.TriggerCLI:
		case r.State == state.RunQueued:
			s.log.Info("firing joins a run that has not begun", "job", job.Name, "planned", f.At, "run", r.ID)
			return nil
		case job.Overlap == "skip" && r.Trigger != state.TriggerAgain:
			s.log.Warn("firing skipped, the run before it goes on still", "job", job.Name, "planned", f.At, "run", r.ID)
			f.Skipped++
			f.Waived = true
			return nil
		}
	}
	f.Run = &state.Run{Job: job.Name, Trigger: state.TriggerSchedule, Priority: job.Priority}
	return nil
}
