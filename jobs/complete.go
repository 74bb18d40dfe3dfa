package jobs

import (
	"context"
	"time"

	"exporter/state"
)

// recent is how many runs of a job are read first: they answer for every job that is
// well. Remembered is how many are read of the others.
const (
	recent     = 20
	remembered = 1000
)

// past is how the firings of a job went.
type past struct {
	last     state.Run // the newest that has begun and ended
	complete time.Time // when the newest run of what was due began all of which was done
	failed   int       // firings since that failed
	since    time.Time // when the first of these began
	failure  state.Run // the newest of these
	behind   time.Time // when the oldest run of what was due began after complete, at work still or however it ended
}

// lastCompleted returns when the last run of what was due began all of which was
// done, zero if none is remembered.
func (e *Engine) lastCompleted(ctx context.Context, job string) (time.Time, error) {
	p, err := e.pastNow(ctx, job)
	return p.complete, err
}

// pastNow is past for one job, with what the state has of it.
func (e *Engine) pastNow(ctx context.Context, job string) (past, error) {
	counts, err := e.state.SliceStates(ctx)
	if err != nil {
		return past{}, err
	}
	j, err := e.state.Job(ctx, job)
	if err != nil {
		return past{}, err
	}
	return e.past(ctx, j, counts)
}

// past reads how the firings of a job went; counts are how many slices are in which
// state now.
func (e *Engine) past(ctx context.Context, j state.Job, counts []state.SliceCount) (past, error) {
	open := false // some slice is not done
	for _, c := range counts {
		open = open || c.Job == j.Name && c.State != state.SliceCommitted && c.State != state.SliceUnchanged
	}
	var p past
	for _, n := range []int{recent, remembered} {
		runs, err := e.state.Runs(ctx, j.Name, n)
		if err != nil {
			return past{}, err
		}
		if p = pastOf(runs, j.Healed, !open); !p.complete.IsZero() || len(runs) < n {
			return p, nil
		}
	}
	var err error // further back only the last success is kept
	p.complete, err = e.state.LastSucceeded(ctx, j.Name)
	return p, err
}

// healed notes that the newest firing is done where the run that ended did the rest of
// it: a later run of other slices may fail, which is no failure of that firing.
func (w *work) healed(ctx context.Context) {
	if w.run.State != state.RunSucceeded || wasDue(w.run) || w.run.Trigger == state.TriggerPurge {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeFor)
	defer cancel()
	began, err := w.lastCompleted(ctx, w.run.Job)
	if err == nil && !began.IsZero() {
		err = w.state.SetHealed(ctx, w.run.Job, began)
	}
	if err != nil {
		w.log.Warn("that this run did the rest of a firing could not be recorded", "job", w.run.Job, "run", w.run.ID, "err", err)
	}
}

// pastOf tells how the firings of a job went by its runs, newest first. Healed is when
// the newest firing began that is known to have been done by later runs. AllDone says
// that none of its slices waits or has failed: then the newest firing is done, if it
// had planned its slices, whoever has read them since.
func pastOf(runs []state.Run, healed time.Time, allDone bool) (p past) {
	if p.complete = lastComplete(runs); p.complete.Before(healed) {
		p.complete = healed
	}
	newest := true
	for _, r := range runs {
		if !r.Done() || r.Started.IsZero() {
			continue
		}
		if p.last.ID == "" {
			p.last = r
		}
		if !wasDue(r) {
			continue
		}
		if newest && allDone && r.Slices > 0 && p.complete.Before(r.Started) {
			p.complete = r.Started
		}
		newest = false
		if !r.Started.After(p.complete) {
			break
		}
		if r.State != state.RunFailed && (r.State != state.RunPartial || r.Failed == 0) {
			continue
		}
		if p.failed++; p.failed == 1 {
			p.failure = r
		}
		p.since = r.Started
	}
	for _, r := range runs {
		if wasDue(r) && r.Started.After(p.complete) {
			p.behind = r.Started
		}
	}
	return p
}

// lastComplete looks for the last complete run among those of a job, newest first:
// one that succeeded, or one that only lacked slices which waited for quota, if the
// runs of waiting slices after it left none.
func lastComplete(runs []state.Run) time.Time {
	left, failed := true, false // by the runs of waiting slices since
	for _, r := range runs {
		switch {
		case r.Only == state.OnlyWaiting:
			left = left && (r.State != state.RunSucceeded || r.Waiting > 0)
			failed = failed || r.Failed > 0
		case !wasDue(r):
		case r.State == state.RunSucceeded, r.Waiting > 0 && r.Failed == 0 && !left && !failed:
			return r.Started
		default:
			left, failed = true, false
		}
	}
	return time.Time{}
}

// wasDue reports whether a run was to do all that a firing does.
func wasDue(r state.Run) bool {
	return r.Only == "" && r.From.IsZero() && r.Trigger != state.TriggerPurge
}
