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
