package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"exporter/fault"
	"exporter/jobs/spool"
	"exporter/record"
	"exporter/sinks"
	"exporter/state"
)

// load brings a finished spool into every sink of the job. A sink that fails
// does not keep the others from committing; the spool stays until all have.
func (w *work) load(ctx context.Context, t task, sp *spool.Spool) outcome {
	rec := t.rec
	rec.State = state.SliceLoading
	rec.Sinks = maps.Clone(rec.Sinks)
	if rec.Sinks == nil {
		rec.Sinks = map[string]state.SinkState{}
	}
	if err := w.put(ctx, t, sp); err != nil {
		return outcome{err: err}
	}
	l := w.describeLoad(t, sp)
	inspected := sync.OnceValue(func() error { return w.inspect(ctx, sp) }) // once for all sinks, if one is to take the rows
	out := outcome{state: state.SliceUnchanged}
	var errs []error
	late := false // another exporter took a load over
	for _, k := range w.sinks {
		s, rows, err := w.loadInto(ctx, t, k, l, sp, inspected)
		if err != nil {
			// What the sink had before it still has.
			s = rec.Sinks[k.name]
			if ctx.Err() == nil && fault.ClassOf(err) == fault.Interrupted {
				err, late = overtaken(err), true
			}
			s.State, s.Error = sliceState(err), err.Error()
			errs = append(errs, fmt.Errorf("sink %s: %w", k.name, err))
		}
		out.some = out.some || err == nil
		rec.Sinks[k.name] = s
		if s.State == state.SliceCommitted {
			out.state, out.rows = state.SliceCommitted, max(out.rows, rows)
		}
	}
	if out.state == state.SliceCommitted {
		w.tellRejects(t, l, sp)
	}
	out.err = errors.Join(errs...)
	if late || done(errs) { // the other's rows may be newer: a later run must not put these in their place
		out.err = errors.Join(out.err, sp.Remove())
	}
	return out
}

// tellRejects warns of rows that were left out of a slice that was loaded.
func (w *work) tellRejects(t task, l sinks.Load, sp *spool.Spool) {
	for _, table := range l.Tables {
		if table.Rejected > 0 {
			column, reason := sp.FirstReject()
			w.sliceEvent(t, Event{Kind: Warning, Text: fmt.Sprintf("slice %s: %d rows could not be typed and are in %s%s; the first of the slice: column %s: %s",
				w.describe(t), table.Rejected, table.Name, sinks.RejectsSuffix, column, reason)})
		}
	}
}

// overtaken makes a failure of a load that another exporter took over: to a sink it was
// interrupted, but nobody has stopped this run.
func overtaken(err error) error {
	return fault.New(fault.Permanent, "%w", err).WithHint("%s", fault.HintOf(err))
}

// done reports whether a spool has served: every sink has it, or no sink will
// take it as it is and the vendor is to be asked again. A sink that is only down
// keeps it.
func done(errs []error) bool {
	waiting := slices.ContainsFunc(errs, func(err error) bool {
		return fault.ClassOf(err) != fault.Check && !errors.Is(err, record.ErrCorrupt)
	})
	return !waiting || slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, record.ErrCorrupt) })
}

func (w *work) describeLoad(t task, sp *spool.Spool) sinks.Load {
	start, end := t.Start, t.End
	if zone := w.job.DataZone; zone != nil { // paths of objects have the local day
		start, end = start.In(zone), end.In(zone)
	}
	l := sinks.Load{
		Slice: sinks.Slice{Job: w.job.Name, Part: t.part, Start: start, End: end},
		Run:   w.run.ID, Trigger: w.run.Trigger, RunStarted: w.run.Started, Mode: w.job.Write, Absent: w.job.Absent, Freeze: w.job.Freeze, Definition: w.definition,
		Provisional: t.Open || sp.State().Provisional, Announced: sp.State().Announced, Read: rowsRead(sp),
	}
	for i, shape := range w.stream.Tables {
		l.Tables = append(l.Tables, sinks.Table{Name: tableName(w.job, shape), Shape: shape, Tally: sp.Tallies()[i], Rejected: sp.Rejected()[i]})
	}
	return l
}

// loadInto loads one sink, unless it has exactly these rows already.
func (w *work) loadInto(ctx context.Context, t task, k target, l sinks.Load, sp *spool.Spool, inspected func() error) (state.SinkState, int64, error) {
	tr := tries{policy: w.o.Retry}
	l.Notice = w.noticed(t, k.name)
	for {
		s, rows, err := w.loadOnce(ctx, k, l, sp, inspected)
		if err == nil {
			w.sliceEvent(t, Event{Kind: SliceLoaded, State: s.State, Sink: k.name, Rows: rows})
			return s, rows, nil
		}
		again, _, pause := tr.next(err)
		if !again || ctx.Err() != nil || errors.Is(err, record.ErrCorrupt) {
			return state.SinkState{}, 0, err
		}
		w.retries(t, fmt.Errorf("sink %s: %w", k.name, err), pause)
		if err := sleep(ctx, pause); err != nil {
			return state.SinkState{}, 0, err
		}
	}
}

func (w *work) loadOnce(ctx context.Context, k target, l sinks.Load, sp *spool.Spool, inspected func() error) (state.SinkState, int64, error) {
	if k.err != nil { // else that was done when the run began
		if err := rename(ctx, w.job, k.name, k.sink); err != nil {
			return state.SinkState{}, 0, err
		}
	}
	before, err := w.committed(ctx, k, l.Slice)
	if err != nil {
		return state.SinkState{}, 0, err
	}
	once := l.Mode == sinks.Append // never loaded again, whatever the vendor says now
	if before != nil && (once || before.Same(l) && !w.run.Force) {
		at := w.o.Now().UTC()
		if err := k.sink.Checked(ctx, l.Slice, at, l.Provisional); err != nil {
			return state.SinkState{}, 0, err
		}
		return state.SinkState{State: state.SliceUnchanged, Rows: before.Written, LoadedAt: before.LoadedAt, CheckedAt: at}, before.Written, nil
	}
	if err := check(w.job, l, before, sp.FirstReject); err != nil {
		return state.SinkState{}, 0, err
	}
	if err := inspected(); err != nil {
		return state.SinkState{}, 0, err
	}
	l.LoadID = rand.Text()
	receipt, err := write(ctx, k.sink, l, sp)
	if err != nil {
		return state.SinkState{}, 0, err
	}
	return state.SinkState{State: state.SliceCommitted, Rows: receipt.Rows, LoadedAt: receipt.At, CheckedAt: receipt.At}, receipt.Rows, nil
}

// committed asks the sink what it has of the slice now.
func (w *work) committed(ctx context.Context, k target, s sinks.Slice) (*sinks.Committed, error) {
	to := s.Start.Add(time.Microsecond)
	if s.Start.IsZero() {
		to = s.Start // an open bound: what has no interval starts before everything
	}
	found, err := k.sink.Committed(ctx, s.Job, s.Start, to)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].Slice.Part == s.Part && found[i].Slice.Start.Equal(s.Start) {
			return &found[i], nil
		}
	}
	return nil, nil
}

func write(ctx context.Context, sink sinks.Sink, l sinks.Load, sp *spool.Spool) (r sinks.Receipt, err error) {
	wr, err := sink.Begin(ctx, l)
	if err != nil {
		return sinks.Receipt{}, err
	}
	committed := false
	defer func() { // also after a panic: an open load would hold its table for ever
		if !committed {
			err = errors.Join(err, abort(ctx, wr))
		}
	}()
	if r, err = writeAll(ctx, wr, sp); err != nil {
		return r, err
	}
	committed = true
	return r, nil
}

// abort gives a load up, also after a shutdown, but not for ever.
func abort(ctx context.Context, wr sinks.Writer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return wr.Abort(ctx)
}

func writeAll(ctx context.Context, wr sinks.Writer, sp *spool.Spool) (sinks.Receipt, error) {
	for b, err := range sp.Batches() {
		if err != nil {
			return sinks.Receipt{}, fault.New(fault.Data, "%w", err)
		}
		if err := wr.Write(ctx, b); err != nil {
			return sinks.Receipt{}, err
		}
	}
	return wr.Commit(ctx)
}
