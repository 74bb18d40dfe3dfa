package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"exporter/jobs"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// A purge that one of two sinks cannot take is partial: the other is purged, what the
// state knows stays, and the same purge does the rest.
func TestPurgeWithASinkThatIsDown(t *testing.T) {
	w := newWorld(t, nil)
	second := pgtest.New(t, nil)
	dsn := second.Database(t)
	w.template = func() string {
		text := strings.Replace(fmt.Sprintf(template, w.server.URL, w.dsn), `sinks = ["warehouse"]`, `sinks = ["second", "warehouse"]`, 1)
		return strings.Replace(text, "[sinks.warehouse]", "[sinks.second]\ndriver = \"postgres\"\ndsn = \""+dsn+"\"\nschema = \"copy\"\n[sinks.warehouse]", 1) + "lookback = \"3d\"\n"
	}
	cfg := w.configure()
	w.want(w.run(cfg, state.Run{}), jobs.ExitOK, 3, 0, 0)
	purge := func() state.Run {
		return w.runAll(context.Background(), cfg, state.Run{Job: "conversions", Trigger: state.TriggerPurge, From: w.time("2026-11-20T05:00:00Z"), Note: "by a test"})[0]
	}
	known := func(want int) {
		t.Helper()
		st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := st.Slices(t.Context(), "conversions", w.time("2026-11-01T00:00:00Z"), w.time("2026-12-01T00:00:00Z"))
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		if err != nil || len(list) != want {
			t.Errorf("the state knows %d slices (%v), want %d", len(list), err, want)
		}
	}
	second.Stop(t)
	r := purge()
	if r.ExitCode != jobs.ExitPartial || !strings.Contains(r.Error, "job conversions: sink second: ") || r.Note != "by a test; warehouse: 2 slices, 100 rows, 0 rejects removed" {
		t.Errorf("exit %d, error %q, note %q; want partial", r.ExitCode, r.Error, r.Note)
	}
	if got := w.query("select count(*) from marketing.conversions"); got[0][0] != "50" {
		t.Errorf("%s rows are left, want those of one day", got[0][0])
	}
	known(3)
	second.Start(t)
	r = purge()
	if r.ExitCode != jobs.ExitOK || r.Note != "by a test; second: 2 slices, 100 rows, 0 rejects removed; warehouse: 0 slices, 0 rows, 0 rejects removed" {
		t.Errorf("exit %d, error %q, note %q", r.ExitCode, r.Error, r.Note)
	}
	known(1)
	w.want(w.run(cfg, state.Run{}), jobs.ExitOK, 2, 1, 0)
}
