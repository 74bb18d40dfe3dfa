package jobs_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

const ledgerRuns = `select id, trigger, state, to_char(started_at at time zone 'UTC', 'DD HH24'), finished_at is not null,
	slices_committed, slices_unchanged, slices_failed, slices_waiting, rows, calls, coalesce(error, '') from exporter.runs order by id`

// The warehouse tells what each run did, what a restatement changed, and how far the
// table is loaded.
func TestTheLedgerTellsTheHistory(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "3d"`)
	first := w.run(cfg, state.Run{})
	w.want(first, 0, 3, 0, 0)
	if _, err := w.vendor.HasOffers().Restate("2026-11-20", 5); err != nil {
		t.Fatal(err)
	}
	before := w.query(`select sums #>> '{conversions,payout}' from exporter.slices order by interval_start`)
	w.now = w.now.Add(time.Minute)
	second := w.run(cfg, state.Run{})
	w.want(second, 0, 1, 2, 0)
	after := w.query(`select sums #>> '{conversions,payout}' from exporter.slices order by interval_start`)
	want := [][]string{
		{first.ID, "cli", "succeeded", "22 17", "true", "3", "0", "0", "0", "150", strconv.FormatInt(first.Calls, 10), ""},
		{second.ID, "cli", "succeeded", "22 17", "true", "1", "2", "0", "0", "50", strconv.FormatInt(second.Calls, 10), ""},
	}
	if d := cmp.Diff(want, w.query(ledgerRuns)); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
	got := w.query(`select r.table_name, r.run, to_char(r.interval_start at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI'), r.rows_before, r.rows_after,
		r.sums_before ->> 'payout', r.sums_after ->> 'payout',
		(r.sums_difference ->> 'payout')::numeric = (r.sums_after ->> 'payout')::numeric - (r.sums_before ->> 'payout')::numeric,
		s.loaded_at = r.restated_at, r.redefined, r.was_provisional from exporter.restatements r join exporter.slices s using (_slice)`)
	if d := cmp.Diff([][]string{{"conversions", second.ID, "2026-11-20 00:00", "50", "50", before[1][0], after[1][0], "true", "true", "false", "false"}}, got); d != "" {
		t.Errorf("restatements (-want +got):\n%s", d)
	}
	got = w.query(`select table_schema, table_name, job, rows, to_char(complete_through at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI'),
		provisional_from is null, parts from exporter.freshness`)
	if d := cmp.Diff([][]string{{"marketing", "conversions", "conversions", "150", "2026-11-22 00:00", "true", "1"}}, got); d != "" {
		t.Errorf("freshness (-want +got):\n%s", d)
	}
}

// A sink that is down when a run ends gets the end with the next run, and so does one
// whose run was killed; neither is a failure of a run.
func TestEndsOfRunsAreMadeUp(t *testing.T) {
	w, vendor := newFakeWorld(t)
	srv := pgtest.New(t, nil)
	w.dsn = srv.Database(t)
	var log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	cfg := w.configure(`start = "2026-11-21"`)
	first := w.run(cfg, state.Run{})
	w.want(first, 0, 2, 0, 0)
	w.query(`update exporter.runs set state = 'running', finished_at = null`) // killed before its end came here
	if log.Len() == 0 || strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log of the first run:\n%s", &log)
	}
	srv.Stop(t)
	w.now = w.now.Add(time.Minute)
	down := w.run(cfg, state.Run{Force: true})
	if down.ExitCode != jobs.ExitFailed || !strings.Contains(log.String(), "end of run is not in the ledger of a sink; the job's next run writes it") {
		t.Errorf("exit %d, log:\n%s", down.ExitCode, &log)
	}
	srv.Start(t)
	vendor.parts = nil // fails before it comes to any slice
	w.now = w.now.Add(time.Minute)
	failed := w.run(cfg, state.Run{})
	if failed.ExitCode != jobs.ExitFailed {
		t.Errorf("exit %d", failed.ExitCode)
	}
	got := w.query(`select id, state, slices_committed, coalesce(slices_failed, -1), coalesce(error, '') from exporter.runs order by id`)
	want := [][]string{
		{first.ID, "succeeded", "2", "0", ""},
		{down.ID, "failed", "0", "2", down.Error},
		{failed.ID, "failed", "0", "0", failed.Error},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
}

// A run that loads several slices at once counts each of them.
func TestSlicesSideBySideAreCounted(t *testing.T) {
	w, _ := newFakeWorld(t)
	cfg := w.configure(`start = "2026-11-01"`)
	r := w.run(cfg, state.Run{})
	w.want(r, 0, 42, 0, 0)
	got := w.query(`select state, slices_committed, rows from exporter.runs`)
	if d := cmp.Diff([][]string{{"succeeded", "42", "336"}}, got); d != "" {
		t.Errorf("runs (-want +got):\n%s", d)
	}
}
