package jobs_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"exporter/fault"
	"exporter/jobs"
	"exporter/sandbox/faults"
	sandboxoffers "exporter/sandbox/hasoffers"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// The three closed days before noon of the 22nd, New York.
const (
	lookbackFrom = "2026-11-19T05:00:00Z"
	lookbackTo   = "2026-11-22T05:00:00Z"
)

var byID = cmpopts.SortSlices(func(a, b []string) bool { return slices.Compare(a, b) < 0 })

func TestRunLoadsWhatTheVendorHas(t *testing.T) {
	w := newWorld(t, nil)
	r := w.run(w.configure(), state.Run{})
	w.want(r, 0, 3, 0, 0)
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	if r.Rows != int64(len(w.table())) || r.State != state.RunSucceeded {
		t.Errorf("run counts %d rows, state %s", r.Rows, r.State)
	}
	ledger := w.query(`select job, part, interval_start = '2026-11-21T05:00:00Z', state, rows_announced = rows_read, rows_written = rows_read from exporter.slices order by interval_start desc limit 1`)
	if d := cmp.Diff([][]string{{"conversions", "", "true", "committed", "true", "true"}}, ledger); d != "" {
		t.Error(d)
	}
	if left, err := filepath.Glob(filepath.Join(w.dir, "exporter-spool", "conversions", "*")); err != nil || len(left) > 0 {
		t.Errorf("spool still holds %v %v", left, err)
	}
}

func TestUnchangedIsNotLoaded(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure()
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	before := w.query(`select interval_start, loaded_at, xmin from exporter.slices order by 1`)
	w.want(w.run(cfg, state.Run{}), 0, 0, 3, 0)
	stamps := `select interval_start, loaded_at from exporter.slices order by 1`
	for i, row := range w.query(stamps) {
		if d := cmp.Diff(before[i][:2], row); d != "" {
			t.Errorf("an unchanged slice was loaded: %s", d)
		}
	}
	if _, err := w.vendor.HasOffers().Restate("2026-11-20", 5); err != nil {
		t.Fatal(err)
	}
	w.want(w.run(cfg, state.Run{}), 0, 1, 2, 0)
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	w.want(w.run(cfg, state.Run{Force: true}), 0, 3, 0, 0)
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestAFailingSliceDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure()
	w.breakWith(faults.Rule{Kind: faults.Status, Status: 404, Operation: "Conversion::findAll", Query: "2026-11-20 00:00:00"})
	r := w.run(cfg, state.Run{})
	// The day before ends where the failing one starts, so both name that bound.
	if r.ExitCode != jobs.ExitPartial || r.Committed == 0 || r.Failed == 0 || r.State != state.RunPartial {
		t.Fatalf("exit %d, committed %d, failed %d, %s", r.ExitCode, r.Committed, r.Failed, r.Error)
	}
	for _, want := range []string{"job conversions, slice 2026-11-", "page 1", "404"} {
		if !strings.Contains(r.Error, want) {
			t.Errorf("error %q does not name %q", r.Error, want)
		}
	}
	w.vendor.Faults().Clear()
	if r := w.run(cfg, state.Run{}); r.ExitCode != 0 {
		t.Fatalf("second run: %s", r.Error)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestADeadDatabaseCostsNoSecondCall(t *testing.T) {
	w := newWorld(t, nil)
	srv := pgtest.New(t, nil)
	w.dsn = srv.Database(t)
	cfg := w.configure()
	srv.Stop(t)
	r := w.run(cfg, state.Run{})
	w.want(r, 1, 0, 0, 3)
	if !strings.Contains(r.Error, "sink warehouse") {
		t.Errorf("error %q does not name the sink", r.Error)
	}
	if w.calls() == 0 {
		t.Error("nothing was extracted while the sink was down")
	}
	srv.Start(t)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	if n := w.calls(); n != 0 {
		t.Errorf("%d calls were made for what is in the spool", n)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestExtractionGoesOnAtTheLastPage(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `[jobs.conversions.options]`, `page_size = 10`)
	w.breakWith(faults.Rule{Kind: faults.Status, Status: 401, Body: "Insufficient permissions for this request.", Operation: "Conversion::findAll", From: 4, To: 4})
	r := w.run(cfg, state.Run{})
	w.want(r, 3, 0, 0, 1)
	if !strings.Contains(r.Error, "page 4") {
		t.Errorf("error %q does not name the page", r.Error)
	}
	w.calls()
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if n := w.calls(); n > 4 {
		t.Errorf("%d calls, want the two pages that were missing and those that end the slice", n)
	}
	if d := cmp.Diff(w.truth("2026-11-21T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestALostStateLosesNoRow(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `[jobs.conversions.options]`, `page_size = 10`)
	w.breakWith(faults.Rule{Kind: faults.Status, Status: 401, Body: "Insufficient permissions for this request.", Operation: "Conversion::findAll", From: 4, To: 4})
	w.want(w.run(cfg, state.Run{}), 3, 0, 0, 1)
	w.forget(cfg)
	w.calls()
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if n := w.calls(); n > 4 {
		t.Errorf("%d calls after the state was lost", n)
	}
}

func TestChecksKeepOldRows(t *testing.T) {
	for _, c := range []struct {
		name, check, drift string
		drop               int
		message            string
	}{
		{"empty answer", ``, "2026-11-21", 50, "the vendor sent no rows for a slice that has 50"},
		{"drop", "[jobs.conversions.checks]\nmax_drop = 0.5", "2026-11-21", 30, "20 rows after 50 at the last load, a drop of 60.0 %; max_drop is 0.5"},
		{"too few", "[jobs.conversions.checks]\nmin_rows = 40", "2026-11-21", 30, "20 rows, min_rows is 40"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			cfg := w.configure(`lookback = "1d"`, c.check)
			w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
			before := w.table()
			if _, err := w.vendor.HasOffers().Drift(sandboxoffers.Drift{Kind: sandboxoffers.Delete, Day: c.drift, Rows: c.drop}); err != nil {
				t.Fatal(err)
			}
			r := w.run(cfg, state.Run{})
			w.want(r, 5, 0, 0, 1)
			if !strings.Contains(r.Error, c.message) || r.Hint == "" {
				t.Errorf("error %q (hint %q), want %q", r.Error, r.Hint, c.message)
			}
			if d := cmp.Diff(before, w.table()); d != "" {
				t.Errorf("old rows changed: %s", d)
			}
			if r := w.run(cfg, state.Run{}); r.ExitCode != 5 || w.calls() == 0 {
				t.Error("the vendor was not asked again after a failed check")
			}
		})
	}
}

func TestEmptyMayReplaceWhereTheJobSaysSo(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `empty = "replace"`)
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if _, err := w.vendor.HasOffers().Drift(sandboxoffers.Drift{Kind: sandboxoffers.Delete, Day: "2026-11-21", Rows: 50}); err != nil {
		t.Fatal(err)
	}
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if n := len(w.table()); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestStartOwesEveryDay(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `start = "2026-11-15"`)
	w.want(w.run(cfg, state.Run{}), 0, 7, 0, 0)
	w.want(w.run(cfg, state.Run{}), 0, 0, 1, 0)
	if d := cmp.Diff(w.truth("2026-11-15T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestEditedDaysAreExportedAgain(t *testing.T) {
	w := newWorld(t, nil)
	options := []string{`lookback = "1d"`, `start = "2026-11-15"`, `[jobs.conversions.options]`, `restate = "updates"`}
	cfg := w.configure(options...)
	if r := w.run(cfg, state.Run{}); r.ExitCode != 0 {
		t.Fatal(r.Error)
	}
	if _, err := w.vendor.HasOffers().Restate("2026-11-16", 3); err != nil {
		t.Fatal(err)
	}
	r := w.run(cfg, state.Run{})
	if r.ExitCode != 0 || r.Committed != 1 {
		t.Fatalf("exit %d, committed %d, unchanged %d: %s", r.ExitCode, r.Committed, r.Unchanged, r.Error)
	}
	if d := cmp.Diff(w.truth("2026-11-15T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

func TestAChangedIntervalIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.want(w.run(w.configure(), state.Run{}), 0, 3, 0, 0)
	r := w.run(w.configure(`interval = "12h"`), state.Run{})
	w.want(r, 2, 0, 0, 0)
	if !strings.Contains(r.Error, "is no 12h interval") || r.Hint == "" {
		t.Errorf("error %q, hint %q", r.Error, r.Hint)
	}
}

func TestBoundsOffTheGridAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	r := w.run(w.configure(), state.Run{From: w.time("2026-11-20T00:00:00Z"), To: w.time("2026-11-21T05:00:00Z")})
	w.want(r, 2, 0, 0, 0)
	if !strings.Contains(r.Error, "the nearest are 2026-11-19T00:00:00-05:00 and 2026-11-20T00:00:00-05:00") {
		t.Errorf("error %q", r.Error)
	}
}

func TestAWrongSecretIsAnAuthFailure(t *testing.T) {
	w := newWorld(t, func(c *sandboxoffers.Config) {
		c.Integrators = []sandboxoffers.Integrator{{ClientSecret: "another"}}
	})
	r := w.run(w.configure(), state.Run{})
	w.want(r, 3, 0, 0, 3)
	if r.Class != string(fault.Auth) || r.Hint == "" {
		t.Errorf("class %q, hint %q, error %q", r.Class, r.Hint, r.Error)
	}
}

func TestStopLeavesADurablePage(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `[jobs.conversions.options]`, `page_size = 10`)
	w.breakWith(faults.Rule{Kind: faults.Stall, Operation: "Conversion::findAll", From: 3, Times: 1})
	ctx, cancel := context.WithCancelCause(context.Background())
	w.onEvent = func(ev jobs.Event) {
		if ev.Kind == jobs.SliceRead && ev.Pages == 2 {
			cancel(fault.New(fault.Interrupted, "stopped by SIGINT"))
		}
	}
	r := w.runIn(ctx, cfg, state.Run{})
	if r.ExitCode != jobs.ExitInterrupted || r.State != state.RunInterrupted {
		t.Fatalf("exit %d, state %s, %s", r.ExitCode, r.State, r.Error)
	}
	w.vendor.Faults().Clear()
	w.calls()
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if n := w.calls(); n > 5 {
		t.Errorf("%d calls, want three pages and those that end the slice", n)
	}
}

func TestTwoProcessesWorkOneAfterTheOther(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure()
	ended := make(chan state.Run, 2)
	for range 2 {
		go func() { ended <- w.run(cfg, state.Run{}) }()
	}
	a, b := <-ended, <-ended
	if a.ExitCode != 0 || b.ExitCode != 0 || a.Committed+b.Committed != 3 || a.Unchanged+b.Unchanged != 3 {
		t.Errorf("%+v\n%+v", a, b)
	}
}
