package jobs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sources"
	"exporter/state"
)

// nights is a scheduler on a clock that the test turns. It works on no run: the test
// says how each ends.
type nights struct {
	*state.Store
	t      testing.TB
	cfg    *config.Config
	engine *jobs.Engine
	sched  *jobs.Scheduler
	now    time.Time    // by set
	shown  atomic.Int64 // the same, for whoever is at work beside the test
	path   string
}

const nightsHead = `
[exporter]
timezone = "Europe/Berlin"
[sources.shop]
driver = "fake"
[sinks.warehouse]
driver = "postgres"
dsn = "postgres://nobody@127.0.0.1:1/none"
schema = "marketing"
`

// nightly returns the table of a job with these lines.
func nightly(name string, lines ...string) string {
	text := "[jobs." + name + "]\nsource = \"shop\"\nstream = \"orders\"\nsinks = [\"warehouse\"]\n"
	return text + strings.Join(lines, "\n") + "\n"
}

func newNights(t testing.TB, now string, tables ...string) *nights {
	t.Helper()
	n := &nights{t: t, path: filepath.Join(t.TempDir(), "jobs.toml")}
	n.set(n.at(now))
	n.configure(tables...)
	n.start()
	t.Cleanup(n.stop)
	return n
}

// configure writes the jobs for the next start.
func (n *nights) configure(tables ...string) {
	n.t.Helper()
	text := nightsHead + strings.Join(tables, "")
	if err := os.WriteFile(n.path, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	var err error
	drivers := config.Drivers{Sources: []sources.Driver{(&fakeVendor{}).driver()}, Sinks: []sinks.Driver{postgres.Driver()}}
	if n.cfg, err = config.Load(n.path, drivers, func(string) (string, bool) { return "", false }); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nights) at(s string) time.Time {
	n.t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		n.t.Fatal(err)
	}
	return at
}

func (n *nights) clock() time.Time { return time.Unix(0, n.shown.Load()).UTC() }

// set turns the clock.
func (n *nights) set(now time.Time) {
	n.now = now
	n.shown.Store(now.UnixNano())
}

// start is the start of a serve, stop its end.
func (n *nights) start() {
	n.t.Helper()
	ctx := context.Background()
	var err error
	if n.Store, err = state.Open(ctx, n.cfg.Exporter.State, state.Options{Now: n.clock}); err != nil {
		n.t.Fatal(err)
	}
	if n.engine, err = jobs.NewEngine(n.cfg, n.Store, jobs.Options{Now: n.clock}); err != nil {
		n.t.Fatal(err)
	}
	if n.sched, err = jobs.NewScheduler(ctx, n.engine); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nights) stop() {
	n.t.Helper()
	if n.sched == nil {
		return
	}
	ctx := context.Background()
	if err := n.sched.Close(ctx); err != nil {
		n.t.Error(err)
	}
	if err := n.engine.Close(ctx); err != nil {
		n.t.Error(err)
	}
	if err := n.Close(); err != nil {
		n.t.Error(err)
	}
	n.sched = nil
}

func (n *nights) look(now time.Time) {
	n.t.Helper()
	n.set(now)
	if err := n.sched.Look(context.Background()); err != nil {
		n.t.Fatal(err)
	}
}

// begin takes what is queued, in the order of work.
func (n *nights) begin() (runs []state.Run) {
	n.t.Helper()
	for {
		r, ok, err := n.NextQueued(context.Background(), n.sched.Epoch())
		if err != nil {
			n.t.Fatal(err)
		}
		if !ok {
			return runs
		}
		runs = append(runs, r)
	}
}

// end ends a run: well, or with a class for the failure of one of its two slices.
func (n *nights) end(r state.Run, class fault.Class) {
	n.t.Helper()
	ctx := context.Background()
	slices := []state.Slice{}
	for i := range 2 {
		start := n.at("2028-01-01T00:00:00Z").AddDate(0, 0, i)
		slices = append(slices, state.Slice{Job: r.Job, Run: r.ID, Start: start, End: start.AddDate(0, 0, 1), State: state.SlicePlanned})
	}
	r.Slices, r.State, r.Committed = 2, state.RunSucceeded, 2
	put := func(st ...string) {
		n.t.Helper()
		for i := range slices {
			slices[i].State = st[i]
		}
		if err := n.PutSlice(ctx, slices...); err != nil {
			n.t.Fatal(err)
		}
	}
	put(state.SlicePlanned, state.SlicePlanned)
	put(state.SliceExtracting, state.SliceExtracting)
	put(state.SliceExtracted, state.SliceExtracted)
	put(state.SliceLoading, state.SliceLoading)
	if class == "" {
		put(state.SliceCommitted, state.SliceCommitted)
	} else {
		r.State, r.Committed, r.Failed, r.Class, r.Error, r.ExitCode = state.RunPartial, 1, 1, string(class), "broken", jobs.ExitPartial
		slices[1].Class = string(class)
		put(state.SliceCommitted, state.SliceFailed)
	}
	if err := n.Finish(ctx, r); err != nil {
		n.t.Fatal(err)
	}
	n.sched.Ended(r.Job)
}

// done ends a run that had nothing to do: nothing is written of slices, and nothing
// follows.
func (n *nights) done(r state.Run) {
	n.t.Helper()
	r.State = state.RunSucceeded
	if err := n.Finish(n.t.Context(), r); err != nil {
		n.t.Fatal(err)
	}
}

// night looks at a time, and ends what is begun then.
func (n *nights) night(now time.Time, class fault.Class) []state.Run {
	n.t.Helper()
	n.look(now)
	runs := n.begin()
	for _, r := range runs {
		n.end(r, class)
	}
	return runs
}

func (n *nights) health(job string) jobs.JobHealth {
	n.t.Helper()
	all, err := n.engine.Health(context.Background())
	if err != nil {
		n.t.Fatal(err)
	}
	for _, h := range all {
		if h.Job == job {
			return h
		}
	}
	n.t.Fatalf("no job %s in %+v", job, all)
	return jobs.JobHealth{}
}

// hundred is a hundred jobs of one minute and one login.
func hundred(t testing.TB) *nights {
	t.Helper()
	var tables []string
	for i := range 100 {
		tables = append(tables, nightly(fmt.Sprintf("job-%d", i), `schedule = "0 3 * * *"`, `table = "t`+fmt.Sprint(i)+`"`))
	}
	return newNights(t, "2028-05-01T00:10:00Z", tables...)
}
