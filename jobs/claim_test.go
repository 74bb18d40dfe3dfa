package jobs_test

import (
	"strings"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/ratelimit"
	"exporter/state"
)

// Every request of a run says for which job it is, and whether it yields: of a
// window of ten a backfill leaves one to scheduled runs.
func TestRequestsCarryTheirClaim(t *testing.T) {
	for priority, want := range map[string]int{state.PriorityScheduled: 10, state.PriorityBackfill: 9} {
		w, vendor := newFakeWorld(t)
		vendor.parts, vendor.patience = []string{"a"}, time.Millisecond
		vendor.limit = []ratelimit.Window{{N: 10, Per: time.Hour}}
		cfg := w.configure(`lookback = "14d"`)
		cfg.Exporter.Concurrency = 1
		r := w.run(cfg, state.Run{Priority: priority})
		if r.Committed != want || r.ExitCode != jobs.ExitPartial {
			t.Errorf("%s: %d requests passed, want %d; exit %d, %s", priority, r.Committed, want, r.ExitCode, r.Error)
		}
		if kept := strings.Contains(r.Error, "kept for scheduled runs"); kept != (priority == state.PriorityBackfill) {
			t.Errorf("%s: %s", priority, r.Error)
		}
		limiter := w.limiter(cfg)
		if u := limiter.Status().Users; len(u) != 1 || u[0].Job != "conversions" || u[0].Requests != int64(want) {
			t.Errorf("%s: used by %+v", priority, u)
		}
	}
}
