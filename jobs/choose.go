package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/sinks"
	"exporter/sources"
	"exporter/state"
)

func gridOf(job *config.Job) plan.Grid {
	return plan.Grid{Length: job.Interval, Zone: job.DataZone}
}

func planOf(job *config.Job) plan.Job {
	return plan.Job{
		Grid: gridOf(job), Lookback: job.Lookback, Tiers: job.Tiers, Heal: job.Heal,
		Start: job.Start, Settle: job.Settle, Open: job.Open,
	}
}

// plan lists the run's slices in the order of work, every interval once per part.
func (w *work) plan(ctx context.Context) ([]task, error) {
	if w.run.Only == state.OnlyWaiting || w.run.Only == state.OnlyFailed {
		known, err := w.knowledge(ctx, nil)
		if err != nil {
			return nil, err
		}
		tasks := w.selected(known, w.run.Only)
		w.order(tasks, known)
		return tasks, nil
	}
	parts, err := w.parts(ctx)
	if err != nil {
		return nil, err
	}
	known, err := w.knowledge(ctx, parts)
	if err != nil {
		return nil, err
	}
	chosen, left, err := w.choose(ctx, known)
	if err != nil {
		return nil, err
	}
	if !left.End.IsZero() {
		w.event(Event{Kind: Warning, Interval: left, Text: "interval " + plan.Text(left, w.job.DataZone) + " is still open and left out"})
	}
	if w.run.From.IsZero() {
		if chosen, err = w.addChanged(ctx, chosen, known); err != nil {
			return nil, err
		}
	}
	var tasks []task
	for _, s := range chosen {
		for _, part := range parts {
			if known.has(part, s.Interval) && (s.Owed || w.job.Write == sinks.Append) {
				continue // another part owes the interval; or it was appended once and for all
			}
			if !w.wants(known, part, s.Interval) {
				continue
			}
			tasks = append(tasks, w.task(s, part, known.cached[keyOf(part, s.Start)]))
		}
	}
	if w.run.From.IsZero() {
		if tasks, err = w.addWaiting(ctx, tasks, known); err != nil {
			return nil, err
		}
		w.order(tasks, known)
	}
	return tasks, nil
}

// parts lists what the run's slices are about. A plan beside a process that works on
// the state does not ask the vendor; it goes by the slices that are known.
func (w *work) parts(ctx context.Context) ([]string, error) {
	parts, err := partsOf(ctx, w.src, w.job)
	var held *state.HeldError
	if !w.dry || !errors.As(err, &held) {
		return parts, err
	}
	known, unknown := w.state.Slices(ctx, w.job.Name, time.Time{}, time.Time{})
	if unknown != nil || len(known) == 0 {
		return nil, errors.Join(err, unknown)
	}
	for _, s := range known {
		parts = append(parts, s.Part)
	}
	slices.Sort(parts)
	parts = slices.Compact(parts)
	w.event(Event{Kind: Warning, Text: fmt.Sprintf("the vendor is not asked while another process works on the state; the plan is for what is known: parts %q", parts)})
	return parts, nil
}

// partsOf lists what the job's slices are about. There is always something: a
// login that sees nothing any more is a failure, not a job with nothing to do.
func partsOf(ctx context.Context, src sources.Source, job *config.Job) ([]string, error) {
	p, ok := src.(sources.Parted)
	if !ok {
		return []string{""}, nil
	}
	parts, err := p.Parts(ctx, job.Kind.Name)
	if err != nil {
		return nil, fmt.Errorf("list parts of stream %s: %w", job.Kind.Name, err)
	}
	if len(parts) == 0 {
		return nil, fault.New(fault.Permanent, "job %s: stream %s of source %s has no parts: the login sees nothing to read", job.Name, job.Kind.Name, job.Source.Name).
			WithHint("Ask whoever granted the access, or log in as another user. If that is right, take the job out of the configuration.")
	}
	return parts, nil
}

// knowledge reads what the state remembers of the job.
func (w *work) knowledge(ctx context.Context, parts []string) (knowledge, error) {
	var tables []string
	for _, t := range w.stream.Tables {
		tables = append(tables, tableName(w.job, t))
	}
	k := knowledge{targets: w.sinks, tables: tables, parts: parts, cached: map[sliceKey]state.Slice{}}
	cached, err := w.state.Slices(ctx, w.job.Name, time.Time{}, time.Time{})
	if err != nil {
		return k, err
	}
	for _, s := range cached {
		k.cached[keyOf(s.Part, s.Start)] = s
	}
	if k.since, err = w.lastCompleted(ctx, w.job.Name); err != nil {
		return k, err
	}
	remembered, err := w.state.Job(ctx, w.job.Name)
	k.owed = remembered.Owed
	return k, err
}

// task returns a slice of the run with a fresh record; of the sinks it keeps
// what is known, and until when the slice had waited.
func (w *work) task(s plan.Slice, part string, had state.Slice) task {
	rec := &state.Slice{
		Job: w.job.Name, Part: part, Start: s.Start, End: s.End, State: state.SlicePlanned, Run: w.run.ID,
		Definition: w.definition, Announced: sources.Unknown, Sinks: had.Sinks,
	}
	if had.State == state.SliceWaiting {
		rec.WaitUntil = had.WaitUntil
	}
	return task{part: part, Slice: s, rec: rec}
}

// announce records the planned slices before the first is begun, so that whoever
// looks sees what is still to come.
func (w *work) announce(ctx context.Context, tasks []task) error {
	all := make([]state.Slice, len(tasks))
	for i, t := range tasks {
		all[i] = *t.rec
	}
	if len(all) == 0 {
		return nil
	}
	return w.state.PutSlice(ctx, all...)
}

// knowledge answers which slices are complete. For a sink that does not answer,
// the state's memory of it counts.
type knowledge struct {
	targets []target
	tables  []string // final names
	parts   []string
	cached  map[sliceKey]state.Slice
	since   time.Time // when the last run of what was due began that did all of it; zero = not known
	owed    time.Time // start of the oldest interval that a firing left to the next ones; zero = none
}

// complete reports whether every part of an interval is complete.
func (k knowledge) complete(i sources.Interval) bool {
	return !slices.ContainsFunc(k.parts, func(part string) bool { return !k.has(part, i) })
}

// has reports whether every sink has the slice for good: what is provisional,
// because its interval was open or its count would not settle, is read again.
func (k knowledge) has(part string, i sources.Interval) bool {
	for _, t := range k.targets {
		if t.err != nil {
			c := k.cached[keyOf(part, i.Start)]
			if s := c.Sinks[t.name]; s.LoadedAt.IsZero() || c.Provisional {
				return false
			}
			continue
		}
		c, ok := t.committed[keyOf(part, i.Start)]
		if !ok || c.Provisional {
			return false
		}
		for _, name := range k.tables { // under another name it is somewhere else
			if _, ok := c.Tables[name]; !ok {
				return false
			}
		}
	}
	return true
}

// owedSince returns from when on a job without a first day owes its intervals:
// from the newest that its last complete run had to export, or, where no run is
// remembered, from the newest that some sink has; or from further back, if firings
// left something there. What was asked for by hand or named by the vendor further back
// makes nothing owed.
func (k knowledge) owedSince(p plan.Job) time.Time {
	since := k.coveredSince(p)
	if !k.owed.IsZero() && (since.IsZero() || k.owed.Before(since)) {
		return k.owed
	}
	return since
}

func (k knowledge) coveredSince(p plan.Job) time.Time {
	if !k.since.IsZero() {
		return p.Newest(k.since).Start
	}
	var newest time.Time
	for _, t := range k.targets {
		for _, c := range t.committed {
			if c.Slice.Start.After(newest) {
				newest = c.Slice.Start
			}
		}
	}
	for _, s := range k.cached {
		if len(s.Sinks) > 0 && s.Start.After(newest) {
			newest = s.Start
		}
	}
	return newest
}

// oldest returns the start of the oldest interval that some sink has, zero for none.
func (k knowledge) oldest() time.Time {
	var oldest time.Time
	note := func(start time.Time) {
		if oldest.IsZero() || start.Before(oldest) {
			oldest = start
		}
	}
	for _, t := range k.targets {
		for _, c := range t.committed {
			note(c.Slice.Start)
		}
	}
	for _, s := range k.cached {
		if len(s.Sinks) > 0 {
			note(s.Start)
		}
	}
	return oldest
}

// CheckBounds reports why a run of the job could not take --from and --to.
func CheckBounds(job *config.Job, from, to, now time.Time) error {
	if from.IsZero() && to.IsZero() {
		return nil
	}
	_, _, err := between(job, from, to, now)
	return err
}

// between lists the intervals that a command names, and the stretch of them that is
// still open.
func between(job *config.Job, from, to, now time.Time) (out []plan.Slice, left sources.Interval, err error) {
	if from.IsZero() {
		return nil, left, fault.New(fault.Config, "--to needs --from")
	}
	out, left, err = planOf(job).Range(from, to, now)
	var bound *plan.BoundError
	switch {
	case errors.As(err, &bound):
		return nil, left, fault.New(fault.Config, "job %s: %w", job.Name, err).WithHint("Use one of the two instants named.")
	case err != nil:
		return nil, left, fault.New(fault.Config, "job %s: %w", job.Name, err).WithHint("Write an earlier --from or a later --to; intervals that are not over yet are not exported.")
	}
	return out, left, nil
}

// choose lists the intervals of a run: those the command names, or what a firing
// would do now. Left is what of those named is still open.
func (w *work) choose(ctx context.Context, known knowledge) (out []plan.Slice, left sources.Interval, err error) {
	job, now := w.job, w.o.Now()
	if !job.Kind.Windowed {
		if !w.run.From.IsZero() || !w.run.To.IsZero() {
			return nil, left, fault.New(fault.Config, "job %s: stream %s is the current state, --from and --to mean nothing to it", job.Name, job.Kind.Name).
				WithHint("Run it without them.")
		}
		return []plan.Slice{{}}, left, nil
	}
	if !w.run.From.IsZero() || !w.run.To.IsZero() {
		return between(job, w.run.From, w.run.To, now)
	}
	p := planOf(job)
	due := p.Firing(now, known.owedSince(p), plan.Known{Complete: known.complete, Checked: known.checkedAll})
	return due.Slices, left, w.leave(ctx, known, due)
}

// addChanged adds the intervals of which the vendor says that they were edited
// since the last firing, where the job asks for that.
func (w *work) addChanged(ctx context.Context, chosen []plan.Slice, known knowledge) ([]plan.Slice, error) {
	c, ok := w.src.(sources.Changer)
	if !ok || len(chosen) == 0 || w.dry || !w.job.Kind.Windowed {
		return chosen, nil
	}
	since := known.since
	if since.IsZero() {
		since = chosen[len(chosen)-1].Start
	}
	changed, err := c.Changed(ctx, w.stream.Name, since)
	if err != nil {
		return nil, fmt.Errorf("ask for changed intervals since %s: %w", since.UTC().Format(time.RFC3339), err)
	}
	p := planOf(w.job)
	newest := p.Newest(w.o.Now())
	for _, i := range changed {
		if i.Start.IsZero() { // the whole past
			if i.Start = known.oldest(); !w.job.Start.IsZero() {
				i.Start = w.job.Start
			}
			if i.Start.IsZero() {
				continue
			}
		}
		for s := p.Containing(i.Start); s.Start.Before(i.End) && !s.End.After(newest.End); s = p.Next(s) {
			owed := w.job.Start.IsZero() || !s.Start.Before(w.job.Start)
			if owed && !slices.ContainsFunc(chosen, func(have plan.Slice) bool { return have.Start.Equal(s.Start) }) {
				chosen = append(chosen, plan.Slice{Interval: s})
			}
		}
	}
	slices.SortStableFunc(chosen, func(a, b plan.Slice) int { return b.Start.Compare(a.Start) })
	return chosen, nil
}
