package jobs_test

import (
	"strings"
	"testing"

	"exporter/fault"
	"exporter/state"
)

// A hint of somebody who does not know the job names it, of a slice and of a whole run.
func TestHintsNameTheJob(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "1d"`)
	odd := fault.New(fault.Config, "too wide").WithHint(`Write "drop" in [jobs.NAME.columns].`)
	const want = `Write "drop" in [jobs.conversions.columns].`
	vendor.fail = func(string, string) error { return odd }
	slice := w.run(cfg, state.Run{})
	vendor.noParts = odd
	whole := w.run(cfg, state.Run{})
	for _, r := range []state.Run{slice, whole} {
		if r.Hint != want || r.Class != string(fault.Config) || !strings.Contains(r.Error, "too wide") {
			t.Errorf("%d slices: %s (%s, %s)", r.Slices, r.Error, r.Class, r.Hint)
		}
	}
	if slice.Slices != 1 || whole.Slices != 0 {
		t.Errorf("%d and %d slices, want one and none", slice.Slices, whole.Slices)
	}
}
