package lake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

// cleanup bounds what is done after a load has been decided, or has failed.
const cleanup = 2 * time.Minute

// Commit implements sinks.Writer.
func (w *writer) Commit(ctx context.Context) (sinks.Receipt, error) {
	if w.phase == done {
		return w.receipt, nil
	}
	if w.phase != doubtful {
		if err := w.follow(ctx, func() error { return w.conclude(ctx) }); err != nil {
			return sinks.Receipt{}, fmt.Errorf("commit load: %w", err)
		}
	}
	// What was sent is not called back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if err := w.decide(ctx); err != nil {
		return sinks.Receipt{}, fmt.Errorf("commit load: %w", err)
	}
	if err := w.finish(ctx); err != nil {
		return sinks.Receipt{}, fmt.Errorf("commit load: %w", err)
	}
	return w.receipt, nil
}

// conclude finishes the objects, and checks that they have what was announced.
func (w *writer) conclude(ctx context.Context) error {
	if err := w.load.Reconcile(func(table string) int64 { return w.rows[table] }); err != nil {
		return err
	}
	for _, t := range w.load.Tables {
		if t.Tally.Rows > 0 {
			continue
		}
		if _, err := w.output(t.Name, t.Name); err != nil { // an object without rows
			return err
		}
	}
	if err := w.closeOutputs(func(*output) bool { return true }); err != nil {
		return err
	}
	own := make(map[string]object)
	for _, f := range append(w.others, w.before) {
		for _, o := range f.manifest.Objects {
			own[o.Name] = o
		}
	}
	for _, o := range w.closed {
		if _, known := own[o.Name]; !known && o.Replaces != 0 {
			return w.stranger(o.Name)
		}
		delete(own, o.Name)
	}
	at := w.sink.now().UTC().Truncate(time.Microsecond)
	w.receipt = sinks.Receipt{Rows: w.load.Kept(), At: at}
	w.next = found{place: w.place, manifest: newManifest(w.load, at)}
	w.next.manifest.Objects, w.next.manifest.Restated = w.closed, w.restated(at)
	for _, o := range own {
		if e, there := w.there[o.Name]; there {
			w.next.manifest.Removes = append(w.next.manifest.Removes, object{Table: o.Table, Name: o.Name, Generation: e.generation})
		}
	}
	for _, f := range w.others {
		w.next.manifest.Removes = append(w.next.manifest.Removes, object{Table: f.place.table, Name: f.place.manifest(), Generation: f.generation})
	}
	return w.describe(ctx)
}

// decide writes the manifest under the generation that Begin gave it. Whoever does
// that has won; nothing that readers see has changed before.
func (w *writer) decide(ctx context.Context) error {
	if w.next.generation != 0 {
		return nil
	}
	text, err := w.next.manifest.document()
	if err != nil {
		return err
	}
	if w.phase == isLoading {
		w.next.generation, err = w.sink.store.put(ctx, w.place.manifest(), text, w.fenced)
	} else {
		err = w.failure
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errMoved):
		err = w.load.TakenOver()
		w.end(ctx, err)
		return err
	case w.phase == isLoading && fault.ClassOf(err) != fault.Transient:
		w.end(ctx, err)
		return err
	}
	w.phase, w.failure = doubtful, err
	return w.resolve(ctx)
}

// resolve finds out what became of a manifest whose reply was lost. If it is not
// there it must not come any more: the fence moves.
func (w *writer) resolve(ctx context.Context) error {
	lost := w.failure
	now, err := w.sink.read(ctx, w.place)
	if err == nil && now.generation == w.fenced {
		m := w.fencedText
		m.Fence += "-"
		var text []byte
		if text, err = m.document(); err == nil {
			now.generation, err = w.sink.store.put(ctx, w.place.manifest(), text, w.fenced)
		}
		if err == nil {
			w.fenced = now.generation
			err = fault.New(fault.Transient, "the slice was not committed: %w", lost).WithHint("Nothing of this load was kept. Loading the slice again is safe.")
			w.end(ctx, err)
			return err
		}
		if errors.Is(err, errMoved) {
			now, err = w.sink.read(ctx, w.place)
		}
	}
	switch {
	case err != nil:
		w.failure = fault.New(fault.Transient, "the reply to the manifest was lost, and what became of it cannot be asked: %w", errors.Join(lost, err)).
			WithHint("Readers see the old rows or the new, never both. Loading the slice again is safe.")
		return w.failure
	case now.manifest.LoadID == w.load.LoadID:
		w.next, w.failure = now, nil
		return nil
	}
	err = w.load.TakenOver()
	w.end(ctx, err)
	return err
}

// finish brings the objects to their names. The load is committed whether that
// succeeds or not: the next who looks at the slice goes on.
func (w *writer) finish(ctx context.Context) error {
	w.phase = doubtful
	if _, err := w.sink.settle(ctx, w.next); err != nil {
		return fault.New(fault.ClassOf(err), "the slice is committed, its objects are not all at their names: %w", err).WithHint("%s", finishHint(err))
	}
	w.phase = done
	w.cancel(nil)
	return nil
}

func finishHint(err error) string {
	if hint := fault.HintOf(err); fault.ClassOf(err) != fault.Transient && hint != "" {
		return hint
	}
	return "Readers of objects see the old rows until the next run of the job, which goes on with it."
}

// Abort implements sinks.Writer.
func (w *writer) Abort(ctx context.Context) error {
	if w.phase == isLoading {
		w.end(ctx, nil)
	}
	return nil
}

// end gives everything up. What cannot be removed now is removed by the next load
// of the slice.
func (w *writer) end(ctx context.Context, failure error) {
	w.phase, w.failure = ended, failure
	w.cancel(errAborted)
	for _, o := range w.open {
		o.staged.drop()
	}
	w.open = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	w.sink.clear(ctx, manifest{Objects: w.closed})
	if w.before.generation == 0 || w.before.manifest.State == loading && len(w.before.manifest.Objects) == 0 { // else a purge was killed, and they are to be found
		_ = w.sink.store.remove(ctx, w.place.manifest(), w.fenced)
	}
}

var errAborted = errors.New("the load was given up")
