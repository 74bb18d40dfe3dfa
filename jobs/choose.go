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
	"exporter/sources"
	"exporter/state"
)

func gridOf(job *config.Job) plan.Grid {
	return plan.Grid{Length: job.Interval, Zone: job.DataZone}
}

func planOf(job *config.Job) plan.Job {
	return plan.Job{Grid: gridOf(job), Lookback: job.Lookback, Start: job.Start, Settle: job.Settle, Open: job.Open}
}

// knowledge answers which intervals are complete: those that every part has in
// every sink. For a sink that does not answer, the state's memory of it counts.
type knowledge struct {
	targets []target
	parts   []string
	cached  []state.Slice
}

func (k knowledge) complete(i sources.Interval) bool {
	return !slices.ContainsFunc(k.parts, func(part string) bool { return !k.has(part, i) })
}

// has reports whether every sink has the slice.
func (k knowledge) has(part string, i sources.Interval) bool {
	for _, t := range k.targets {
		ok := false
		if t.err != nil {
			ok = k.remembered(t.name, part, i)
		} else {
			_, ok = t.committed[keyOf(part, i.Start)]
		}
		if !ok {
			return false
		}
	}
	return true
}

func (k knowledge) remembered(sink, part string, i sources.Interval) bool {
	return slices.ContainsFunc(k.cached, func(s state.Slice) bool {
		return s.Part == part && s.Start.Equal(i.Start) && !s.Sinks[sink].LoadedAt.IsZero()
	})
}

// oldest returns the start of the oldest interval that any sink has, zero if none.
func (k knowledge) oldest() time.Time {
	var first time.Time
	note := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	for _, t := range k.targets {
		for _, c := range t.committed {
			note(c.Slice.Start)
		}
	}
	for _, s := range k.cached {
		note(s.Start)
	}
	return first
}

// choose lists the intervals of a run: those the command names, or what a firing
// would do now. Left are named intervals that are still open.
func choose(job *config.Job, run state.Run, known knowledge, now time.Time) (out []plan.Slice, left []sources.Interval, err error) {
	if !job.Kind.Windowed {
		if !run.From.IsZero() || !run.To.IsZero() {
			return nil, nil, fault.New(fault.Config, "job %s: stream %s is the current state, --from and --to mean nothing to it", job.Name, job.Kind.Name).
				WithHint("Run it without them.")
		}
		return []plan.Slice{{}}, nil, nil
	}
	p := planOf(job)
	if run.From.IsZero() && run.To.IsZero() {
		return p.Firing(now, known.oldest(), known.complete), nil, nil
	}
	from := run.From
	if from.IsZero() {
		return nil, nil, fault.New(fault.Config, "--to needs --from")
	}
	out, left, err = p.Range(from, run.To, now)
	var bound *plan.BoundError
	if errors.As(err, &bound) {
		return nil, nil, fault.New(fault.Config, "job %s: %w", job.Name, err).WithHint("Use one of the two instants named.")
	}
	if err != nil {
		return nil, nil, fault.New(fault.Config, "job %s: %w", job.Name, err)
	}
	return out, left, nil
}

// lastComplete returns when the last run of what was due began that succeeded,
// zero if none is remembered.
func (w *work) lastComplete(ctx context.Context) (time.Time, error) {
	runs, err := w.state.Runs(ctx, w.job.Name, 1000)
	if err != nil {
		return time.Time{}, err
	}
	for _, r := range runs {
		if r.State == state.RunSucceeded && r.From.IsZero() {
			return r.Started, nil
		}
	}
	return time.Time{}, nil
}

// addChanged adds the intervals of which the vendor says that they were edited
// since the last firing, where the job asks for that.
func (w *work) addChanged(ctx context.Context, chosen []plan.Slice) ([]plan.Slice, error) {
	c, ok := w.src.(sources.Changer)
	if !ok || len(chosen) == 0 || !w.job.Kind.Windowed {
		return chosen, nil
	}
	since, err := w.lastComplete(ctx)
	if err != nil {
		return nil, err
	}
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
