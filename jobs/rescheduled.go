package jobs

import (
	"context"
	"strings"
	"time"

	"exporter/jobs/config"
	"exporter/state"
)

// rescheduled looks once whether a job has another schedule than the serve before this
// one knew, and reports whether it has recorded a firing for it. Firings that only the new
// schedule would have had are not owed: they count from now on. What the old one owes is
// made up as ever.
func (s *server) rescheduled(ctx context.Context, job *config.Job, had state.Job, now time.Time) (bool, error) {
	if s.schedules[job.Name] {
		return false, nil
	}
	key, is := "schedule of job "+job.Name, job.Zone.String()+"\n"+job.Schedule
	was, known, err := s.state.Recall(ctx, key)
	if err != nil {
		return false, err
	}
	changed := known && string(was) != is && !had.LastFiring.IsZero() && !had.LastFiring.After(now)
	if changed {
		if err := s.changeOver(ctx, job, string(was), had, now); err != nil {
			return false, err
		}
	}
	if string(was) != is {
		if err := s.state.Remember(ctx, key, []byte(is)); err != nil {
			return changed, err
		}
	}
	if s.schedules == nil {
		s.schedules = map[string]bool{}
	}
	s.schedules[job.Name] = true
	return changed, nil
}

// changeOver records the end of an old schedule: firings of it that nobody was there for
// are missed, those of the new one begin.
func (s *server) changeOver(ctx context.Context, job *config.Job, was string, had state.Job, now time.Time) error {
	f := state.Firing{Job: job.Name, At: now, Waived: true}
	name, text, _ := strings.Cut(was, "\n")
	if zone, err := time.LoadLocation(name); err == nil {
		if old, zone, err := config.ParseSchedule(text, zone); err == nil {
			if next := old.Next(had.LastFiring.In(zone)); !next.IsZero() && !next.After(now) {
				_, f.Missed = due(old, next, now)
			}
		}
	}
	made := f.Missed > 0 && job.Missed == "run"
	if made {
		f.Waived = false
		if err := s.request(ctx, job, &f); err != nil {
			return err
		}
	}
	s.log.Info("schedule changed, firings count from now on", "job", job.Name, "was", text, "is", job.Schedule, "missed", f.Missed, "made_up", made)
	return s.state.Fire(ctx, s.lease.Epoch(), f)
}
