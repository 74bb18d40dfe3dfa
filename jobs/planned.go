package jobs

import (
	"context"
	"math"
	"time"

	"exporter/jobs/config"
	"exporter/ratelimit"
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
	Slices   []Planned // in the order of work
	Warnings []string
	Calls    int64
	Duration time.Duration // estimated, as far as the limits decide
	Daily    int64         // requests that the limits let through in a day; 0 = they do not bound it
}

// Plan returns what a run of the job would do; it writes nothing and reads no
// report. From and to as in a run; zero means a firing now.
func (e *Engine) Plan(ctx context.Context, job *config.Job, from, to time.Time) (Plan, error) {
	return e.PlanRun(ctx, job, state.Run{Job: job.Name, From: from, To: to})
}

// PlanRun is Plan of a request with all that it says.
func (e *Engine) PlanRun(ctx context.Context, job *config.Job, run state.Run) (Plan, error) {
	var p Plan
	w := &work{Engine: e, job: job, run: run, dry: true, notify: func(ev Event) {
		if ev.Kind == Warning {
			p.Warnings = append(p.Warnings, ev.Text)
		}
	}}
	if err := w.open(ctx); err != nil {
		return Plan{}, err
	}
	defer w.shut(w.src)
	var err error
	if w.before, err = w.begun(ctx); err != nil {
		return Plan{}, err
	}
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
		s := Planned{Part: t.part, Interval: t.Interval, Open: t.Open, Known: Missing, Calls: estimate(job, v)}
		if ok {
			s.Known = v.State
		}
		p.Slices, p.Calls = append(p.Slices, s), p.Calls+s.Calls
	}
	limiter, err := e.limiter(ctx, job.Source)
	if err != nil {
		return Plan{}, err
	}
	status := limiter.Status()
	p.Duration, p.Daily = underLimits(status, job.Kind.Class, p.Calls, time.Now()), daily(status, job.Kind.Class)
	return p, nil
}

// estimate guesses the requests of a slice from what it took the last time: its
// pages, else its rows, and the empty page that ends it. A slice never seen counts
// as one page.
func estimate(job *config.Job, v SliceView) int64 {
	if v.Page > 0 {
		return v.Page + 1
	}
	size := int64(max(1, job.Kind.PageSize))
	if o, ok := job.Options.(sources.Paged); ok && o.Rows() > 0 {
		size = int64(o.Rows())
	}
	return (max(v.Rows, 1)+size-1)/size + 1
}

// underLimits returns how long so many calls of a class take from now on: under the
// limits as they are, with what was learned of them and what is used up already.
func underLimits(s ratelimit.Status, class string, calls int64, now time.Time) time.Duration {
	longest := time.Duration(0)
	for _, w := range s.Windows {
		if w.Class == "" || w.Class == class {
			longest = max(longest, underWindow(w, calls, now))
		}
	}
	return max(longest, s.PausedUntil.Sub(now))
}

func underWindow(w ratelimit.WindowStatus, calls int64, now time.Time) time.Duration {
	limit := int64(max(1, w.Limit))
	switch {
	case calls <= int64(w.Left):
		return 0
	case calls <= limit && !w.ResetsAt.IsZero():
		return w.ResetsAt.Sub(now)
	default:
		windows := (calls + int64(w.Used) - 1) / limit
		return time.Duration(min(windows, math.MaxInt64/int64(w.Window.Per)) * int64(w.Window.Per))
	}
}

// daily returns how many requests of a class all windows let through in a day, as they
// are configured; 0 if none bounds it.
func daily(s ratelimit.Status, class string) int64 {
	const day = 24 * time.Hour
	least := int64(0)
	for _, w := range s.Windows {
		if w.Class != "" && w.Class != class || w.Window.Per <= 0 {
			continue
		}
		n := int64(float64(w.Window.N) * float64(day) / float64(w.Window.Per))
		if least == 0 || n < least {
			least = n
		}
	}
	return least
}
