package jobs

import (
	"context"
	"errors"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/state"
)

// failed notes a failure that kept the run from its slices.
func (w *work) failed(err error) int {
	w.mu.Lock()
	w.err = append(w.err, named(err, w.run.Job))
	w.run.WaitUntil = w.waitUntil(err)
	w.mu.Unlock()
	return ExitCode(err)
}

// waitUntil returns until when what failed with err waits for quota, zero if it
// waits for something else or not at all.
func (w *work) waitUntil(err error) time.Time {
	wait := fault.WaitOf(err)
	var quota *ratelimit.ParkedError
	if fault.ClassOf(err) != fault.Parked || wait <= 0 && !errors.As(err, &quota) {
		return time.Time{}
	}
	return w.o.Now().Add(max(wait, 0)).UTC()
}

// skipped notes a slice whose turn did not come. One that had waited for quota
// and whose run timed out waits on.
func (w *work) skipped(ctx context.Context, t task) int {
	err := context.Cause(ctx)
	if !t.rec.WaitUntil.IsZero() && fault.ClassOf(err) != fault.Interrupted {
		err = fault.New(fault.Parked, "its turn did not come: %w", err).WithWait(time.Second)
	}
	w.ended(context.WithoutCancel(ctx), t, outcome{err: err})
	return ExitCode(err)
}

// finish records the run's outcome, also when ctx was cancelled.
func (w *work) finish(ctx context.Context, code int) {
	w.stillWaiting(context.WithoutCancel(ctx))
	w.mu.Lock()
	w.run.Calls = w.calls.Load()
	r, err := &w.run, errors.Join(w.err...)
	r.ExitCode, r.State, r.Finished = code, runState(code), w.o.Now().UTC()
	if err != nil {
		r.Error, r.Class, r.Hint = w.err[0].Error(), string(fault.ClassOf(w.err[0])), fault.HintOf(w.err[0])
	}
	run := *r
	w.mu.Unlock()
	ferr := w.conclude(ctx, func(ctx context.Context) error { return w.state.Finish(ctx, run) })
	ctx = context.WithoutCancel(ctx)
	if ferr != nil {
		w.log.Error("outcome of run could not be recorded", "job", run.Job, "run", run.ID, "err", ferr)
		err = errors.Join(err, ferr)
	}
	w.healed(ctx)
	w.event(Event{Kind: RunEnded, Err: err})
	w.record(ctx)
}

// stillWaiting counts what of the job waits after a run of its waiting slices.
func (w *work) stillWaiting(ctx context.Context) {
	if w.run.Only != state.OnlyWaiting {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeFor)
	defer cancel()
	counts, err := w.state.SliceStates(ctx)
	waits, werr := w.state.Waits(ctx, time.Time{})
	if err := errors.Join(err, werr); err != nil {
		w.log.Warn("what still waits for quota is not known; the run shows its own slices only", "job", w.run.Job, "run", w.run.ID, "err", err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.Waiting = 0
	for _, c := range counts {
		if c.Job == w.run.Job && c.State == state.SliceWaiting {
			w.run.Waiting = int(c.N)
		}
	}
	for _, wait := range waits {
		if wait.Job == w.run.Job {
			w.run.WaitUntil = wait.Until
		}
	}
}
