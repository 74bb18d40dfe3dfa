package jobs

import (
	"context"
	"hash/fnv"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/state"
)

// againAfter are the pauses before what failed is tried again; the last one repeats
// until the next firing, which does all of it anyway.
var againAfter = []time.Duration{5 * time.Minute, 15 * time.Minute, 45 * time.Minute, 2 * time.Hour}

// passes reports whether a failure may be gone after a while without anybody's doing:
// a vendor, a network or a database that is down, rows that moved.
func passes(c fault.Class) bool {
	return c == fault.Transient || c == fault.Throttled || c == fault.Drift || c == fault.Mismatch
}

// settle decides what follows the ends of jobs' runs: slices that failed for reasons
// that pass get a durable time at which they are tried again, others are a person's. A
// job that could not be settled, the state being away, is settled by a later look.
func (s *server) settle(ctx context.Context) error {
	s.mu.Lock()
	jobs := s.unsettled
	s.unsettled = nil
	s.mu.Unlock()
	for i, name := range jobs {
		job := s.cfg.Job(name)
		if job == nil {
			continue
		}
		if err := s.settleOne(ctx, job); err != nil {
			s.mu.Lock()
			s.unsettled = append(s.unsettled, jobs[i:]...)
			s.mu.Unlock()
			return err
		}
	}
	return nil
}

func (s *server) settleOne(ctx context.Context, job *config.Job) error {
	runs, err := s.state.Runs(ctx, job.Name, remembered)
	if err != nil {
		return err
	}
	known, err := s.state.Job(ctx, job.Name)
	if err != nil {
		return err
	}
	last, n := toRepeat(runs)
	at := time.Time{}
	if last.ID != "" {
		byClass, err := s.state.Failures(ctx, job.Name, last.ID)
		if err != nil {
			return err
		}
		if worthwhile(last, byClass) {
			at = againAt(job, last, n)
		}
		s.alert(job, pastOf(runs, known.Healed, false), last, byClass, at)
	}
	if known.RetryAt.Equal(at) && (at.IsZero() || known.Retries == n) {
		return nil
	}
	return s.state.SetRetry(ctx, job.Name, at, n)
}

// toRepeat returns the newest run, of those that are not about days somebody named,
// if it failed, and how often its firing was repeated since.
func toRepeat(newestFirst []state.Run) (last state.Run, n int) {
	for _, r := range newestFirst {
		if !r.Done() || r.Started.IsZero() || !r.From.IsZero() || r.Trigger == state.TriggerPurge {
			continue
		}
		if last.ID == "" {
			if r.Only == state.OnlyWaiting && r.Failed == 0 {
				continue // what had failed before it still has
			}
			if r.Failed == 0 && r.State != state.RunFailed || r.State == state.RunInterrupted {
				return state.Run{}, 0
			}
			last = r
		}
		if r.Trigger == state.TriggerAgain {
			n++
		} else if wasDue(r) {
			return last, n
		}
	}
	return last, n
}

// worthwhile reports whether something of a failed run is to be tried again: slices that
// failed for reasons that pass, or all of it if it came to none.
func worthwhile(r state.Run, byClass map[string]int) bool {
	if r.Slices == 0 {
		return passes(fault.Class(r.Class))
	}
	for class := range byClass {
		if passes(fault.Class(class)) {
			return true
		}
	}
	return false
}

// againAt returns when a run that failed, after n repetitions, is tried again: up to a
// tenth later than the pause says, always as much for one run, so that jobs that a
// vendor failed together do not come back together. It is zero if the next firing
// comes before.
func againAt(job *config.Job, r state.Run, n int) time.Time {
	pause := againAfter[min(n, len(againAfter)-1)]
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.ID)) // never fails
	at := r.Finished.Add(pause + time.Duration(h.Sum32()%1000)*pause/10_000)
	if next := job.Cron.Next(r.Finished.In(job.Zone)); !next.IsZero() && !next.After(at) {
		return time.Time{}
	}
	return at
}

// alert logs what a person has to know of a run that failed.
func (s *server) alert(job *config.Job, p past, last state.Run, byClass map[string]int, again time.Time) {
	log := s.log.With("job", job.Name, "run", last.ID)
	if !again.IsZero() {
		log.Info("what failed is tried again", "at", again)
	}
	if class := fault.Class(last.Class); class == fault.Auth || class == fault.Config || byClass[string(fault.Auth)]+byClass[string(fault.Config)] > 0 {
		log.Error("a person has to act: this is not tried again by itself before the next firing", "class", last.Class, "err", last.Error, "hint", last.Hint)
	}
	if p.failed >= FlagAfter && p.failure.ID == last.ID {
		log.Error("job fails again and again", "firings", p.failed, "since", p.since, "err", last.Error, "hint", last.Hint)
	}
}

// repeat requests the runs of what is to be tried again now, of jobs that are at rest.
func (s *server) repeat(ctx context.Context) error {
	now := s.o.Now()
	for _, j := range s.recorded {
		job := s.cfg.Job(j.Name)
		if job == nil || j.Paused || j.RetryAt.IsZero() || j.RetryAt.After(now) {
			continue
		}
		if err := s.repeatOne(ctx, job, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) repeatOne(ctx context.Context, job *config.Job, j state.Job) error {
	open, err := s.state.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.Job == job.Name && r.Trigger != state.TriggerBackfill { // which gives way
			return nil // its end settles what is left
		}
	}
	runs, err := s.state.Runs(ctx, job.Name, recent)
	if err != nil {
		return err
	}
	last, _ := toRepeat(runs)
	again := state.Run{Job: job.Name, Trigger: state.TriggerAgain, Force: last.Force, Priority: job.Priority}
	if last.Slices > 0 || last.Only != "" {
		again.Only = state.OnlyFailed
	}
	// Forgotten before it is requested: after a crash or an error in between it is settled anew.
	if err := s.state.SetRetry(ctx, job.Name, time.Time{}, j.Retries+1); err != nil || last.ID == "" {
		return err
	}
	run, err := s.state.Enqueue(ctx, again)
	if err != nil {
		s.mu.Lock()
		s.unsettled = append(s.unsettled, job.Name)
		s.mu.Unlock()
		return err
	}
	s.log.Info("what failed is tried again", "job", job.Name, "run", run.ID, "time", j.Retries+1)
	return nil
}
