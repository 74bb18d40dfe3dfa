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

// pickUp requests again, once, what an executor before this one began on its own and did
// not end. What a person asked for is theirs to ask for again, and what waited for
// quota waits on.
func (s *server) pickUp(ctx context.Context) error {
	if s.picked {
		return nil
	}
	open, err := s.state.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for _, job := range s.cfg.Jobs {
		begun, err := s.state.Begun(ctx, job.Name, unendedMost)
		if err != nil {
			return err
		}
		r, short := unended(begun, open)
		if !short {
			continue
		}
		again, err := s.state.Enqueue(ctx, sameAs(r))
		if err != nil {
			return err
		}
		s.log.Info("a run that was cut short goes on", "job", r.Job, "before", r.ID, "run", again.ID)
	}
	s.picked = true
	return nil
}

// sameAs returns the request of a run.
func sameAs(r state.Run) state.Run {
	return state.Run{
		Job: r.Job, Trigger: r.Trigger, From: r.From, To: r.To, Only: r.Only, Force: r.Force,
		Priority: r.Priority, Parallel: r.Parallel, Since: r.Since, Note: r.Note,
	}
}

// unended returns the newest of a job's runs that have begun if it was cut short and is
// to go on. A request for the same that is open already does for it.
func unended(begun, open []state.Run) (state.Run, bool) {
	whole := func(r state.Run) bool { return r.State != state.RunInterrupted }
	if len(begun) == 0 || whole(begun[0]) {
		return state.Run{}, false
	}
	r := begun[0]
	asked := func(q state.Run) bool {
		return q.Job == r.Job && q.State == state.RunQueued && q.From.Equal(r.From) && q.To.Equal(r.To) && (q.Only == r.Only || q.Only == "")
	}
	loops := len(begun) >= unendedMost && !slices.ContainsFunc(begun, whole)
	return r, !loops && r.Trigger != state.TriggerCLI && r.Only != state.OnlyWaiting && !r.Cancelled && !slices.ContainsFunc(open, asked)
}

// resume requests a run of what waits for quota and whose time has come, of every
// job that has no run open but a backfill: of the waiting slices, or of a run that was
// parked before it had planned any.
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
	busy := standing{any: map[string]bool{}, filled: map[string]bool{}}
	for _, r := range open {
		if r.Trigger == state.TriggerBackfill {
			busy.filled[r.Job] = true
		} else {
			busy.any[r.Job] = true
		}
	}
	for _, j := range s.recorded {
		busy.any[j.Name] = busy.any[j.Name] || j.Paused
	}
	for _, r := range parked {
		again := sameAs(r)
		again.Trigger = state.TriggerQuota
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

// standing are jobs for which nothing is requested that waited for quota: paused ones and
// those that have a run open. A backfill gives way to what goes before it.
type standing struct{ any, filled map[string]bool }

// goOn requests a run unless its job is busy, or is no more.
func (s *server) goOn(ctx context.Context, r state.Run, busy standing) error {
	if busy.any[r.Job] || busy.filled[r.Job] && r.Priority == state.PriorityBackfill || s.cfg.Job(r.Job) == nil {
		return nil
	}
	busy.any[r.Job] = true
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
