package jobs

import (
	"context"
	"slices"
	"time"

	"exporter/fault"
	"exporter/state"
)

// resumeAgain is how long after a run that could not begin on what waits the next
// one is asked for.
const resumeAgain = 5 * time.Minute

// unendedMost is how many runs of a job in a row may be cut short before it is left
// to its schedule: it may be what ends the process.
const unendedMost = 10

// pickUp requests again what an executor before this one began on its own and did
// not end. What a person asked for is theirs to ask for again, and what waited for
// quota waits on.
func (s *server) pickUp(ctx context.Context) error {
	for _, job := range s.cfg.Jobs {
		last, err := s.state.Runs(ctx, job.Name, unendedMost)
		if err != nil {
			return err
		}
		if !unended(last) {
			continue
		}
		r := last[0]
		again := state.Run{Job: r.Job, Trigger: r.Trigger, From: r.From, To: r.To, Only: r.Only, Force: r.Force, Priority: r.Priority}
		if again, err = s.state.Enqueue(ctx, again); err != nil {
			return err
		}
		s.log.Info("a run that was cut short goes on", "job", r.Job, "before", r.ID, "run", again.ID)
	}
	return nil
}

// unended reports whether the newest of a job's runs was cut short and is to go on.
func unended(newestFirst []state.Run) bool {
	short := func(r state.Run) bool { return r.State == state.RunInterrupted && !r.Started.IsZero() }
	if len(newestFirst) == 0 || !short(newestFirst[0]) {
		return false
	}
	whole := func(r state.Run) bool { return !short(r) }
	loops := len(newestFirst) == unendedMost && !slices.ContainsFunc(newestFirst, whole)
	return !loops && newestFirst[0].Trigger != state.TriggerCLI && newestFirst[0].Only != state.OnlyWaiting
}

// resume requests a run of what waits for quota and whose time has come, of every
// job that has no run open: of the waiting slices, or of a run that was parked
// before it had planned any.
func (s *server) resume(ctx context.Context) error {
	now := s.o.Now()
	parked, err := s.state.ParkedRuns(ctx, now)
	if err != nil {
		return err
	}
	waits, err := s.state.Waits(ctx, now)
	if err != nil || len(parked)+len(waits) == 0 {
		return err
	}
	open, err := s.state.OpenRuns(ctx)
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, r := range open {
		busy[r.Job] = true
	}
	for _, r := range parked {
		again := state.Run{Job: r.Job, Trigger: state.TriggerQuota, From: r.From, To: r.To, Only: r.Only, Force: r.Force, Priority: r.Priority}
		if err := s.goOn(ctx, again, busy); err != nil {
			return err
		}
	}
	for _, w := range waits {
		last, err := s.state.Runs(ctx, w.Job, 1)
		if err != nil {
			return err
		}
		if len(last) > 0 && !resumable(w, last[0], now) {
			continue
		}
		again := state.Run{Job: w.Job, Trigger: state.TriggerQuota, Only: state.OnlyWaiting, Force: w.Force, Priority: state.PriorityBackfill}
		if w.Scheduled {
			again.Priority = state.PriorityScheduled
		}
		if err := s.goOn(ctx, again, busy); err != nil {
			return err
		}
	}
	return nil
}

// goOn requests a run unless its job is busy, or is no more.
func (s *server) goOn(ctx context.Context, r state.Run, busy map[string]bool) error {
	if busy[r.Job] || s.cfg.Job(r.Job) == nil {
		return nil
	}
	busy[r.Job] = true
	run, err := s.state.Enqueue(ctx, r)
	if err == nil {
		s.log.Info("quota is back, what waited for it goes on", "job", r.Job, "run", run.ID)
	}
	return err
}

// resumable reports whether slices whose time has come may have a run, by the last
// run of their job. Slices that were due before it and wait still were not reached
// by it: after an interruption they go on at once, after a failure that passes
// later, after any other with the next firing.
func resumable(w state.Wait, last state.Run, now time.Time) bool {
	if last.Only != state.OnlyWaiting || last.Requested.Before(w.Until) {
		return true
	}
	switch fault.Class(last.Class) {
	case fault.Interrupted:
		return true
	case fault.Transient:
		return now.Sub(last.Finished) >= resumeAgain
	default:
		return false
	}
}
