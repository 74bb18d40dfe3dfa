package jobs_test

import (
	"testing"
	"time"

	"exporter/jobs"
	"exporter/ratelimit"
	"exporter/state"
)

func TestUnderLimits(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	minute := func(limit, used int) ratelimit.WindowStatus {
		return ratelimit.WindowStatus{Window: ratelimit.Window{N: 100, Per: time.Minute}, Limit: limit, Used: used, Left: limit - used, ResetsAt: now.Add(20 * time.Second)}
	}
	heavy := minute(1, 1)
	heavy.Class = "heavy"
	for name, tt := range map[string]struct {
		status ratelimit.Status
		calls  int64
		want   time.Duration
		class  string
	}{
		"no limit":                  {ratelimit.Status{}, 1e6, 0, ""},
		"within":                    {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 0)}}, 100, 0, ""},
		"two windows":               {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 0)}}, 101, time.Minute, ""},
		"used, within what is left": {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 60)}}, 40, 0, ""},
		"used, within a window":     {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 60)}}, 41, 20 * time.Second, ""},
		"used":                      {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 60)}}, 241, 3 * time.Minute, ""},
		"learned":                   {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(50, 0)}}, 101, 2 * time.Minute, ""},
		"of another class":          {ratelimit.Status{Windows: []ratelimit.WindowStatus{heavy}}, 100, 0, ""},
		"for ever":                  {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(1, 0)}}, 1e15, 9_223_372_036 / 60 * time.Minute, ""},
		"of its class":              {ratelimit.Status{Windows: []ratelimit.WindowStatus{minute(100, 0), heavy}}, 10, 10 * time.Minute, "heavy"},
		"paused":                    {ratelimit.Status{PausedUntil: now.Add(time.Hour)}, 1, time.Hour, ""},
	} {
		if got := jobs.UnderLimits(tt.status, tt.class, tt.calls, now); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// A plan knows what is used up already.
func TestAPlanCountsWhatIsUsed(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.limit = []ratelimit.Window{{N: 10, Per: time.Hour}}
	cfg := w.configure(`lookback = "2d"`)
	w.want(w.run(cfg, state.Run{}), 0, 4, 0, 0)
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	plan, err := o.engine.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	// Of 10 calls, 6 are left now: the others come back within the hour.
	if plan.Calls != 8 || plan.Duration < 59*time.Minute || plan.Duration > time.Hour {
		t.Errorf("%d calls in %s", plan.Calls, plan.Duration)
	}
}
