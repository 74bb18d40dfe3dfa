package jobs_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/state"
)

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

// A firing cut short, by a crash or the end of the grace period, goes on with the
// next serve and not with the next firing, unless it was cut short again and again.
func TestAFiringCutShortGoesOnWithTheNextServe(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "2d"`)
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	if err := o.SetFiring(t.Context(), "conversions", w.now); err != nil {
		t.Fatal(err)
	}
	_, err := o.Enqueue(t.Context(), state.Run{Job: "conversions", Trigger: state.TriggerSchedule})
	if err != nil {
		t.Fatal(err)
	}
	crash(t, o)
	closeAll()
	runs := w.serveUntil(cfg, func(r state.Run) bool { return r.State == state.RunSucceeded })
	if len(runs) != 2 || runs[0].State != state.RunInterrupted || runs[1].Trigger != state.TriggerSchedule || runs[1].Committed != 2 {
		t.Errorf("runs %+v, want the interrupted one and one that goes on", runs)
	}
}

// crash begins the queued run under a lease and leaves both as a killed process does.
func crash(t *testing.T, o opened) {
	t.Helper()
	lease, err := o.Acquire(t.Context(), "killed")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := o.NextQueued(t.Context(), lease.Epoch()); err != nil || !ok {
		t.Fatalf("took a run: %t, %v", ok, err)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestUnended(t *testing.T) {
	run := func(status, trigger, only string) state.Run {
		return state.Run{State: status, Trigger: trigger, Only: only}
	}
	short := run(state.RunInterrupted, state.TriggerSchedule, "")
	for name, c := range map[string]struct {
		begun []state.Run
		open  []state.Run
		want  bool
	}{
		"none yet":                   {},
		"ended":                      {begun: []state.Run{run(state.RunPartial, state.TriggerSchedule, ""), short}},
		"cut short":                  {begun: []state.Run{short}, want: true},
		"twice":                      {begun: []state.Run{short, short, run(state.RunFailed, state.TriggerSchedule, "")}, want: true},
		"again and again":            {begun: slices.Repeat([]state.Run{short}, 10)},
		"before it had planned":      {begun: []state.Run{run(state.RunInterrupted, state.TriggerQuota, "")}, want: true},
		"asked for by a person":      {begun: []state.Run{run(state.RunInterrupted, state.TriggerCLI, "")}},
		"of what waits":              {begun: []state.Run{run(state.RunInterrupted, state.TriggerQuota, state.OnlyWaiting)}},
		"asked for again since then": {begun: []state.Run{short}, open: []state.Run{run(state.RunQueued, state.TriggerSchedule, "")}},
		"asked for another job":      {begun: []state.Run{short}, open: []state.Run{{Job: "other", State: state.RunQueued}}, want: true},
	} {
		if got := jobs.Unended(c.begun, c.open); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// A backfill gives way to a firing again and again, while the clock is set back; then the
// process is killed. The backfill goes on with the next serve.
func TestABackfillThatGaveWayIsCutShort(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 3 1 1 *"`))
	n.look(n.now)
	day := n.at("2028-04-01T00:00:00Z")
	backfill, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill, From: day, To: day.AddDate(0, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	take := func() state.Run {
		t.Helper()
		n.set(n.now.Add(-time.Minute))
		r, ok, err := n.NextQueued(t.Context(), n.sched.Epoch())
		if err != nil || !ok {
			t.Fatalf("%t, %v", ok, err)
		}
		return r
	}
	for r := take(); ; {
		if r.ID != backfill.ID {
			t.Fatalf("began %+v", r)
		}
		if n.now.Before(n.at("2028-04-30T23:40:00Z")) {
			break
		}
		if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerSchedule}); err != nil {
			t.Fatal(err)
		}
		if err := n.Yield(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		n.done(take())
		r = take()
	}
	n.stop()
	n.start()
	n.look(n.now)
	open, err := n.OpenRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(open) != 1 || open[0].Trigger != state.TriggerBackfill || !open[0].From.Equal(day) {
		t.Errorf("%+v, want the backfill again", open)
	}
}

// Of slices that wait for different times those go on that are due; the run counts
// the others, so that nobody takes the job for complete.
func TestSlicesWaitForDifferentTimes(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.fail = func(part, _ string) error {
		wait := time.Minute
		if part == "b" {
			wait = 10 * time.Hour
		}
		return fault.New(fault.Parked, "quota is used up").WithWait(wait)
	}
	cfg := w.configure(`lookback = "2d"`)
	later := w.now.Add(10 * time.Hour)
	if r := w.run(cfg, state.Run{}); r.Waiting != 4 || !r.WaitUntil.Equal(w.now.Add(time.Minute)) {
		t.Fatalf("%d wait until %s: %s", r.Waiting, r.WaitUntil, r.Error)
	}
	w.now = w.now.Add(time.Minute)
	vendor.fail = nil
	vendor.read()
	r := w.run(cfg, state.Run{Only: state.OnlyWaiting})
	w.want(r, 0, 2, 0, 0)
	if r.Waiting != 2 || !r.WaitUntil.Equal(later) {
		t.Errorf("%d wait until %s, want the 2 of the other part until %s", r.Waiting, r.WaitUntil, later)
	}
	got := vendor.read()
	slices.Sort(got)
	if want := []string{"a 2026-11-20", "a 2026-11-21"}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
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
		if err := jobs.Look(t.Context(), o.engine); err != nil {
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
	if err := jobs.Look(t.Context(), o.engine); err != nil {
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
