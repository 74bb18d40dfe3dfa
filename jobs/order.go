package jobs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"exporter/fault"
	"exporter/jobs/plan"
	"exporter/sources"
	"exporter/state"
)

// selected lists some of the job's slices: what the state says of each decides, and
// the vendor is not asked for anything.
func (w *work) selected(known knowledge, only string) []task {
	var tasks []task
	now := w.o.Now()
	chosen := slices.SortedFunc(maps.Values(known.cached), func(a, b state.Slice) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.Part, b.Part))
	})
	for _, c := range chosen {
		if !selects(only, c, now.Add(w.patience())) {
			continue
		}
		if w.run.Trigger == state.TriggerAgain && c.State != state.SliceInterrupted && !passes(fault.Class(c.Class)) {
			continue // a person's to look after
		}
		s := plan.Slice{Interval: sources.Interval{Start: c.Start, End: c.End}}
		if !w.onGrid(s.Interval) {
			w.event(Event{Kind: Warning, Part: c.Part, Interval: s.Interval, Text: "slice " + s.String() + " is left out: the job's intervals are other ones now"})
			continue
		}
		s.Open = w.job.Kind.Windowed && s.End.Add(w.job.Settle).After(now)
		tasks = append(tasks, w.task(s, c.Part, c))
	}
	return tasks
}

// addWaiting adds to a firing what waits for quota further back and is due, so that
// it goes on where no serve resumes it. What a backfill left is for a run of its
// own priority, and what is to be loaded though unchanged for one that does so.
func (w *work) addWaiting(ctx context.Context, tasks []task, known knowledge) ([]task, error) {
	planned := map[sliceKey]bool{}
	for _, t := range tasks {
		planned[keyOf(t.part, t.Start)] = true
	}
	left := map[string]state.Run{}
	for _, t := range w.selected(known, state.OnlyWaiting) {
		key := keyOf(t.part, t.Start)
		if planned[key] {
			continue
		}
		id := known.cached[key].Run
		r, asked := left[id]
		if !asked {
			var err error
			if r, _, err = w.state.Run(ctx, id); err != nil {
				return nil, err
			}
			left[id] = r
		}
		if r.Priority != state.PriorityBackfill && !r.Force {
			tasks = append(tasks, t)
		}
	}
	return tasks, nil
}

// selects reports whether a slice is one of those a run is bounded to. A slice
// whose quota comes back until by is due: a run waits that long for it.
func selects(only string, s state.Slice, by time.Time) bool {
	switch only {
	case state.OnlyWaiting:
		return s.State == state.SliceWaiting && !s.WaitUntil.IsZero() && !s.WaitUntil.After(by)
	case state.OnlyFailed:
		return s.State == state.SliceFailed || s.State == state.SliceCheckFailed || s.State == state.SliceInterrupted
	default:
		return false
	}
}

// onGrid reports whether an interval is one of the job's.
func (w *work) onGrid(i sources.Interval) bool {
	if !w.job.Kind.Windowed {
		return i.Start.IsZero()
	}
	now := gridOf(w.job).Containing(i.Start)
	return now.Start.Equal(i.Start) && now.End.Equal(i.End)
}

// order puts slices in the order in which a run works on them: the newest closed
// interval and the running one; then what waits or failed, the one first whose
// rows were compared with the vendor's longest ago; then the rest, newest first.
// Where a run never reaches its end, because of the quota or its timeout, every
// slice gets its turn in some later run all the same.
func (w *work) order(tasks []task, known knowledge) {
	var newest time.Time
	if w.job.Kind.Windowed {
		newest = planOf(w.job).Newest(w.o.Now()).Start
	}
	behind := func(t task) bool {
		switch known.cached[keyOf(t.part, t.Start)].State {
		case state.SliceWaiting, state.SliceFailed, state.SliceCheckFailed, state.SliceInterrupted:
			return true
		default:
			return false
		}
	}
	rank := func(t task) int {
		switch {
		case !t.Start.Before(newest):
			return 0
		case behind(t):
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(tasks, func(a, b task) int {
		longest := 0
		if rank(a) == 1 && rank(b) == 1 {
			longest = known.checked(a.part, a.Start).Compare(known.checked(b.part, b.Start))
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), longest, b.Start.Compare(a.Start))
	})
}

// checked returns when a slice was last compared with the vendor's rows in every
// sink, zero if some sink never had it.
func (k knowledge) checked(part string, start time.Time) time.Time {
	var first time.Time
	for i, t := range k.targets {
		at := t.committed[keyOf(part, start)].CheckedAt
		if t.err != nil {
			at = k.cached[keyOf(part, start)].Sinks[t.name].CheckedAt
		}
		if i == 0 || at.Before(first) {
			first = at
		}
	}
	return first
}

// checkedAll returns when the part of an interval that was compared longest ago was,
// zero if some part never was.
func (k knowledge) checkedAll(i sources.Interval) time.Time {
	var first time.Time
	for n, part := range k.parts {
		if at := k.checked(part, i.Start); n == 0 || at.Before(first) {
			first = at
		}
	}
	return first
}
