package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"exporter/fault"
	"exporter/jobs/plan"
	"exporter/jobs/spool"
	"exporter/ratelimit"
	"exporter/record"
	"exporter/sources"
	"exporter/state"
)

// outcome is how a slice of a run ended.
type outcome struct {
	state string // committed or unchanged when err is nil
	rows  int64
	err   error
	some  bool // a sink has the slice all the same
}

// exitCode is the slice's: partial where some sinks have it and others do not.
func (o outcome) exitCode() int {
	if code := ExitCode(o.err); !o.some || code == ExitOK || code == ExitInterrupted {
		return code
	}
	return ExitPartial
}

// slice is the life of one slice: open the spool, extract what is missing, check,
// load into every sink, give the spool up. It returns the slice's exit code.
func (w *work) slice(ctx context.Context, t task, p *place) int {
	w.sliceEvent(t, Event{Kind: SliceBegan, State: state.SliceExtracting})
	out := w.recovered(ratelimit.WithPlace(ctx, p), t)
	if _, waited := p.waits(); waited && out.err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		out.err = w.outOfTime(out.err)
	}
	return w.ended(context.WithoutCancel(ctx), t, out)
}

// patience is the longest wait for quota that does not park a slice.
func (w *work) patience() time.Duration {
	return cmp.Or(w.job.Source.Limits.MaxWait, ratelimit.DefaultMaxWait)
}

// recovered turns a panic of an attempt into a recorded failure.
func (w *work) recovered(ctx context.Context, t task) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = outcome{err: w.panicked(p)}
		}
	}()
	return w.attempt(ctx, t)
}

// panicked turns what recover returned into an error and keeps the stack in the log.
func (w *work) panicked(p any) error {
	w.log.Error("panic", "job", w.run.Job, "run", w.run.ID, "panic", p, "stack", string(debug.Stack()))
	return fault.New(fault.Permanent, "panic: %v", p).WithHint("This is a bug in exporter. Please report it with the log, which has the stack.")
}

func (w *work) attempt(ctx context.Context, t task) outcome {
	tr := tries{policy: w.o.Retry, patience: w.patience()}
	for {
		out := w.pass(ctx, t, &tr)
		if !errors.Is(out.err, record.ErrCorrupt) {
			return out
		}
		// Whatever is damaged on disk can be had from the vendor again.
		again, _, pause := tr.next(fault.New(fault.Drift, "%w", out.err))
		if !again {
			return out
		}
		w.retries(t, out.err, pause)
		if err := sleep(ctx, pause); err != nil {
			return outcome{err: err}
		}
	}
}

// pass takes the slice once through spool and sinks.
func (w *work) pass(ctx context.Context, t task, tr *tries) (out outcome) {
	sp, why, err := w.spools.Open(spool.Spec{Job: w.job.Name, Part: t.part, Interval: t.Interval, Definition: w.definition, Tables: w.stream.Tables, ClosedAt: t.End.Add(w.job.Settle), AskedAt: w.run.Since}, w.o.Now)
	if err != nil {
		return outcome{err: err}
	}
	defer func() { out.err = errors.Join(out.err, sp.Close()) }()
	if why != "" {
		w.sliceEvent(t, Event{Kind: Warning, Text: "the slice's spool is not used, the slice is read again: " + why})
	}
	t.rec.State = state.SliceExtracting
	if err := w.put(ctx, t, sp); err != nil {
		return outcome{err: err}
	}
	if !sp.State().Finished {
		if err := w.extract(ctx, t, sp, tr); err != nil {
			return outcome{err: w.located(err, sp)}
		}
	}
	t.rec.State = state.SliceExtracted
	if err := w.put(ctx, t, sp); err != nil {
		return outcome{err: err}
	}
	return w.load(ctx, t, sp)
}

// located says on which page a failure stopped the slice, and what is safe.
func (w *work) located(err error, sp *spool.Spool) error {
	return fmt.Errorf("page %d: %w", sp.State().Pages+1, err)
}

// extract reads the slice from its last checkpoint to its end.
func (w *work) extract(ctx context.Context, t task, sp *spool.Spool, tr *tries) error {
	for {
		err := w.read(ctx, t, sp, tr)
		if err == nil {
			if err = reconcile(sp); err == nil {
				return sp.Finish()
			}
		}
		if rerr := sp.Rollback(); rerr != nil {
			return errors.Join(err, rerr)
		}
		again, over, pause := tr.next(err)
		if !again && fault.ClassOf(err) == fault.Throttled {
			return fault.New(fault.Parked, "throttled for %s without a page: %w", tr.patience, err).WithWait(max(fault.WaitOf(err), tr.patience)).
				WithHint("The vendor keeps refusing. The slice goes on at this page in a run after a while; lower the source's limits if that happens often.")
		}
		if !again || ctx.Err() != nil {
			return err
		}
		w.retries(t, err, pause)
		if over {
			if err := sp.Restart(); err != nil {
				return err
			}
		}
		t.rec.Attempts++
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// read appends pages to the spool until the slice is read or something fails.
func (w *work) read(ctx context.Context, t task, sp *spool.Spool, tr *tries) error {
	req := sources.Request{Stream: w.stream, Part: t.part, Interval: t.Interval, Zone: w.job.DataZone, After: sp.State().Next}
	for page, err := range w.src.Read(ctx, req) {
		if err != nil {
			return err
		}
		if page.Warning != "" {
			w.sliceEvent(t, Event{Kind: Warning, Text: page.Warning})
		}
		if err := sp.Append(&page); err != nil {
			return err
		}
		if page.Next == nil {
			continue
		}
		if err := sp.Checkpoint(page); err != nil {
			return err
		}
		tr.progress()
		if err := w.put(ctx, t, sp); err != nil {
			return err
		}
		w.sliceEvent(t, Event{Kind: SliceRead, State: t.rec.State, Pages: t.rec.Page, Rows: t.rec.Rows, Expected: t.rec.Announced})
	}
	return context.Cause(ctx)
}

// reconcile compares what the vendor announced with the rows of the first table,
// which is what vendors count; what hangs on a row is in the tables behind it.
func reconcile(sp *spool.Spool) error {
	st := sp.State()
	read := sp.Tallies()[0].Rows + sp.Rejected()[0]
	if st.Announced != sources.Unknown && st.Announced != read && !st.Provisional {
		return fault.New(fault.Mismatch, "the vendor announced %d rows, %d were read", st.Announced, read).
			WithHint("Rows were added or removed while they were read. The slice is read again; old rows stay until it is complete.")
	}
	return nil
}

func rowsRead(sp *spool.Spool) int64 {
	kept, rejected := rowsOf(sp)
	return kept + rejected
}

// rowsOf counts rows kept and rejected over all tables.
func rowsOf(sp *spool.Spool) (kept, rejected int64) {
	for i, t := range sp.Tallies() {
		kept += t.Rows
		rejected += sp.Rejected()[i]
	}
	return kept, rejected
}

// put stores the slice's record, with what its spool holds.
func (w *work) put(ctx context.Context, t task, sp *spool.Spool) error {
	st := sp.State()
	_, t.rec.Rejected = rowsOf(sp)
	t.rec.Rows, t.rec.Page, t.rec.Announced, t.rec.Provisional = rowsRead(sp), st.Pages, st.Announced, t.Open || st.Provisional
	return w.state.PutSlice(ctx, *t.rec)
}

// ended records how a slice ended, in the state, the run and the log.
func (w *work) ended(ctx context.Context, t task, out outcome) int {
	ctx, cancel := context.WithTimeout(ctx, writeFor)
	defer cancel()
	rec, waited := t.rec, t.rec.WaitUntil
	rec.State, rec.WaitUntil = out.state, time.Time{}
	if out.err != nil {
		out.err = named(fmt.Errorf("job %s, slice %s: %w", w.job.Name, w.describe(t), out.err), w.job.Name)
		rec.State = sliceState(out.err)
		rec.Class, rec.Error, rec.Hint = string(fault.ClassOf(out.err)), out.err.Error(), fault.HintOf(out.err)
		switch {
		case rec.State == state.SliceWaiting:
			rec.WaitUntil = w.waitUntil(out.err)
		case rec.State == state.SliceInterrupted && !waited.IsZero():
			rec.State, rec.WaitUntil = state.SliceWaiting, waited
		}
	}
	if err := w.keepEnd(ctx, *rec); err != nil {
		out.err = errors.Join(out.err, err)
	}
	w.count(rec, out)
	w.logEnd(t, out)
	w.sliceEvent(t, Event{Kind: SliceEnded, State: rec.State, Pages: rec.Page, Rows: rec.Rows, Expected: rec.Announced, Until: rec.WaitUntil, Err: out.err})
	w.event(Event{Kind: RunProgress})
	w.progress(ctx)
	return out.exitCode()
}

// progress stores the run's counts as they are now.
func (w *work) progress(ctx context.Context) {
	if err := w.state.Progress(ctx, w.snapshot()); err != nil {
		w.log.Warn("progress of run could not be recorded", "job", w.job.Name, "run", w.run.ID, "err", err)
	}
}

// count adds the slice to the run's sums.
func (w *work) count(rec *state.Slice, out outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch rec.State {
	case state.SliceCommitted:
		w.run.Committed++
		w.run.Rows += out.rows
	case state.SliceUnchanged:
		w.run.Unchanged++
	case state.SliceWaiting:
		w.run.Waiting++
		if first := w.run.WaitUntil; first.IsZero() || !rec.WaitUntil.IsZero() && rec.WaitUntil.Before(first) {
			w.run.WaitUntil = rec.WaitUntil
		}
	case state.SliceInterrupted:
		if w.gaveWay(out.err) {
			return // it goes on with the run
		}
	default:
		w.run.Failed++
		w.run.Rows += out.rows // of the sinks that have them
	}
	if out.err != nil {
		w.err = append(w.err, out.err)
	}
}

func (w *work) logEnd(t task, out outcome) {
	log := w.log.With("job", w.job.Name, "run", w.run.ID, "interval", t.Interval.String(), "part", t.part, "state", t.rec.State)
	switch {
	case w.gaveWay(out.err):
		return
	case t.rec.State == state.SliceWaiting:
		log.Warn("slice waits", "until", t.rec.WaitUntil, "err", out.err)
		return
	case out.err != nil:
		log.Error("slice not loaded", "class", fault.ClassOf(out.err), "err", out.err, "hint", fault.HintOf(out.err))
		return
	}
	log.Debug("slice done", "rows", out.rows)
}

func (w *work) snapshot() state.Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run.Calls = w.calls.Load()
	return w.run
}

func (w *work) retries(t task, err error, pause time.Duration) {
	w.log.Warn("slice is tried again", "job", w.job.Name, "run", w.run.ID, "interval", t.Interval.String(), "part", t.part, "pause", pause, "err", err)
	w.sliceEvent(t, Event{Kind: SliceRetries, Err: err, Until: w.o.Now().Add(pause)})
}

func (w *work) sliceEvent(t task, ev Event) {
	ev.Part, ev.Interval = t.part, t.Interval
	w.event(ev)
}

// describe names a slice in messages, on the clock that its days are of.
func (w *work) describe(t task) string {
	name := t.Interval.String()
	if !t.Interval.Start.IsZero() {
		name = plan.Text(t.Interval, w.job.DataZone)
	}
	if t.part != "" {
		name = t.part + " " + name
	}
	return name
}
