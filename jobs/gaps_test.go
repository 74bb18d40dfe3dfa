package jobs_test

import (
	"testing"

	"exporter/fault"
	"exporter/state"
)

// After days without a process a job closes so many gaps in a firing, also one that has
// no first day, and forgets none that it left to the next.
func TestGapsAreLeftToLaterFirings(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "1d"`, "heal = 2")
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	w.now = w.now.AddDate(0, 0, 6)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	w.want(w.run(cfg, state.Run{}), 0, 2, 1, 0)
	w.want(w.run(cfg, state.Run{}), 0, 1, 1, 0)
	w.want(w.run(cfg, state.Run{}), 0, 0, 1, 0)
	if got := w.query(`select count(*)::text from exporter.slices where state = 'committed'`); got[0][0] != "7" {
		t.Errorf("%s days are there, want 7", got[0][0])
	}
}

// A day that failed in every firing since the job's first is not forgotten when it leaves
// the lookback, although newer ones are there.
func TestAnIntervalThatNeverSucceededIsOwed(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "2d"`)
	first := w.now.AddDate(0, 0, -2).Format("2006-01-02")
	vendor.fail = func(_, day string) error {
		if day == first {
			return fault.New(fault.Permanent, "not this day")
		}
		return nil
	}
	for range 3 {
		w.run(cfg, state.Run{})
		w.now = w.now.AddDate(0, 0, 1)
	}
	vendor.fail = nil
	w.run(cfg, state.Run{})
	if got := w.query(`select count(*)::text from exporter.slices where state = 'committed' and interval_start::date::text = '` + first + `'`); got[0][0] != "1" {
		t.Errorf("%s is not there", first)
	}
}
