package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/jobs"
	"exporter/ratelimit"
	sandboxoffers "exporter/sandbox/hasoffers"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// fakeJob is a configuration whose job reads a fakeVendor.
const fakeJob = `
[sources.tune]
driver = "fake"
[sinks.warehouse]
driver = "postgres"
dsn = "%s"
schema = "marketing"
[jobs.conversions]
source = "tune"
stream = "orders"
sinks = ["warehouse"]
schedule = "30 3 * * *"
table = "hub"
`

func newFakeWorld(t *testing.T) (*world, *fakeVendor) {
	t.Helper()
	w := newWorld(t, nil)
	w.fake = &fakeVendor{parts: []string{"a", "b"}}
	w.template = func() string { return fmt.Sprintf(fakeJob, w.dsn) }
	return w, w.fake
}

func TestPartsAndTables(t *testing.T) {
	w, vendor := newFakeWorld(t)
	cfg := w.configure(`start = "2026-11-20"`)
	w.want(w.run(cfg, state.Run{}), 0, 4, 0, 0)
	got := w.query(`select (select count(*)::text from marketing.hub_orders), (select count(*)::text from marketing.hub_items),
		(select count(*)::text from exporter.slices where rows_announced = 2 and rows_read = 8)`)
	if d := cmp.Diff([][]string{{"8", "24", "4"}}, got); d != "" {
		t.Error(d)
	}
	vendor.read()
	w.want(w.run(cfg, state.Run{}), 0, 0, 2, 0)
}

func TestOnlyTheMissingPartIsOwed(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.fail = refuse("b", "2026-11-20")
	cfg := w.configure(`start = "2026-11-20"`)
	r := w.run(cfg, state.Run{})
	w.want(r, jobs.ExitPartial, 3, 0, 1)
	vendor.fail = nil
	vendor.read()
	w.want(w.run(cfg, state.Run{}), 0, 1, 2, 0)
	got := vendor.read()
	slices.Sort(got)
	if d := cmp.Diff([]string{"a 2026-11-21", "b 2026-11-20", "b 2026-11-21"}, got); d != "" {
		t.Error(d)
	}
}

func TestAPanicIsARecordedFailure(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.fail = func(string, string) error { panic("source broke") }
	r := w.run(w.configure(), state.Run{})
	w.want(r, 1, 0, 0, 2)
	if !strings.Contains(r.Error, "panic: source broke") {
		t.Errorf("error %q", r.Error)
	}
	vendor.fail = nil
	w.want(w.run(w.configure(), state.Run{}), 0, 2, 0, 0)
}

func TestTimeoutLeavesTheRestForTheNextRun(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.fail = func(string, string) error { return nil }
	hold := make(chan struct{})
	vendor.fail = func(part, _ string) error {
		if part == "b" {
			<-hold
		}
		return nil
	}
	cfg := w.configure(`timeout = "3s"`)
	w.onEvent = func(ev jobs.Event) {
		if ev.Kind == jobs.SliceEnded && ev.Part == "a" {
			time.AfterFunc(3100*time.Millisecond, func() { close(hold) })
		}
	}
	r := w.run(cfg, state.Run{})
	if r.ExitCode != jobs.ExitPartial || !strings.Contains(r.Error, "run timed out after 3s") {
		t.Errorf("exit %d, %q", r.ExitCode, r.Error)
	}
}

func TestAHalfDayIsNotTakenForTheWhole(t *testing.T) {
	for name, down := range map[string]bool{"loaded": false, "spooled while the sink was down": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			srv := pgtest.New(t, nil)
			w.dsn = srv.Database(t)
			cfg := w.configure(`lookback = "1d"`, `open = true`)
			if down {
				srv.Stop(t)
			}
			if r := w.run(cfg, state.Run{}); !down && (r.ExitCode != 0 || r.Committed != 2) {
				t.Fatalf("first run: %d, %s", r.ExitCode, r.Error)
			}
			if down {
				srv.Start(t)
			}
			// Four nights later the day is long closed and outside the lookback. A spool
			// lives for two days: the next noon it is still there, and must not be used.
			nights := 4
			if down {
				nights = 1
			}
			w.now = w.now.AddDate(0, 0, nights)
			if _, err := w.vendor.HasOffers().Drift(sandboxoffers.Drift{Kind: sandboxoffers.Arrive, Day: "2026-11-22", Rows: 5}); err != nil {
				t.Fatal(err)
			}
			if r := w.run(cfg, state.Run{}); r.ExitCode != 0 && r.ExitCode != jobs.ExitPartial {
				t.Fatalf("second run: %d, %s", r.ExitCode, r.Error)
			}
			const day = `from marketing.conversions where datetime_local >= '2026-11-22' and datetime_local < '2026-11-23'`
			truth := w.truth("2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z")
			if got := w.query(`select count(*)::text ` + day); got[0][0] != fmt.Sprint(len(truth)) {
				t.Errorf("the day has %s rows, the vendor %d", got[0][0], len(truth))
			}
			if got := w.query(`select provisional from exporter.slices where interval_start = '2026-11-22T05:00:00Z'`); got[0][0] != "false" {
				t.Error("the day is provisional still")
			}
		})
	}
}

func TestAnEditedOldDayMakesNothingOwed(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `[jobs.conversions.options]`, `restate = "updates"`)
	w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
	if _, err := w.vendor.HasOffers().Restate("2026-11-14", 3); err != nil {
		t.Fatal(err)
	}
	w.want(w.run(cfg, state.Run{}), 0, 1, 1, 0)
	if r := w.run(cfg, state.Run{}); r.Slices > 2 {
		t.Errorf("%d slices are owed after one edited day", r.Slices)
	}
	w.want(w.run(cfg, state.Run{From: w.time("2026-11-13T05:00:00Z"), To: w.time("2026-11-14T05:00:00Z")}), 0, 1, 0, 0)
	if r := w.run(cfg, state.Run{}); r.Slices > 2 {
		t.Errorf("%d slices are owed after one old day by hand", r.Slices)
	}
}

func TestMissedNightsAreMadeUp(t *testing.T) {
	for name, lost := range map[string]bool{"state kept": false, "state lost": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			cfg := w.configure(`lookback = "1d"`)
			now := w.now
			w.now = now.AddDate(0, 0, -4)
			w.want(w.run(cfg, state.Run{}), 0, 1, 0, 0)
			w.now = now
			if lost {
				w.forget(cfg)
			}
			w.want(w.run(cfg, state.Run{}), 0, 4, 0, 0)
			if d := cmp.Diff(w.truth("2026-11-17T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTwoSchemasShareALedger(t *testing.T) {
	w := newWorld(t, nil)
	w.template = func() string {
		usual := fmt.Sprintf(template, w.server.URL, w.dsn)
		return strings.Replace(strings.Replace(usual, `sinks = ["warehouse"]`, `sinks = ["warehouse", "finance"]`, 1), "[sinks.warehouse]",
			"[sinks.finance]\ndriver = \"postgres\"\ndsn = \""+w.dsn+"\"\nschema = \"finance\"\n[sinks.warehouse]", 1)
	}
	cfg := w.configure(`lookback = "3d"`)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	count := `select (select count(*)::text from marketing.conversions), (select count(*)::text from finance.conversions)`
	if d := cmp.Diff([][]string{{"150", "150"}}, w.query(count)); d != "" {
		t.Error(d)
	}
	// Somebody drops a table: its slices are no longer there, whatever the ledger says.
	w.query(`drop table finance.conversions`)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	if d := cmp.Diff([][]string{{"150", "150"}}, w.query(count)); d != "" {
		t.Error(d)
	}
}

func TestOneSinkDownCostsNoCallLater(t *testing.T) {
	w := newWorld(t, nil)
	other := pgtest.New(t, nil)
	dsn := other.Database(t)
	w.template = func() string {
		usual := fmt.Sprintf(template, w.server.URL, w.dsn)
		return strings.Replace(strings.Replace(usual, `sinks = ["warehouse"]`, `sinks = ["warehouse", "second"]`, 1), "[sinks.warehouse]",
			"[sinks.second]\ndriver = \"postgres\"\ndsn = \""+dsn+"\"\nschema = \"copy\"\n[sinks.warehouse]", 1)
	}
	cfg := w.configure(`lookback = "3d"`)
	other.Stop(t)
	r := w.run(cfg, state.Run{})
	if r.ExitCode != jobs.ExitPartial || r.State != state.RunPartial || !strings.Contains(r.Error, "sink second") || strings.Contains(r.Error, "sink warehouse") || r.Rows != 150 {
		t.Fatalf("exit %d, %s, %d rows: %s", r.ExitCode, r.State, r.Rows, r.Error)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Errorf("the sink that was up: %s", d)
	}
	loaded := w.query(`select loaded_at from exporter.slices order by _slice`)
	other.Start(t)
	w.calls()
	if r := w.run(cfg, state.Run{}); r.ExitCode != 0 {
		t.Fatalf("second run: %s", r.Error)
	}
	if n := w.calls(); n != 0 {
		t.Errorf("%d calls for what was in the spool", n)
	}
	if d := cmp.Diff(loaded, w.query(`select loaded_at from exporter.slices order by _slice`)); d != "" {
		t.Errorf("the sink that was up has been loaded again: %s", d)
	}
	if got := strings.TrimSpace(other.Psql(t, dsn, "-Atc", "select count(*) from copy.conversions")); got != "150" {
		t.Errorf("the second sink has %s rows", got)
	}
}

// One vendor's quota is used up for an hour; with a single place for all slices
// the other vendor's job is done all the same.
func TestWhoWaitsForQuotaHoldsNoPlace(t *testing.T) {
	w, vendor := newFakeWorld(t)
	window, err := ratelimit.ParseWindow("1/1h")
	if err != nil {
		t.Fatal(err)
	}
	vendor.limit = []ratelimit.Window{window}
	w.template = func() string {
		usual := fmt.Sprintf(template, w.server.URL, w.dsn)
		return strings.Replace(usual, "[exporter]", "[exporter]\nconcurrency = 1", 1) + `start = "2026-11-13"
[sources.slow]
driver = "fake"
[jobs.orders]
source = "slow"
stream = "orders"
sinks = ["warehouse"]
schedule = "30 3 * * *"
lookback = "5d"
`
	}
	// More slices than have their turn at once: the last ones queue behind those that wait.
	cfg := w.configure()
	ctx, cancel := context.WithCancelCause(t.Context())
	w.onEvent = func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded && ev.Run.Job == "conversions" {
			cancel(fault.New(fault.Interrupted, "enough"))
		}
	}
	runs := w.runAll(ctx, cfg, state.Run{Job: "orders", Trigger: "cli"}, state.Run{Job: "conversions", Trigger: "cli"})
	if runs[1].ExitCode != 0 || runs[1].Committed != 9 {
		t.Errorf("the other job: exit %d, committed %d, %s", runs[1].ExitCode, runs[1].Committed, runs[1].Error)
	}
	if runs[0].ExitCode != jobs.ExitInterrupted {
		t.Errorf("the waiting job: exit %d, committed %d, %s", runs[0].ExitCode, runs[0].Committed, runs[0].Error)
	}
}

func TestAnotherTableIsFilledFromTheStart(t *testing.T) {
	w := newWorld(t, nil)
	w.want(w.run(w.configure(`lookback = "1d"`, `start = "2026-11-18"`), state.Run{}), 0, 4, 0, 0)
	w.want(w.run(w.configure(`lookback = "1d"`, `start = "2026-11-18"`, `table = "moved"`), state.Run{}), 0, 4, 0, 0)
	got := w.query(`select (select count(*)::text from marketing.moved), (select count(*)::text from marketing.conversions)`)
	if d := cmp.Diff([][]string{{"200", "0"}}, got); d != "" {
		t.Error(d)
	}
}

// A day whose count would not settle is read again, also outside the lookback.
func TestAProvisionalDayIsOwed(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure(`lookback = "1d"`, `start = "2026-11-19"`)
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	w.query(`update exporter.slices set provisional = true where interval_start = '2026-11-19T05:00:00Z'`)
	w.want(w.run(cfg, state.Run{}), 0, 0, 2, 0)
	w.want(w.run(cfg, state.Run{}), 0, 0, 1, 0)
}

func TestEndlessThrottlingParks(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.patience = 50 * time.Millisecond
	vendor.fail = func(string, string) error { return fault.New(fault.Throttled, "slow down") }
	r := w.run(w.configure(), state.Run{})
	if r.ExitCode != jobs.ExitParked || r.Waiting != 2 || !strings.Contains(r.Error, "throttled for 50ms without a page") {
		t.Errorf("exit %d, waiting %d: %s", r.ExitCode, r.Waiting, r.Error)
	}
}

// A login that sees nothing any more must not look like a job with nothing to do.
func TestNoPartsIsAFailure(t *testing.T) {
	w, vendor := newFakeWorld(t)
	cfg := w.configure(`start = "2026-11-20"`)
	w.want(w.run(cfg, state.Run{}), 0, 4, 0, 0)
	vendor.parts = nil
	r := w.run(cfg, state.Run{})
	if r.ExitCode != jobs.ExitFailed || !strings.Contains(r.Error, "stream orders of source tune has no parts") || r.Hint == "" {
		t.Errorf("exit %d, %q, hint %q", r.ExitCode, r.Error, r.Hint)
	}
}

// What is appended stays for good, so that rows which are not all there yet wait.
func TestAProvisionalSliceIsNotAppended(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.unsettled = true
	cfg := w.configure(`start = "2026-11-21"`, `write = "append"`)
	r := w.run(cfg, state.Run{})
	w.want(r, jobs.ExitCheck, 0, 0, 2)
	if !strings.Contains(r.Error, "provisional") {
		t.Error(r.Error)
	}
	vendor.unsettled = false
	w.want(w.run(cfg, state.Run{}), 0, 2, 0, 0)
	w.want(w.run(cfg, state.Run{}), 0, 0, 0, 0)
	if d := cmp.Diff([][]string{{"4"}}, w.query(`select count(*)::text from marketing.hub_orders`)); d != "" {
		t.Error(d)
	}
}
