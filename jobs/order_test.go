package jobs_test

import (
	"slices"
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/state"
)

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
