package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/state"
)

// Whoever only looks closes with figures that are older than those of the run
// beside it, and must not store them.
func TestAPlanLeavesTheQuotaAlone(t *testing.T) {
	w := newWorld(t, nil)
	w.template = func() string {
		return strings.Replace(fmt.Sprintf(template, w.server.URL, w.dsn), "1000/1s", "1000/1h", 1)
	}
	cfg := w.configure(`lookback = "1d"`)
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	used := func() any {
		t.Helper()
		names, err := st.Quota().Credentials(t.Context())
		if err != nil || len(names) != 1 {
			t.Fatalf("credentials %q, error %v", names, err)
		}
		usage, err := st.Quota().Load(t.Context(), names[0])
		if err != nil {
			t.Fatal(err)
		}
		return usage
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := e.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{}); err != nil || len(p.Slices) == 0 {
		t.Fatalf("%d slices are planned, error %v", len(p.Slices), err)
	}
	before := used()
	w.want(w.run(cfg, state.Run{}), 0, 0, 1, 0)
	after := used()
	if cmp.Equal(before, after) {
		t.Fatal("the run used nothing")
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(after, used()); d != "" {
		t.Errorf("usage after the plan was closed (-want +got):\n%s", d)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}
