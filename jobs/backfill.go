package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/state"
)

// ordersEvery is how often a backfill looks whether it is to end or to give way.
const ordersEvery = time.Second

var (
	errCancelled = fault.New(fault.Interrupted, "the backfill was cancelled").
			WithHint("What is complete stays. The same command goes on with the rest.")
	errGaveWay = fault.New(fault.Interrupted, "the backfill gives way to a run that goes first").
			WithHint("Nothing to do: it goes on at the same page when that run has ended.")
)

// obey returns the context that a run works in. That of a backfill ends when somebody
// cancels it, or when a run that goes first cannot be worked on beside it: one of the
// same job or, where no serve works them off, any.
func (w *work) obey(ctx context.Context) (_ context.Context, stop func()) {
	if w.run.Trigger != state.TriggerBackfill {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	run := w.run
	var watch sync.WaitGroup
	watch.Go(func() {
		look := time.NewTicker(ordersEvery)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
			}
			o, err := w.state.Orders(ctx, run)
			switch {
			case err != nil: // the state is asked again; what it cannot tell now it will
			case o.Cancel:
				cancel(errCancelled)
			case o.GiveWay && (o.OfJob || w.alone):
				w.givesWay.Store(true)
				cancel(errGaveWay)
			}
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
	}
}

// bounded is the context of one slice, or of a whole run that is no backfill: these
// have their timeout for each slice, since they take as long as they take.
func (w *work) bounded(ctx context.Context, slice bool) (context.Context, context.CancelFunc) {
	if slice != (w.run.Trigger == state.TriggerBackfill) {
		return ctx, func() {}
	}
	what := "run"
	if slice {
		what = "slice"
	}
	return context.WithTimeoutCause(ctx, w.job.Timeout, fault.New(fault.Transient, "%s timed out after %s", what, w.job.Timeout).
		WithHint("What was read is safe; the next run goes on there. Raise timeout if runs need longer."))
}

// parallel is how many slices of the run may be at work at once. A backfill leaves
// half of the places to others unless it was told otherwise.
func (w *work) parallel() int64 {
	switch {
	case w.run.Parallel > 0:
		return int64(w.run.Parallel)
	case w.run.Trigger == state.TriggerBackfill:
		return int64(max(1, w.cfg.Exporter.Concurrency/2))
	default:
		return int64(max(1, w.cfg.Exporter.Concurrency)) + 1
	}
}

// ended by its own process, a backfill was stopped by a person: no serve goes on with
// it. One that a serve has worked on goes on with the next.
func (w *work) stoppedByHand(ctx context.Context, code int) {
	if !w.alone || code != ExitInterrupted || w.run.Trigger != state.TriggerBackfill {
		return
	}
	if _, err := w.state.Cancel(ctx, w.run.ID); err != nil {
		w.log.Warn("that the backfill was stopped is not recorded; a serve may go on with it", "job", w.run.Job, "run", w.run.ID, "err", err)
	}
}

// putBack puts a run that gave way back among the requests. What failed or waits is
// tried again when it is taken up, so only what is done counts. It reports false if
// the run could not be put back and is to end like any other.
func (w *work) putBack(ctx context.Context, code int) bool {
	if !w.givesWay.Load() || code != ExitInterrupted {
		return false
	}
	w.mu.Lock()
	w.run.Calls = w.calls.Load()
	w.run.Failed, w.run.Waiting, w.run.WaitUntil = 0, 0, time.Time{}
	run := w.run
	w.mu.Unlock()
	if err := w.conclude(ctx, func(ctx context.Context) error { return w.state.Yield(ctx, run) }); err != nil {
		w.log.Error("backfill could not be put back; ask for it again", "job", run.Job, "run", run.ID, "err", err)
		return false
	}
	w.update(func(r *state.Run) { r.State = state.RunQueued })
	w.log.Info("backfill gave way, it goes on later", "job", run.Job, "run", run.ID, "done", run.Committed+run.Unchanged)
	return true
}

// gaveWay reports whether a slice ended because the run gives way.
func (w *work) gaveWay(err error) bool {
	return w.givesWay.Load() && fault.ClassOf(err) == fault.Interrupted
}

// wants reports whether a run does a slice of those it names.
func (w *work) wants(known knowledge, part string, i sources.Interval) bool {
	switch w.run.Only {
	case state.OnlyMissing:
		return !known.has(part, i)
	case state.OnlyOutdated:
		return known.outdated(part, i, w.definition)
	}
	c := known.cached[keyOf(part, i.Start)]
	done := c.State == state.SliceCommitted || c.State == state.SliceUnchanged
	return !done || !w.before[c.Run]
}

// begun returns the runs of the same backfill, by id: what they did is not done again.
// Since is what they have in common, whatever the clock did between them.
func (w *work) begun(ctx context.Context) (map[string]bool, error) {
	if w.run.Since.IsZero() {
		return nil, nil
	}
	before, err := w.state.Runs(ctx, w.job.Name, remembered)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, r := range before {
		if r.Trigger == state.TriggerBackfill && r.Since.Equal(w.run.Since) {
			ids[r.ID] = true
		}
	}
	return ids, nil
}

// outdated reports whether some sink has a slice under another definition.
func (k knowledge) outdated(part string, i sources.Interval, definition string) bool {
	key := keyOf(part, i.Start)
	for _, t := range k.targets {
		if t.err != nil {
			if c := k.cached[key]; !c.Sinks[t.name].LoadedAt.IsZero() && c.Definition != definition {
				return true
			}
			continue
		}
		if c, ok := t.committed[key]; ok && c.Definition != definition {
			return true
		}
	}
	return false
}

// Continue lets a backfill of everything go on where the same one ended early: it
// returns the request with their Since, and whether there was such a one.
func (e *Engine) Continue(ctx context.Context, r state.Run) (state.Run, bool, error) {
	before, err := e.state.Runs(ctx, r.Job, remembered)
	if err != nil {
		return r, false, err
	}
	r.Since = e.o.Now().UTC().Truncate(time.Microsecond)
	for _, b := range before {
		if b.Trigger != state.TriggerBackfill || b.Only != r.Only || !b.From.Equal(r.From) || !b.To.Equal(r.To) {
			continue
		}
		if b.State == state.RunSucceeded || b.Since.IsZero() {
			return r, false, nil
		}
		r.Since = b.Since
		return r, true, nil
	}
	return r, false, nil
}

// cancel asks backfills to end that nobody waits for any more, and waits until they
// have.
func (e *Engine) cancel(ctx context.Context, run state.Run) (state.Run, error) {
	if _, err := e.state.Cancel(ctx, run.ID); err != nil {
		return run, err
	}
	for {
		now, ok, err := e.state.Run(ctx, run.ID)
		if err != nil || !ok || now.Done() {
			return now, err
		}
		if err := sleep(ctx, followEvery); err != nil {
			return now, errors.Join(fault.New(fault.Transient, "the process that works on the backfill has not ended it yet"), err)
		}
	}
}

// progressed tells whoever watches how far a run has come that another process works
// on.
func (e *Engine) progressed(before, now state.Run) {
	if before.Ended() != now.Ended() || before.Slices != now.Slices {
		e.o.Notify(Event{Kind: RunProgress, Run: now})
	}
}
