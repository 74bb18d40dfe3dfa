package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/sinks"
	"exporter/sources"
	"exporter/state"
)

// Missing is the state of a slice that a sink had and has no longer.
const Missing = "missing"

// SliceView is everything known of a slice, from the state and every sink's ledger.
type SliceView struct {
	state.Slice
	Outdated bool // committed under an older definition of the job
}

// Slices returns what is known of a job's slices that start in [from, to), oldest
// first; zero bounds are open. The ledgers of the sinks decide what is committed,
// wherever they answer.
func (e *Engine) Slices(ctx context.Context, job *config.Job, from, to time.Time) ([]SliceView, error) {
	local, err := e.state.Slices(ctx, job.Name, from, to)
	if err != nil {
		return nil, err
	}
	m := merger{definition: config.Fingerprint(job), at: map[sliceKey]int{}}
	for _, s := range local {
		m.add(SliceView{Slice: s, Outdated: s.Definition != m.definition})
	}
	for _, s := range job.Sinks {
		k, err := e.Sink(ctx, s)
		if err != nil {
			return nil, err
		}
		ledger, err := committedOf(ctx, job, k, from, to)
		if err != nil {
			e.o.Notify(Event{Kind: Warning, Sink: s.Name, Text: fmt.Sprintf("sink %s does not answer; its slices are shown as last known: %v", s.Name, err)})
			continue
		}
		m.sink(s.Name, ledger)
	}
	return m.views(), nil
}

// Complete reports whether every sink of the job has the slice for good.
func (v SliceView) Complete(job *config.Job) bool {
	for _, s := range job.Sinks {
		if v.Provisional || v.Sinks[s.Name].LoadedAt.IsZero() {
			return false
		}
	}
	return true
}

// Expected returns the closed intervals of a job from its start (or since, where
// it has none) until now, whether they are complete or not, newest first.
func Expected(job *config.Job, since, now time.Time) []sources.Interval {
	var all []sources.Interval
	p := planOf(job)
	p.Tiers, p.Heal = nil, 0
	for _, s := range p.Firing(now, since, plan.Known{Complete: func(sources.Interval) bool { return false }}).Slices {
		if !s.Open {
			all = append(all, s.Interval)
		}
	}
	return all
}

// merger joins what the state and the ledgers know of a job's slices.
type merger struct {
	definition string
	at         map[sliceKey]int
	all        []SliceView
}

func (m *merger) add(v SliceView) int {
	k := keyOf(v.Part, v.Start)
	i, ok := m.at[k]
	if !ok {
		i = len(m.all)
		m.at[k], m.all = i, append(m.all, v)
	}
	return i
}

// sink lets a sink's ledger correct what the state remembers of it.
func (m *merger) sink(name string, ledger []sinks.Committed) {
	held := map[sliceKey]bool{}
	for _, c := range ledger {
		k := keyOf(c.Slice.Part, c.Slice.Start)
		held[k] = true
		i := m.add(SliceView{Slice: state.Slice{
			Job: c.Slice.Job, Part: c.Slice.Part, Start: c.Slice.Start, End: c.Slice.End, State: state.SliceCommitted,
			Definition: c.Definition, Rows: c.Read, Announced: c.Announced, Rejected: c.Rejected, Provisional: c.Provisional, Updated: c.CheckedAt,
		}})
		v := &m.all[i]
		if v.Sinks == nil {
			v.Sinks = map[string]state.SinkState{}
		}
		v.Sinks[name] = state.SinkState{State: state.SliceCommitted, Rows: c.Written, LoadedAt: c.LoadedAt, CheckedAt: c.CheckedAt}
		v.Outdated = c.Definition != m.definition
	}
	for i := range m.all {
		if v := &m.all[i]; !held[keyOf(v.Part, v.Start)] {
			delete(v.Sinks, name)
			if v.State == state.SliceCommitted || v.State == state.SliceUnchanged {
				v.State = Missing
			}
		}
	}
}

func (m *merger) views() []SliceView {
	slices.SortFunc(m.all, func(a, b SliceView) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Part, b.Part))
	})
	return m.all
}
