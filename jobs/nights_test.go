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
	text := nightsHead + strings.Join(tables, "")
	if err := os.WriteFile(n.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	drivers := config.Drivers{Sources: []sources.Driver{(&fakeVendor{}).driver()}, Sinks: []sinks.Driver{postgres.Driver()}}
	if n.cfg, err = config.Load(n.path, drivers, func(string) (string, bool) { return "", false }); err != nil {
		t.Fatal(err)
	}
	n.start()
	t.Cleanup(n.stop)
	return n
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

// Through a whole year, both nights on which the clock changes and a leap day, every
// local date has one firing.
func TestAYearOfNights(t *testing.T) {
	n := newNights(t, "2027-12-31T12:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	berlin := n.cfg.Jobs[0].Zone
	firings := map[string]int{}
	n.look(n.now)
	for day := n.at("2028-01-01T00:00:00Z"); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		looks := []int{30, 60, 90} // 02:30 in summer, 03:00 when it begins, 02:30 in winter
		if m := day.Month(); day.Day() >= 25 && (m == time.March || m == time.October) {
			looks = []int{0, 30, 60, 90, 120, 150, 180}
		}
		for _, m := range looks {
			for range n.night(day.Add(time.Duration(m)*time.Minute+time.Second), "") {
				last, _, err := n.LastFiring(t.Context(), "orders")
				if err != nil {
					t.Fatal(err)
				}
				local := last.In(berlin)
				firings[local.Format(time.DateOnly)]++
				if want := map[bool]string{false: "02:30", true: "03:00"}[local.Format(time.DateOnly) == "2028-03-26"]; local.Format("15:04") != want {
					t.Errorf("fired at %s", local)
				}
			}
		}
	}
	for day := n.at("2028-01-01T00:00:00Z"); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		if got := firings[day.Format(time.DateOnly)]; got != 1 {
			t.Errorf("%s has %d firings", day.Format(time.DateOnly), got)
		}
	}
	if h := n.health("orders"); h.MissedFirings != 0 || len(firings) != 366 || h.Late || h.FailedInARow != 0 {
		t.Errorf("%d days fired, %+v", len(firings), h)
	}
}

// Three days without a process: one catch-up, or none, and the night after as ever.
func TestDownForThreeDays(t *testing.T) {
	for missed, want := range map[string]int{"run": 1, "skip": 0} {
		t.Run(missed, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`, fmt.Sprintf("missed = %q", missed)))
			n.look(n.now)
			if got := n.night(n.at("2028-05-01T00:30:00Z"), ""); len(got) != 1 {
				t.Fatalf("%d runs on the first night", len(got))
			}
			n.stop()
			n.set(n.at("2028-05-04T12:00:00Z"))
			n.start()
			if got := n.night(n.now, ""); len(got) != want {
				t.Errorf("%d runs to catch up, want %d", len(got), want)
			}
			if got := n.night(n.now.Add(time.Hour), ""); len(got) != 0 {
				t.Errorf("%d more", len(got))
			}
			if got := n.night(n.at("2028-05-05T00:30:05Z"), ""); len(got) != 1 {
				t.Errorf("%d runs on the next night", len(got))
			}
			if h := n.health("orders"); h.MissedFirings != 3 || h.Late {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	for overlap, want := range map[string]struct{ queued, skipped int64 }{"skip": {0, 3}, "queue": {1, 0}} {
		t.Run(overlap, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`, fmt.Sprintf("overlap = %q", overlap)))
			n.look(n.now)
			n.look(n.at("2028-05-01T01:00:00Z"))
			first := n.begin()
			for h := 2; h < 5; h++ {
				n.look(n.at(fmt.Sprintf("2028-05-01T0%d:00:01Z", h)))
			}
			if h := n.health("orders"); int64(h.Queued) != want.queued || h.SkippedFirings != want.skipped || h.Running != first[0].ID {
				t.Errorf("%+v", h)
			}
			n.end(first[0], "")
			if got := n.night(n.now.Add(time.Minute), ""); int64(len(got)) != want.queued {
				t.Errorf("%d runs follow", len(got))
			}
		})
	}
}

// A backfill that goes on for days leaves no firing out: each waits behind it, once.
func TestAFiringWaitsBehindABackfill(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	from := n.at("2028-01-01T00:00:00Z")
	if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerBackfill, From: from, To: from.AddDate(0, 1, 0)}); err != nil {
		t.Fatal(err)
	}
	if got := n.begin(); len(got) != 1 {
		t.Fatal(got)
	}
	n.look(n.at("2028-05-01T01:00:01Z"))
	n.look(n.at("2028-05-01T02:00:01Z"))
	if h := n.health("orders"); h.Queued != 1 || h.SkippedFirings != 0 {
		t.Errorf("%+v", h)
	}
}

// A firing does not lean on the request of a person, who may take it back.
func TestAFiringBehindARequestThatIsWithdrawn(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	by, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI})
	if err != nil {
		t.Fatal(err)
	}
	n.look(n.at("2028-05-01T01:00:01Z"))
	if ok, err := n.Withdraw(t.Context(), by.ID); err != nil || !ok {
		t.Fatalf("%t, %v", ok, err)
	}
	if got := n.begin(); len(got) != 1 || got[0].Trigger != state.TriggerSchedule {
		t.Errorf("%+v", got)
	}
}

// What comes due in a pause is neither run nor missed; afterwards it is made up for
// once, or not, as for a process that was down. What a person asks for runs.
func TestPause(t *testing.T) {
	for missed, want := range map[string]int{"run": 1, "skip": 0} {
		t.Run(missed, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`, fmt.Sprintf("missed = %q", missed)))
			n.look(n.now)
			n.look(n.at("2028-05-01T01:00:01Z")) // queued when the pause begins
			pause := func(on bool) {
				t.Helper()
				if err := n.SetPaused(t.Context(), "orders", on); err != nil {
					t.Fatal(err)
				}
			}
			pause(true)
			if got := n.begin(); len(got) != 0 {
				t.Errorf("begun in a pause: %+v", got)
			}
			by, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI})
			if err != nil {
				t.Fatal(err)
			}
			if got := n.begin(); len(got) != 1 || got[0].ID != by.ID {
				t.Errorf("a person's run: %+v", got)
			} else {
				n.end(got[0], "")
			}
			for h := 2; h < 6; h++ {
				n.look(n.at(fmt.Sprintf("2028-05-01T0%d:00:01Z", h)))
			}
			if h := n.health("orders"); !h.Paused || h.Late || !h.NextFiring.IsZero() || h.Queued != 1 {
				t.Errorf("paused: %+v", h)
			}
			n.set(n.at("2028-05-01T05:20:00Z"))
			pause(false)
			if got := n.night(n.now, ""); len(got) != 1 {
				t.Errorf("%d runs of the firing before the pause", len(got))
			}
			n.look(n.now.Add(time.Minute))
			if h := n.health("orders"); h.MissedFirings != 0 || h.Late || h.NextFiring.IsZero() {
				t.Errorf("resumed: %+v", h)
			}
			// And once without anything that was queued before.
			pause(true)
			n.look(n.at("2028-05-01T07:30:00Z"))
			pause(false)
			if got := n.night(n.at("2028-05-01T07:31:00Z"), ""); len(got) != want {
				t.Errorf("%d runs make up for the pause, want %d", len(got), want)
			}
		})
	}
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

// A hundred jobs of one minute and one login: each is requested once, within a minute.
func TestAHundredJobsAtThree(t *testing.T) {
	n := hundred(t)
	n.look(n.now)
	seen, most := map[string]int{}, 0
	for at := n.at("2028-05-01T01:00:00Z"); at.Before(n.at("2028-05-01T01:01:04Z")); at = at.Add(5 * time.Second) {
		n.look(at)
		runs := n.begin()
		most = max(most, len(runs))
		for _, r := range runs {
			seen[r.Job]++
		}
	}
	for job, times := range seen {
		if times != 1 {
			t.Errorf("%s was requested %d times", job, times)
		}
	}
	if len(seen) != 100 || most > 30 {
		t.Errorf("%d jobs were requested, %d of them in 5 seconds", len(seen), most)
	}
}

// A clock that jumps a day ahead and back again: no firing comes twice, none is lost
// for longer than the next.
func TestTheClockJumps(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	if got := n.night(n.at("2028-05-01T01:00:01Z"), ""); len(got) != 1 {
		t.Fatal(got)
	}
	if got := n.night(n.at("2028-05-02T01:30:00Z"), ""); len(got) != 1 {
		t.Errorf("ahead: %d runs", len(got))
	}
	if got := n.night(n.at("2028-05-01T01:30:00Z"), ""); len(got) != 0 {
		t.Errorf("back again: %d runs", len(got))
	}
	if got := n.night(n.at("2028-05-01T02:00:01Z"), ""); len(got) != 1 {
		t.Errorf("the next firing: %d runs", len(got))
	}
}
