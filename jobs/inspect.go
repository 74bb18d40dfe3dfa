package jobs

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/ratelimit"
	"exporter/record"
	"exporter/sinks"
	"exporter/sources"
	"exporter/state"
)

// Planned is one slice that a run would export.
type Planned struct {
	Part     string
	Interval sources.Interval
	Open     bool
	Known    string // what is known of it: missing, committed, outdated, or where its extraction stands
	Calls    int64  // estimated requests
}

// Plan is what a run would do.
type Plan struct {
	Slices   []Planned // in the order of work, newest first
	Warnings []string
	Calls    int64
	Duration time.Duration // estimated, as far as the limits decide
}

// Plan returns what a run of the job would do; it writes nothing and reads no
// report. From and to as in a run; zero means a firing now.
func (e *Engine) Plan(ctx context.Context, job *config.Job, from, to time.Time) (Plan, error) {
	var p Plan
	w := &work{Engine: e, job: job, run: state.Run{Job: job.Name, From: from, To: to}, notify: func(ev Event) {
		if ev.Kind == Warning {
			p.Warnings = append(p.Warnings, ev.Text)
		}
	}}
	if err := w.open(ctx); err != nil {
		return Plan{}, err
	}
	defer w.shut(w.src)
	tasks, err := w.plan(ctx)
	if err != nil {
		return Plan{}, err
	}
	views, err := e.Slices(ctx, job, time.Time{}, time.Time{})
	if err != nil {
		return Plan{}, err
	}
	known := map[sliceKey]SliceView{}
	for _, v := range views {
		known[keyOf(v.Part, v.Start)] = v
	}
	for _, t := range tasks {
		v, ok := known[keyOf(t.part, t.Start)]
		s := Planned{Part: t.part, Interval: t.Interval, Open: t.Open, Known: "missing", Calls: estimate(job, v)}
		if ok {
			s.Known = v.State
		}
		p.Slices, p.Calls = append(p.Slices, s), p.Calls+s.Calls
	}
	p.Duration = underLimits(job.Source.Limits, p.Calls)
	return p, nil
}

// estimate guesses the requests of a slice from its last size: its pages, and
// the empty one that ends it. A slice never seen counts as one page.
func estimate(job *config.Job, v SliceView) int64 {
	size := int64(max(1, job.Kind.PageSize))
	if o, ok := job.Options.(sources.Paged); ok && o.Rows() > 0 {
		size = int64(o.Rows())
	}
	return (max(v.Rows, 1)+size-1)/size + 1
}

// underLimits returns how long so many calls take at least.
func underLimits(l ratelimit.Limits, calls int64) time.Duration {
	longest := time.Duration(0)
	for _, w := range l.Windows {
		full := math.Floor(float64(max(0, calls-1)) / float64(w.N))
		longest = max(longest, time.Duration(full*float64(w.Per)))
	}
	return longest
}

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
		ledger, err := k.Committed(ctx, job.Name, from, to)
		if err != nil {
			e.o.Notify(Event{Kind: Warning, Text: fmt.Sprintf("sink %s does not answer (%v); its slices are shown as last known", s.Name, err)})
			continue
		}
		m.sink(s.Name, ledger)
	}
	return m.views(), nil
}

// Preview is the first rows of a job, typed, as they would be stored.
type Preview struct {
	Interval sources.Interval
	Part     string
	Table    record.Table
	Rows     [][]*string // canonical text, nil for null
	Rejects  [][]string  // raw, column, reason
}

// Preview reads the first rows of the newest closed interval. Nothing is written.
func (e *Engine) Preview(ctx context.Context, job *config.Job, rows int) ([]Preview, error) {
	src, err := e.source(ctx, job.Source, job.Options, nil)
	if err != nil {
		return nil, err
	}
	defer e.shut(src)
	stream, err := resolve(ctx, src, job, e.cfg.Exporter.HashKey)
	if err != nil {
		return nil, err
	}
	parts := []string{""}
	if p, ok := src.(sources.Parted); ok {
		if parts, err = p.Parts(ctx, stream.Name); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return nil, fault.New(fault.Permanent, "job %s: the source has no parts to read", job.Name)
	}
	var newest sources.Interval
	if job.Kind.Windowed {
		newest = planOf(job).Newest(e.o.Now())
	}
	out := make([]Preview, len(stream.Tables))
	for i, t := range stream.Tables {
		out[i] = Preview{Interval: newest, Part: parts[0], Table: t}
	}
	req := sources.Request{Stream: stream, Part: parts[0], Interval: newest, Zone: job.DataZone, Limit: rows}
	for page, err := range src.Read(ctx, req) {
		if err != nil {
			return nil, err
		}
		if out[page.Batch.Table].take(&page, rows) {
			break
		}
	}
	return out, nil
}

// take adds a page's rows and reports whether there are enough.
func (p *Preview) take(page *sources.Page, most int) bool {
	for r := 0; r < page.Batch.Rows() && len(p.Rows) < most; r++ {
		row := make([]*string, len(p.Table.Columns))
		for c, col := range p.Table.Columns {
			if text, null := record.Format(col.Type, &page.Batch, r, c); !null {
				row[c] = &text
			}
		}
		p.Rows = append(p.Rows, row)
	}
	shape := p.Table.Rejects()
	for r := 0; r < page.Rejects.Rows() && len(p.Rejects) < most; r++ {
		row := make([]string, len(shape.Columns))
		for c, col := range shape.Columns {
			row[c], _ = record.Format(col.Type, &page.Rejects, r, c)
		}
		p.Rejects = append(p.Rejects, row)
	}
	return len(p.Rows) >= most
}

// CheckSource proves the source's login.
func (e *Engine) CheckSource(ctx context.Context, s *config.Source) error {
	kind := s.Driver.Kinds[0]
	src, err := e.source(ctx, s, kind.Options(), nil)
	if err != nil {
		return err
	}
	defer e.shut(src)
	if c, ok := src.(sources.Checker); ok {
		return c.Check(ctx)
	}
	return nil
}

// CheckSink proves that the sink can be written to.
func (e *Engine) CheckSink(ctx context.Context, s *config.Sink) error {
	k, err := e.Sink(ctx, s)
	if err != nil {
		return err
	}
	return k.Check(ctx)
}

// Streams returns what a source offers, with the tables of every stream under
// its default options.
func (e *Engine) Streams(ctx context.Context, s *config.Source) ([]sources.Stream, error) {
	var out []sources.Stream
	for _, k := range s.Driver.Kinds {
		all, err := e.offered(ctx, s, k)
		if err != nil {
			return nil, err
		}
		for _, st := range all {
			if st.Name == k.Name {
				out = append(out, st)
			}
		}
	}
	return out, nil
}

func (e *Engine) offered(ctx context.Context, s *config.Source, k sources.Kind) ([]sources.Stream, error) {
	src, err := e.source(ctx, s, k.Options(), nil)
	if err != nil {
		return nil, err
	}
	defer e.shut(src)
	return src.Streams(ctx)
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
				v.State = "missing"
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
