package jobs_test

import (
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/state"
)

// A run that failed before it knew its slices is tried again as a whole, as it was asked
// for; one that failed later by its slices alone.
func TestAnew(t *testing.T) {
	w, vendor := newFakeWorld(t)
	cfg := w.configure(`lookback = "2d"`)
	anew := func() (state.Run, bool) {
		t.Helper()
		o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
		defer closeAll()
		r, ok, err := jobs.Anew(t.Context(), o.Store, "conversions")
		if err != nil {
			t.Fatal(err)
		}
		return r, ok
	}
	if r, ok := anew(); ok {
		t.Errorf("before the first run: %+v", r)
	}
	vendor.noParts = fault.New(fault.Permanent, "the vendor is closed")
	days := state.Run{From: w.time("2026-11-20T00:00:00Z"), To: w.time("2026-11-21T00:00:00Z"), Force: true}
	w.want(w.run(cfg, days), 1, 0, 0, 0)
	r, ok := anew()
	if !ok || !r.From.Equal(days.From) || !r.To.Equal(days.To) || !r.Force || r.Trigger != state.TriggerRetry {
		t.Errorf("of named days: %+v, %t", r, ok)
	}
	w.want(w.run(cfg, state.Run{}), 1, 0, 0, 0)
	vendor.noParts = nil
	w.want(w.run(cfg, days), 0, 2, 0, 0) // which does nothing of what is due
	r, ok = anew()
	if !ok || r.Only != "" || !r.From.IsZero() {
		t.Fatalf("of a firing: %+v, %t", r, ok)
	}
	w.want(w.runAll(t.Context(), cfg, r)[0], 0, 2, 2, 0)
	if r, ok := anew(); ok {
		t.Errorf("after it succeeded: %+v", r)
	}
	vendor.fail = refuse("a", "2026-11-21")
	w.want(w.run(cfg, state.Run{Force: true}), 4, 3, 0, 1)
	if r, ok := anew(); ok {
		t.Errorf("after a slice failed: %+v", r)
	}
}

// Which newest run of a job is done again as a whole.
func TestAnewOf(t *testing.T) {
	for name, c := range map[string]struct {
		run  state.Run // as it ended
		want string    // trigger of what is requested, "" = nothing
	}{
		"a firing":             {state.Run{Trigger: state.TriggerSchedule, State: state.RunFailed}, state.TriggerRetry},
		"one cut short":        {state.Run{Trigger: state.TriggerSchedule, State: state.RunInterrupted}, state.TriggerRetry},
		"one that had slices":  {state.Run{Trigger: state.TriggerSchedule, State: state.RunFailed, Slices: 2, Failed: 2}, ""},
		"one that succeeded":   {state.Run{Trigger: state.TriggerSchedule, State: state.RunSucceeded}, ""},
		"a backfill":           {state.Run{Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill, State: state.RunFailed}, state.TriggerBackfill},
		"a purge":              {state.Run{Trigger: state.TriggerPurge, State: state.RunFailed}, ""},
		"one that still waits": {state.Run{Trigger: state.TriggerCLI, State: state.RunQueued}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 3 1 1 *"`))
			asked := c.run
			asked.Job = "orders"
			if _, err := n.Enqueue(t.Context(), asked); err != nil {
				t.Fatal(err)
			}
			if c.run.Done() {
				r := n.begin()[0]
				r.State, r.Slices, r.Failed = c.run.State, c.run.Slices, c.run.Failed
				if err := n.Finish(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			r, ok, err := jobs.Anew(t.Context(), n.Store, "orders")
			if err != nil || ok != (c.want != "") || r.Trigger != c.want {
				t.Errorf("requested %+v (%t, %v), want trigger %q", r, ok, err, c.want)
			}
		})
	}
}
