package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/ratelimit"
	sandboxoffers "exporter/sandbox/hasoffers"
	"exporter/state"
)

// opened is a state with an engine over it, on one clock.
type opened struct {
	*state.Store
	engine *jobs.Engine
}

// open opens both and closes them with the test, if they are not closed before.
func (w *world) open(cfg *config.Config, now func() time.Time, on func(jobs.Event)) (o opened, closeAll func()) {
	w.t.Helper()
	st, err := state.Open(context.Background(), cfg.Exporter.State, state.Options{Now: now})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{Now: now, Retry: jobs.Retry{Base: time.Millisecond, Cap: time.Millisecond}, Notify: on})
	if err != nil {
		w.t.Fatal(err)
	}
	closed := false
	closeAll = func() {
		if closed {
			return
		}
		closed = true
		if err := errors.Join(e.Close(context.Background()), st.Close()); err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(closeAll)
	return opened{st, e}, closeAll
}

// serveUntil serves until a run ends of which enough says so, and returns the runs
// of the job, oldest first. The world's clock goes on from where it is.
func (w *world) serveUntil(cfg *config.Config, enough func(state.Run) bool, requests ...state.Run) []state.Run {
	w.t.Helper()
	base, started := w.now, time.Now()
	seen := make(chan struct{}, 1)
	o, closeAll := w.open(cfg, func() time.Time { return base.Add(time.Since(started)) }, func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded && enough(ev.Run) {
			select {
			case seen <- struct{}{}:
			default:
			}
		}
	})
	for _, r := range requests {
		if _, err := o.Enqueue(w.t.Context(), r); err != nil {
			w.t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.engine.Serve(ctx, time.Minute) }()
	select {
	case <-seen:
	case <-time.After(30 * time.Second):
		open, err := o.Runs(w.t.Context(), "", 1000)
		w.t.Errorf("it never came to the end that was waited for: %+v %v", open, err)
	}
	stop()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
	runs, err := o.Runs(w.t.Context(), "conversions", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	closeAll()
	w.now = base.Add(time.Since(started))
	slices.Reverse(runs)
	return runs
}

func (w *world) slices(cfg *config.Config) []state.Slice {
	w.t.Helper()
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	all, err := o.Slices(w.t.Context(), "conversions", time.Time{}, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// limiter is the job's, as a process would have it that begins now.
func (w *world) limiter(cfg *config.Config) *ratelimit.Limiter {
	w.t.Helper()
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	source := cfg.Source("tune")
	l, err := ratelimit.New(w.t.Context(), source.Credential, source.Limits, ratelimit.Options{Store: o.Quota()})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func healed(r state.Run) bool {
	return r.Trigger == state.TriggerQuota && r.State == state.RunSucceeded && r.Waiting == 0
}

// limited is a world whose vendor lets so many requests pass in a window.
func limited(t *testing.T, window string) (w *world, cfg func(more ...string) *config.Config) {
	t.Helper()
	w = newWorld(t, func(c *sandboxoffers.Config) { c.NetworkAPI.Limits = []string{window} })
	w.template = func() string {
		text := strings.Replace(fmt.Sprintf(template, w.server.URL, w.dsn), `api = "integrator"`, `api = "network"`, 1)
		text = strings.Replace(text, "integrator_id = \"acme\"\nclient_id = \"client\"\nclient_secret = \"secret\"\n", "network_token = \"NETdemo\"\n", 1)
		text = strings.Replace(text, `auth_url = "`+w.server.URL+`/authorize"`, "", 1)
		text = strings.Replace(text, "concurrency = 4", "concurrency = 1", 1)
		return strings.Replace(text, `limits = ["1000/1s"]`, `limits = ["`+window+`"]`, 1)
	}
	return w, func(more ...string) *config.Config {
		c := w.configure(more...)
		c.Source("tune").Limits.MaxWait = 250 * time.Millisecond
		return c
	}
}

// Five days of six requests each under a quota of eight: no run may use more than
// that, and in the end every day is there, and none of its pages was read twice.
func TestALookbackLargerThanTheQuotaReachesItsOldestDay(t *testing.T) {
	const window, length = "8/900ms", 900 * time.Millisecond
	job := []string{`lookback = "5d"`, `[jobs.conversions.options]`, `page_size = 10`}
	free, _ := limited(t, "100000/1s")
	free.want(free.run(free.configure(job...), state.Run{}), 0, 5, 0, 0)
	clean := free.calls()

	w, configured := limited(t, window)
	cfg := configured(job...)
	runs := w.serveUntil(cfg, healed, state.Run{Job: "conversions", Trigger: state.TriggerCLI})
	if d := cmp.Diff(w.truth("2026-11-17T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	if most := w.vendor.Meter().MaxInWindow("", length); most > 8 {
		t.Errorf("%d requests in a window", most)
	}
	if n := w.calls(); n != clean {
		t.Errorf("%d calls, a clean run takes %d: pages were read again", n, clean)
	}
	first := runs[0]
	if first.Waiting == 0 || first.WaitUntil.Sub(first.Finished) > length || !first.WaitUntil.After(first.Started) {
		t.Errorf("the first run left %d waiting until %s, it ended at %s: %s", first.Waiting, first.WaitUntil, first.Finished, first.Error)
	}
	committed := 0
	for i, r := range runs {
		committed += r.Committed
		if i > 0 && (r.Trigger != state.TriggerQuota || r.Only != state.OnlyWaiting || r.Requested.Before(runs[i-1].WaitUntil)) {
			t.Errorf("run %d: by %s, only %q, requested at %s, the one before it waits until %s", i, r.Trigger, r.Only, r.Requested, runs[i-1].WaitUntil)
		}
	}
	if committed != 5 || jobs.LastCompleteOf(reversed(runs)).IsZero() {
		t.Errorf("%d slices were committed, the job's last complete run began at %s", committed, jobs.LastCompleteOf(reversed(runs)))
	}
	t.Logf("%d calls in %d runs", clean, len(runs))
}

func reversed(runs []state.Run) []state.Run {
	out := slices.Clone(runs)
	slices.Reverse(out)
	return out
}

// Whoever has no serve gets on with the next run; the older days have their turn
// before those that are there already.
func TestEveryNightAPartOfTheLookback(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	budget := 0
	vendor.fail = func(string, string) error { // asked for one slice after the other
		if budget--; budget < 0 {
			return fault.New(fault.Parked, "quota is used up").WithWait(time.Hour)
		}
		return nil
	}
	cfg := w.configure(`lookback = "6d"`)
	cfg.Exporter.Concurrency = 1
	first := w.now
	for range 8 {
		budget = 3
		w.run(cfg, state.Run{})
		w.now = w.now.AddDate(0, 0, 1)
	}
	var missing []string
	for _, s := range w.slices(cfg) {
		if s.Sinks["warehouse"].LoadedAt.IsZero() && s.Start.Before(first) {
			missing = append(missing, s.Start.Format(time.DateOnly))
		}
	}
	if len(missing) > 0 {
		t.Errorf("%s were never read in eight nights", missing)
	}
}

func TestOrderOfWork(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "6d"`)
	w.want(w.run(cfg, state.Run{}), 0, 6, 0, 0) // 16 to 21
	w.now = w.now.AddDate(0, 0, 1)
	vendor.fail = func(_, start string) error {
		if start == "2026-11-19" {
			return fault.New(fault.Parked, "quota is used up").WithWait(time.Hour)
		}
		return nil
	}
	w.want(w.run(cfg, state.Run{}), 4, 1, 4, 0) // 17 to 22
	w.now = w.now.AddDate(0, 0, 1)
	vendor.fail = func(_, start string) error {
		if start == "2026-11-19" || start == "2026-11-21" || start == "2026-11-23" {
			return fault.New(fault.Permanent, "broken")
		}
		return nil
	}
	w.want(w.run(cfg, state.Run{}), 4, 0, 3, 3) // 18 to 23
	w.now = w.now.AddDate(0, 0, 1)

	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	plan, err := o.engine.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range plan.Slices {
		got = append(got, s.Interval.Start.Format("02"))
	}
	// The newest; never had; not compared for three nights; for two; then the others.
	if want := []string{"24", "23", "19", "21", "22", "20"}; !slices.Equal(got, want) {
		t.Errorf("order of work %v, want %v", got, want)
	}
}

func TestOnlyTheFailedSlices(t *testing.T) {
	w, vendor := newFakeWorld(t)
	cfg := w.configure(`lookback = "3d"`)
	vendor.fail = refuse("b", "2026-11-20")
	w.want(w.run(cfg, state.Run{}), 4, 5, 0, 1)
	vendor.fail = nil
	vendor.read()
	r := w.run(cfg, state.Run{Only: state.OnlyFailed})
	w.want(r, 0, 1, 0, 0)
	if got := vendor.read(); !slices.Equal(got, []string{"b 2026-11-20"}) {
		t.Errorf("read %v", got)
	}
	w.want(w.run(cfg, state.Run{Only: state.OnlyFailed}), 0, 0, 0, 0)
	if got := vendor.read(); len(got) > 0 {
		t.Errorf("read %v though nothing has failed", got)
	}
}

func TestSelects(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		slice           state.Slice
		waiting, failed bool
	}{
		"its time has come":  {state.Slice{State: state.SliceWaiting, WaitUntil: now}, true, false},
		"its time will come": {state.Slice{State: state.SliceWaiting, WaitUntil: now.Add(1)}, false, false},
		"waits for room":     {state.Slice{State: state.SliceWaiting}, false, false},
		"failed":             {state.Slice{State: state.SliceFailed}, false, true},
		"check failed":       {state.Slice{State: state.SliceCheckFailed}, false, true},
		"interrupted":        {state.Slice{State: state.SliceInterrupted, WaitUntil: now}, false, true},
		"committed":          {state.Slice{State: state.SliceCommitted}, false, false},
	} {
		if w, f := jobs.Selects(state.OnlyWaiting, tt.slice, now), jobs.Selects(state.OnlyFailed, tt.slice, now); w != tt.waiting || f != tt.failed {
			t.Errorf("%s: waiting %t, failed %t", name, w, f)
		}
	}
}

// A request that has to wait for longer than its run may take is parked, not failed.
func TestARunThatTimesOutWaitingForQuotaParks(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.limit, vendor.patience = []ratelimit.Window{{N: 2, Per: time.Hour}}, 2*time.Hour
	cfg := w.configure(`lookback = "2d"`, `timeout = "1s"`)
	r := w.run(cfg, state.Run{})
	if r.ExitCode != jobs.ExitPartial || r.Committed != 2 || r.Waiting != 2 || r.Failed != 0 {
		t.Errorf("exit %d, committed %d, waiting %d, failed %d: %s", r.ExitCode, r.Committed, r.Waiting, r.Failed, r.Error)
	}
	for _, s := range w.slices(cfg) {
		if wait := s.WaitUntil.Sub(w.now); s.State == state.SliceWaiting && (wait < 59*time.Minute || wait > time.Hour) {
			t.Errorf("slice %s waits for %s: %s", s.Start, wait, s.Error)
		}
	}
	if wait := r.WaitUntil.Sub(w.now); wait < 59*time.Minute || wait > time.Hour {
		t.Errorf("the run waits for %s", wait)
	}
}

// Stopped while it goes on with what had waited, it waits again: the next serve
// goes on, whatever the lookback is by then.
func TestAnInterruptedResumptionWaitsAgain(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	vendor.fail = func(string, string) error {
		return fault.New(fault.Parked, "quota is used up").WithWait(time.Millisecond)
	}
	cfg := w.configure(`lookback = "2d"`)
	if r := w.run(cfg, state.Run{}); r.Waiting != 2 {
		t.Fatalf("%d wait: %s", r.Waiting, r.Error)
	}
	w.now = w.now.Add(time.Second)
	ctx, cancel := context.WithCancelCause(t.Context())
	vendor.fail = func(string, string) error {
		cancel(fault.New(fault.Interrupted, "stopped"))
		return context.Cause(ctx)
	}
	r := w.runIn(ctx, cfg, state.Run{Only: state.OnlyWaiting})
	if r.State != state.RunInterrupted || r.Waiting != 2 || r.Failed != 0 {
		t.Errorf("%s, waiting %d, failed %d: %s", r.State, r.Waiting, r.Failed, r.Error)
	}
	vendor.fail = nil
	runs := w.serveUntil(cfg, healed)
	if last := runs[len(runs)-1]; last.Committed != 2 {
		t.Errorf("committed %d, want both", last.Committed)
	}
}

// A run that had to park before it knew its slices is asked for again as it was.
func TestARunParkedBeforeItsSlicesGoesOn(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.noParts = fault.New(fault.Parked, "quota is used up").WithWait(time.Millisecond)
	cfg := w.configure(`lookback = "2d"`)
	r := w.run(cfg, state.Run{Force: true, Priority: state.PriorityBackfill})
	if r.ExitCode != jobs.ExitParked || r.WaitUntil.Sub(w.now) != time.Millisecond {
		t.Fatalf("exit %d, waits until %s: %s", r.ExitCode, r.WaitUntil, r.Error)
	}
	vendor.noParts = nil
	runs := w.serveUntil(cfg, healed)
	again := runs[1]
	if len(runs) != 2 || again.Only != "" || !again.Force || again.Priority != state.PriorityBackfill || again.Committed != 4 {
		t.Errorf("%d runs, the last %+v", len(runs), again)
	}
	if got := jobs.LastCompleteOf(reversed(runs)); !got.Equal(again.Started) {
		t.Errorf("the job is complete since %s, want %s", got, again.Started)
	}
}

// What cannot be resumed is not tried in a loop; what waits inherits how it was asked for.
func TestResume(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	vendor.fail = func(string, string) error {
		return fault.New(fault.Parked, "quota is used up").WithWait(time.Hour)
	}
	cfg := w.configure(`lookback = "2d"`)
	w.run(cfg, state.Run{Force: true, Priority: state.PriorityBackfill, From: w.time("2026-11-01T00:00:00Z"), To: w.time("2026-11-02T00:00:00Z")})
	o, _ := w.open(cfg, func() time.Time { return w.now }, nil)
	requested := func() []state.Run {
		t.Helper()
		if err := jobs.Resume(t.Context(), o.engine); err != nil {
			t.Fatal(err)
		}
		open, err := o.OpenRuns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return open
	}
	if got := requested(); len(got) > 0 {
		t.Fatalf("requested before the time has come: %+v", got)
	}
	w.now = w.now.Add(time.Hour)
	for range 2 { // the second time it is open
		got := requested()
		if len(got) != 1 || got[0].Only != state.OnlyWaiting || got[0].Priority != state.PriorityBackfill || !got[0].Force || got[0].Trigger != state.TriggerQuota {
			t.Fatalf("requested %+v", got)
		}
	}
	// A firing meanwhile is not skipped because of it.
	if err := o.SetFiring(t.Context(), "conversions", w.now.AddDate(0, 0, -1)); err != nil {
		t.Fatal(err)
	}
	if err := jobs.Fire(t.Context(), o.engine); err != nil {
		t.Fatal(err)
	}
	if got := requested(); len(got) != 2 || got[1].Trigger != state.TriggerSchedule {
		t.Errorf("requested %+v, want the firing behind what waited", got)
	}
}

func TestResumable(t *testing.T) {
	due := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	tried := func(class fault.Class) state.Run {
		return state.Run{Only: state.OnlyWaiting, Requested: due, Finished: due.Add(time.Second), Class: string(class)}
	}
	for name, tt := range map[string]struct {
		last state.Run
		at   time.Duration
		want bool
	}{
		"first time":                  {state.Run{Requested: due.Add(time.Hour)}, 0, true},
		"parked again":                {state.Run{Only: state.OnlyWaiting, Requested: due.Add(-1)}, 0, true},
		"refused":                     {tried(fault.Auth), 100 * time.Hour, false},
		"left over":                   {tried(""), 100 * time.Hour, false},
		"interrupted":                 {tried(fault.Interrupted), time.Second, true},
		"the network was down":        {tried(fault.Transient), time.Minute, false},
		"the network was down, later": {tried(fault.Transient), 6 * time.Minute, true},
	} {
		if got := jobs.Resumable(state.Wait{Job: "j", Until: due}, tt.last, due.Add(tt.at)); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestLastComplete(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 11, 22, h, 0, 0, 0, time.UTC) }
	quota := func(st string, waiting, failed int) state.Run {
		return state.Run{Only: state.OnlyWaiting, State: st, Waiting: waiting, Failed: failed, Started: at(9)}
	}
	parked := state.Run{State: state.RunParked, Waiting: 5, Started: at(2)}
	good := state.Run{State: state.RunSucceeded, Started: at(1)}
	for name, tt := range map[string]struct {
		runs []state.Run // newest first
		want int
	}{
		"none":                      {nil, 0},
		"succeeded":                 {[]state.Run{good}, 1},
		"asked for by hand":         {[]state.Run{{State: state.RunSucceeded, From: at(1), Started: at(8)}, good}, 1},
		"parked":                    {[]state.Run{parked, good}, 1},
		"parked and read later":     {[]state.Run{quota(state.RunSucceeded, 0, 0), parked, good}, 2},
		"in two runs":               {[]state.Run{quota(state.RunSucceeded, 0, 0), quota(state.RunPartial, 2, 0), parked, good}, 2},
		"some wait still":           {[]state.Run{quota(state.RunSucceeded, 2, 0), parked, good}, 1},
		"one failed on the way":     {[]state.Run{quota(state.RunSucceeded, 0, 0), quota(state.RunPartial, 2, 1), parked, good}, 1},
		"one had failed before":     {[]state.Run{quota(state.RunSucceeded, 0, 0), {State: state.RunPartial, Waiting: 4, Failed: 1, Started: at(2)}, good}, 1},
		"the run of another firing": {[]state.Run{{State: state.RunFailed, Started: at(9)}, quota(state.RunSucceeded, 0, 0), parked, good}, 2},
		"only the failed ones":      {[]state.Run{{Only: state.OnlyFailed, State: state.RunSucceeded, Started: at(9)}, good}, 1},
	} {
		want := time.Time{}
		if tt.want > 0 {
			want = at(tt.want)
		}
		if got := jobs.LastCompleteOf(tt.runs); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
