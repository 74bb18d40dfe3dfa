package jobs_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/state"
)

// jobAt is a job of a credential with a schedule.
func jobAt(t *testing.T, name, credential, schedule string) *config.Job {
	t.Helper()
	s, err := cron.ParseStandard(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return &config.Job{Name: name, Source: &config.Source{Credential: credential}, Cron: s, Zone: time.UTC}
}

func TestStartOffset(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	var all []*config.Job
	for i := range 40 {
		all = append(all, jobAt(t, fmt.Sprintf("job-%d", i), "shared", "0 3 * * *"))
	}
	all = append(all, jobAt(t, "alone", "other", "0 3 * * *"), jobAt(t, "often", "shared", "@every 1h"), jobAt(t, "later", "shared", "30 3 * * *"))
	atOnce, halves := 0, [2]int{}
	for _, j := range all[:40] {
		d := jobs.StartOffset(all, j, at)
		if d < 0 || d >= time.Minute {
			t.Errorf("%s begins after %s", j.Name, d)
		}
		if d == 0 {
			atOnce++
		}
		halves[int(d/(30*time.Second))]++
		if again := jobs.StartOffset(all, j, at.AddDate(0, 0, 1)); again != d {
			t.Errorf("%s begins after %s one night and %s the next", j.Name, d, again)
		}
	}
	if atOnce != 1 || halves[0] < 10 || halves[1] < 10 {
		t.Errorf("%d of 40 begin at once, %d in the first half minute, %d in the second", atOnce, halves[0], halves[1])
	}
	for _, j := range all[40:] {
		for _, planned := range []time.Time{at, at.Add(30 * time.Minute)} {
			if d := jobs.StartOffset(all, j, planned); d != 0 {
				t.Errorf("%s begins after %s though it shares nothing", j.Name, d)
			}
		}
	}
}

// The jobs of one minute are requested one by one, each under the planned time and
// none of them as missed; what was really missed is.
func TestJobsOfOneMinuteBeginOneByOne(t *testing.T) {
	w, _ := newFakeWorld(t)
	more := "lookback = \"1d\"\nmissed = \"skip\"\n"
	for _, name := range []string{"second", "third", "fourth"} {
		more += fmt.Sprintf("[jobs.%s]\nsource = \"tune\"\nstream = \"orders\"\nsinks = [\"warehouse\"]\nschedule = \"30 3 * * *\"\nmissed = \"skip\"\n", name)
	}
	cfg := w.configure(more)
	planned := w.time("2026-11-22T03:30:00Z")
	o, _ := w.open(cfg, func() time.Time { return w.now }, nil)
	fire := func(at time.Time) map[string]bool {
		t.Helper()
		w.now = at
		if err := jobs.Look(t.Context(), o.engine); err != nil {
			t.Fatal(err)
		}
		open, err := o.OpenRuns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, r := range open {
			names[r.Job] = true
			if r.Trigger != state.TriggerSchedule {
				t.Errorf("%+v", r)
			}
		}
		return names
	}
	if got := fire(planned.Add(-time.Hour)); len(got) > 0 {
		t.Fatalf("requested %v", got)
	}
	one := slices.Clone(cfg.Jobs)
	slices.SortFunc(one, func(a, b *config.Job) int {
		return cmp.Compare(jobs.StartOffset(cfg.Jobs, a, planned), jobs.StartOffset(cfg.Jobs, b, planned))
	})
	for _, j := range one {
		offset := jobs.StartOffset(cfg.Jobs, j, planned)
		if before := planned.Add(offset - time.Millisecond); offset > 0 && fire(before)[j.Name] {
			t.Errorf("%s was requested before %s", j.Name, offset)
		}
	}
	// A look that comes half a minute late is no missed firing.
	if got := fire(planned.Add(88 * time.Second)); len(got) != 4 {
		t.Errorf("requested %v", got)
	}
	for _, j := range cfg.Jobs {
		if last, _, err := o.LastFiring(t.Context(), j.Name); err != nil || !last.Equal(planned) {
			t.Errorf("%s: the firing is recorded as %s, error %v", j.Name, last, err)
		}
	}
	open, err := o.OpenRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range open {
		if _, err := o.Withdraw(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := fire(planned.AddDate(0, 0, 1).Add(2 * time.Minute)); len(got) > 0 {
		t.Errorf("requested %v, which were missed", got)
	}
}
