package jobs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/sources"
	"exporter/state"
)

// A vendor that may have changed anything has everything read again that the job
// owes or, where it owes nothing, has.
func TestTheWholePastIsExportedAgain(t *testing.T) {
	twoDays := state.Run{From: time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		options []string
		before  *state.Run // what was run before
		want    []string
	}{
		"since the first day":    {options: []string{`start = "2026-11-18"`}, before: &state.Run{}, want: []string{"2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18"}},
		"since the oldest slice": {before: &twoDays, want: []string{"2026-11-21", "2026-11-20", "2026-11-19"}},
		"nothing is there":       {want: []string{"2026-11-21"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, vendor := newFakeWorld(t)
			vendor.parts = []string{"a"}
			cfg := w.configure(c.options...)
			if c.before != nil {
				if r := w.run(cfg, *c.before); r.ExitCode != 0 {
					t.Fatal(r.Error)
				}
			}
			vendor.read()
			vendor.changed = []sources.Interval{{End: w.now}}
			if r := w.run(cfg, state.Run{}); r.ExitCode != 0 {
				t.Fatal(r.Error)
			}
			var want []string
			for _, day := range c.want {
				want = append(want, "a "+day)
			}
			got := vendor.read()
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
