package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// warnings returns what watchers were warned of since the last call.
func (w *world) warnings() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, e := range w.events {
		if e.Kind == jobs.Warning {
			list = append(list, e.Text)
		}
	}
	w.events = nil
	return list
}

// named replaces the usual configuration by one whose job has another name.
func (w *world) named(job, more string) {
	w.template = func() string {
		return fmt.Sprintf(strings.Replace(template, "[jobs.conversions]", "[jobs."+job+"]", 1), w.server.URL, w.dsn) + "lookback = \"3d\"\n" + more
	}
}

// runs runs a job of any name.
func (w *world) runOf(job string) state.Run {
	w.t.Helper()
	return w.runAll(context.Background(), w.configure(), state.Run{Job: job, Trigger: "cli"})[0]
}

// A renamed job goes on where it was: nothing is read that need not be, rows are
// replaced, nothing is there twice.
func TestRenamedJob(t *testing.T) {
	w := newWorld(t, nil)
	w.named("old-name", "table = \"conversions\"\n")
	w.want(w.runOf("old-name"), 0, 3, 0, 0)
	numbers := w.query("select interval_start, _slice from exporter.slices order by 1")
	w.named("new-name", "table = \"conversions\"\nrenamed_from = [\"older\", \"old-name\"]\nstart = \"2026-11-17\"\n")

	// To look at it changes nothing.
	cfg := w.configure()
	st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	views, err := e.Slices(t.Context(), cfg.Job("new-name"), w.time("2026-11-01T00:00:00Z"), w.time("2026-12-01T00:00:00Z"))
	if err != nil || len(views) != 3 || views[0].State != state.SliceCommitted || views[0].Outdated {
		t.Errorf("slices %+v, %v; want the three of the old name", views, err)
	}
	if got := w.query("select distinct job from exporter.slices"); got[0][0] != "old-name" {
		t.Errorf("looking at a renamed job made it %v in the ledger", got)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}

	if _, err := w.vendor.HasOffers().Restate("2026-11-20", 5); err != nil {
		t.Fatal(err)
	}
	w.want(w.runOf("new-name"), 0, 3, 2, 0) // two days that the start adds, one that was restated
	if d := cmp.Diff(w.truth("2026-11-17T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(numbers, w.query("select interval_start, _slice from exporter.slices where job = 'new-name' and interval_start >= '2026-11-19' order by 1")); d != "" {
		t.Errorf("slices have other numbers now: %s", d)
	}
	if got := w.query("select count(*) from exporter.slices where job <> 'new-name'"); got[0][0] != "0" {
		t.Errorf("%s slices have another name", got[0][0])
	}
}

// Two jobs that have loaded the same days cannot become one: that is said before
// anything is read.
func TestRenamedToAJobWithTheSameSlices(t *testing.T) {
	w := newWorld(t, nil)
	w.named("old", "table = \"conversions\"\n")
	w.want(w.runOf("old"), 0, 3, 0, 0)
	w.named("new", "table = \"others\"\n")
	w.want(w.runOf("new"), 0, 3, 0, 0)
	before := w.query("select job, interval_start, fence from exporter.slices order by 1, 2")
	w.vendor.Meter().Reset()
	w.named("new", "table = \"others\"\nrenamed_from = [\"old\"]\n")
	r := w.runOf("new")
	w.want(r, 2, 0, 0, 0)
	if sent := w.vendor.Meter().Operations(); len(sent) > 0 || !strings.Contains(r.Error, "sink warehouse: job new: rename slices of [old] in ledger exporter: slices of old cannot be renamed to new, which has the same ones") {
		t.Errorf("requests %v, error %q", sent, r.Error)
	}
	if d := cmp.Diff(before, w.query("select job, interval_start, fence from exporter.slices order by 1, 2")); d != "" {
		t.Errorf("the ledger has changed: %s", d)
	}

	if !strings.Contains(r.Hint, "`exporter purge new`") {
		t.Errorf("hint %q does not say how to go on", r.Hint)
	}
	w.named("new", "table = \"others\"\n")
	if r := w.runAll(t.Context(), w.configure(), state.Run{Job: "new", Trigger: state.TriggerPurge})[0]; r.State != state.RunSucceeded {
		t.Fatalf("purge %s: %s", r.State, r.Error)
	}
	w.named("new", "table = \"conversions\"\nrenamed_from = [\"old\"]\n")
	w.want(w.runOf("new"), 0, 0, 3, 0) // those of the old job are its own now
}

// While a sink that has the old name's slices is down, nothing is loaded into it
// under the new one.
func TestRenamedJobWhoseSinkIsDown(t *testing.T) {
	w := newWorld(t, nil)
	srv := pgtest.New(t, nil)
	w.dsn = srv.Database(t)
	w.named("old", "table = \"conversions\"\n")
	w.want(w.runOf("old"), 0, 3, 0, 0)
	w.named("new", "table = \"conversions\"\nrenamed_from = [\"old\"]\n")
	srv.Stop(t)
	up := false
	w.onEvent = func(e jobs.Event) { // it comes back when the slices are read
		if e.Kind == jobs.SliceRead && !up {
			up = true
			srv.Start(t)
		}
	}
	w.want(w.runOf("new"), 0, 0, 3, 0)
	if got := w.query("select job, count(*) from exporter.slices group by 1"); len(got) != 1 || got[0][0] != "new" || got[0][1] != "3" {
		t.Errorf("the ledger has %v, want 3 slices of the new name", got)
	}
}

// A frozen job whose table would need another column is refused before the vendor is
// asked for anything.
func TestFrozenJob(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure("schema = \"freeze\"")
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0) // makes the table
	rows := w.table()
	_, err := w.vendor.HasOffers().Restate("2026-11-20", 5)
	if err != nil {
		t.Fatal(err)
	}
	w.calls()
	w.query("alter table marketing.conversions drop column status, alter column payout type text")
	r := w.run(cfg, state.Run{})
	w.want(r, 2, 0, 0, 0)
	if sent := w.vendor.Meter().Operations(); len(sent) > 0 {
		t.Errorf("requests were sent: %v", sent)
	}
	for _, want := range []string{"job conversions, sink warehouse", "frozen", `lacks "status"`, `its column "payout" is text, the job delivers numeric`} {
		if !strings.Contains(r.Error, want) {
			t.Errorf("error %q does not say %q", r.Error, want)
		}
	}
	const hint = `Let its owner run: ALTER TABLE "marketing"."conversions" ADD COLUMN "status" text; ` +
		`ALTER TABLE "marketing"."conversions" ALTER COLUMN "payout" TYPE numeric USING "payout"::numeric; or take schema = "freeze" out of the job.`
	if r.Hint != hint || r.Class != "config" {
		t.Errorf("class %s, hint\n got %s\nwant %s", r.Class, r.Hint, hint)
	}
	if got := w.query("select count(*) from marketing.conversions"); got[0][0] != fmt.Sprint(len(rows)) {
		t.Errorf("%s rows, want the %d old ones", got[0][0], len(rows))
	}
	w.query(`ALTER TABLE "marketing"."conversions" ADD COLUMN "status" text`)
	w.query(`ALTER TABLE "marketing"."conversions" ALTER COLUMN "payout" TYPE numeric USING "payout"::numeric`)
	if r := w.run(cfg, state.Run{Force: true}); r.ExitCode != 0 {
		t.Errorf("after the owner's work: %s", r.Error)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}

// A column whose type cannot hold the job's values is told of once in a run, with the
// statements that make it right, and once they have run no more.
func TestColumnOfAnotherType(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure()
	w.want(w.run(cfg, state.Run{}), 0, 3, 0, 0)
	if said := w.warnings(); len(said) > 0 {
		t.Errorf("the first run warns of %q", said)
	}
	w.query("alter table marketing.conversions alter column payout type integer using payout::integer, drop column status")
	w.want(w.run(cfg, state.Run{Force: true}), 0, 3, 0, 0)
	said := w.warnings()
	fold := `ALTER TABLE "marketing"."conversions" ALTER COLUMN "payout" TYPE numeric USING "payout"::numeric; ` +
		`UPDATE "marketing"."conversions" SET "payout" = "payout__numeric" WHERE "payout__numeric" IS NOT NULL; ALTER TABLE "marketing"."conversions" DROP COLUMN "payout__numeric";`
	want := `sink warehouse: column "payout" of table "marketing"."conversions" is integer, the job delivers numeric: its values go to column "payout__numeric". ` +
		`To fold the two, let the owner run: ` + fold + ` the next load uses "payout" again. Until then read coalesce("payout__numeric", "payout"::numeric).`
	count := map[string]int{}
	for _, text := range said {
		count[text]++
	}
	if count[want] != 1 || count[`sink warehouse: table "marketing"."conversions" has a new column "status", text; rows of earlier loads have null there`] != 1 || len(said) != 3 {
		t.Errorf("warned of %q\nwant once %q", said, want)
	}
	if got := w.query("select count(*) from marketing.conversions where payout is not null or payout__numeric is null"); got[0][0] != "0" {
		t.Errorf("%s rows are not in the new column alone", got[0][0])
	}
	for _, statement := range strings.SplitAfter(fold, "; ") {
		w.query(statement)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	w.want(w.run(cfg, state.Run{Force: true}), 0, 3, 0, 0)
	if said := w.warnings(); len(said) > 0 {
		t.Errorf("with its type right, the run warns of %q", said)
	}
	if d := cmp.Diff(w.truth(lookbackFrom, lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
}
