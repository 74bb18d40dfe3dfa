package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
	"exporter/status"
)

// report is what the run command leaves on the screen or, as JSON, in a pipe: an
// object for each slice and run that ends, or a table at the end; then the
// failures and the command to go on. Its notify may be called concurrently.
type report struct {
	*program
	cfg   *config.Config
	mu    sync.Mutex
	began map[sliceID]time.Time
	sinks map[sliceID]map[string]status.Sink
	errs  map[string]error // by run
}

// sliceID tells the slices of several runs apart.
type sliceID struct {
	run, part string
	start     int64
}

func idOf(e jobs.Event) sliceID { return sliceID{e.Run.ID, e.Part, e.Interval.Start.UnixMicro()} }

func newReport(p *program, cfg *config.Config) *report {
	return &report{program: p, cfg: cfg, began: map[sliceID]time.Time{}, sinks: map[sliceID]map[string]status.Sink{}, errs: map[string]error{}}
}

// endedObject is a slice whose turn in a run is over.
type endedObject struct {
	Type          string                 `json:"type"` // slice
	Run           string                 `json:"run"`
	Job           string                 `json:"job"`
	Part          string                 `json:"part,omitempty"`
	IntervalStart time.Time              `json:"interval_start,omitzero"`
	IntervalEnd   time.Time              `json:"interval_end,omitzero"`
	State         string                 `json:"state"`
	Pages         int64                  `json:"pages"`
	Rows          int64                  `json:"rows"` // read, rejects among them
	Announced     *int64                 `json:"announced,omitempty"`
	WaitUntil     time.Time              `json:"wait_until,omitzero"`
	Took          float64                `json:"took_seconds"`
	Sinks         map[string]status.Sink `json:"sinks,omitempty"`
	Class         string                 `json:"class,omitempty"`
	Error         string                 `json:"error,omitempty"`
	Hint          string                 `json:"hint,omitempty"`
}

func (r *report) notify(e jobs.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := idOf(e)
	switch e.Kind {
	case jobs.SliceBegan:
		r.began[id] = r.Now()
	case jobs.SliceLoaded:
		if r.sinks[id] == nil {
			r.sinks[id] = map[string]status.Sink{}
		}
		r.sinks[id][e.Sink] = status.Sink{State: e.State, Rows: e.Rows}
	case jobs.SliceEnded:
		if r.out.json {
			r.out.object(r.ended(id, e))
		}
		delete(r.began, id)
		delete(r.sinks, id)
	case jobs.RunEnded:
		r.errs[e.Run.ID] = e.Err
		if r.out.json {
			r.out.object(runOf(e.Run))
		}
	default:
	}
}

func (r *report) ended(id sliceID, e jobs.Event) endedObject {
	o := endedObject{
		Type: "slice", Run: e.Run.ID, Job: e.Run.Job, Part: e.Part, IntervalStart: utc(e.Interval.Start), IntervalEnd: utc(e.Interval.End),
		State: e.State, Pages: e.Pages, Rows: e.Rows, Announced: known(e.Expected), WaitUntil: utc(e.Until), Sinks: r.sinks[id],
	}
	if began, ok := r.began[id]; ok {
		o.Took = seconds(r.Now().Sub(began))
	}
	if e.Err != nil {
		o.Class, o.Error, o.Hint = string(fault.ClassOf(e.Err)), oneLine(e.Err.Error()), fault.HintOf(e.Err)
	}
	return o
}

// sum prints the table at the end.
func (r *report) sum(runs []state.Run) {
	if r.out.json || len(runs) == 0 {
		return
	}
	var rows [][]string
	for _, run := range runs {
		if run.ID == "" {
			continue
		}
		rows = append(rows, []string{
			run.Job, run.State, number(run.Slices), number(run.Committed), number(run.Unchanged), number(run.Failed), number(run.Waiting),
			number(run.Rows), took(length(run)),
		})
	}
	if len(rows) > 0 {
		r.out.table([]string{"job", "run", "slices", "committed", "unchanged", "failed", "waiting", "rows", "took"}, rows)
	}
}

// named is how many failures are printed; the others are in the state.
const named = 20

// failures prints what went wrong and how to go on.
func (r *report) failures(runs []state.Run, command func(state.Run) string) {
	for _, run := range runs {
		if !run.Done() || run.ExitCode == jobs.ExitOK {
			continue
		}
		all := alike(apart(r.failure(run)))
		r.out.failEach(all[:min(len(all), named)])
		if left := len(all) - named; left > 0 {
			r.out.note("and %s more: `exporter slices %s --failed` shows all", count(left, "failure"), run.Job)
		}
		r.goOn(run, command(run))
	}
}

// own is what in the reasons of slices is each slice's own: its days and page, how often
// it was tried, and made-up names such as those of staging tables and requests.
var own = regexp.MustCompile(`\d{4}-\d\d-\d\d([T ][\d:.+-]+Z?)?|\b(page|attempt) \d+|\b[a-z_]*\d[0-9a-z_-]{11,}\b`)

// alike makes one error of slices that failed for one reason, named for the newest: a
// vendor that is down fails thirty days with the same words.
func alike(all []error) []error {
	type reason struct{ text, hint string }
	type group struct {
		err   error
		slice string
		n     int
	}
	var groups []*group
	of := map[reason]*group{}
	for _, e := range all {
		cause := errors.Unwrap(e)
		if cause == nil {
			groups = append(groups, &group{err: e})
			continue
		}
		why, slice := reason{own.ReplaceAllString(cause.Error(), "…"), fault.HintOf(e)}, strings.TrimSuffix(e.Error(), ": "+cause.Error())
		g := of[why]
		if g == nil {
			g = &group{err: e, slice: slice}
			of[why], groups = g, append(groups, g)
			continue
		}
		if g.n++; slice > g.slice {
			g.err, g.slice = e, slice
		}
	}
	out := make([]error, len(groups))
	for i, g := range groups {
		if out[i] = g.err; g.n > 0 {
			out[i] = &fault.Error{Class: fault.ClassOf(g.err), Msg: fmt.Sprintf("%s and %s: %v", g.slice, count(g.n, "other"), errors.Unwrap(g.err)), Hint: fault.HintOf(g.err)}
		}
	}
	return out
}

// goOn says how to go on after a run, and when, if something waits for quota.
func (r *report) goOn(run state.Run, command string) {
	until := clock(run.WaitUntil, zoneFor(r.cfg, run.Job))
	switch {
	case run.ExitCode == jobs.ExitConfig:
	case until == "":
		r.out.note("to go on: %s", command)
	case r.byServe(run):
		r.out.note("serve goes on with what waits by itself, at %s", until)
	default:
		r.out.note("to go on, at %s or later: %s", until, command)
	}
}

// byServe reports whether another process did the work; only a serve takes over
// the runs of others.
func (r *report) byServe(run state.Run) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.errs[run.ID] == nil
}

// failure returns why a run failed: what this process saw or, if another one
// did the work, what that recorded.
func (r *report) failure(run state.Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.errs[run.ID]; err != nil {
		return err
	}
	return &fault.Error{Class: fault.Class(run.Class), Msg: "run of job " + run.Job + " " + run.State + ": " + run.Error, Hint: run.Hint}
}
