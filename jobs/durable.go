package jobs

import (
	"context"
	"errors"
	"time"

	"exporter/state"
)

const (
	// writeFor bounds one attempt to write an end into the state.
	writeFor = 10 * time.Second
	// An end that the state did not take is written again after insistFirst, then after
	// twice as long each time, up to insistMost.
	insistFirst = 100 * time.Millisecond
	insistMost  = 5 * time.Second
)

// insist writes an end into the state. A state that does not answer (locked, read-only,
// on a full disk) is asked again until ctx ends: what has ended would look as if it went
// on, and keep its job from running. Whatever ends ctx, there is one attempt.
func insist(ctx context.Context, write func(context.Context) error) error {
	once := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeFor)
		defer cancel()
		return write(ctx)
	}
	for pause := insistFirst; ; pause = min(2*pause, insistMost) {
		err := once()
		if err == nil || refused(err) || sleep(ctx, pause) != nil {
			return err
		}
	}
}

// refused reports whether the state has answered, and will not take the write later either.
func refused(err error) bool {
	return errors.Is(err, state.ErrStale) || errors.Is(err, state.ErrTransition) || errors.Is(err, state.ErrLost) || errors.Is(err, state.ErrReplaced)
}

// keepEnd writes how a slice ended. What the state does not take now is written with the
// end of the run, which insists: how the slice ended is no different for it.
func (w *work) keepEnd(ctx context.Context, rec state.Slice) error {
	err := w.state.PutSlice(ctx, rec)
	if err == nil || refused(err) {
		return err
	}
	w.log.Warn("how a slice ended could not be recorded yet; it is with the end of its run", "job", w.run.Job, "run", w.run.ID, "state", rec.State, "err", err)
	w.mu.Lock()
	w.unkept = append(w.unkept, rec)
	w.mu.Unlock()
	return nil
}

// keepEnds writes the ends of slices that the state did not take when they ended: before
// their run is anything but running.
func (w *work) keepEnds(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.unkept) > 0 { // one by one: one that is refused takes no other with it
		rec := w.unkept[0]
		err := w.state.PutSlice(ctx, rec)
		if err != nil && !refused(err) {
			return err
		}
		if err != nil {
			w.log.Error("how a slice ended could not be recorded", "job", w.run.Job, "run", w.run.ID, "part", rec.Part, "start", rec.Start, "state", rec.State, "err", err)
		}
		w.unkept = w.unkept[1:]
	}
	return nil
}

// conclude makes a write that ends the run's work on its slices, after what is known of them.
func (w *work) conclude(ctx context.Context, write func(context.Context) error) error {
	return insist(ctx, func(ctx context.Context) error {
		if err := w.keepEnds(ctx); err != nil {
			return err
		}
		return write(ctx)
	})
}
