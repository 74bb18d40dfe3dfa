package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sandbox"
	"exporter/sandbox/faults"
	sandboxoffers "exporter/sandbox/hasoffers"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sinks/postgres/pgtest"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/owapro"
	"exporter/state"
)

// noon is the clock of every world: 2026-11-22 in the middle of the day.
const noon = "2026-11-22T17:00:00Z"

// world is a vendor, a database and a configuration between them.
type world struct {
	t      *testing.T
	vendor *sandbox.Sandbox
	server *httptest.Server
	dsn    string
	dir    string
	now    time.Time
	// template returns the configuration up to the job's table, "" = the usual one.
	template func() string
	fake     *fakeVendor // of driver fake; nil = not there
	log      *slog.Logger
	loses    bool // the lease: nobody records the ends of its runs but whoever takes over

	mu      sync.Mutex
	events  []jobs.Event
	onEvent func(jobs.Event)
}

// breakWith adds a rule of the sandbox.
func (w *world) breakWith(r faults.Rule) {
	w.t.Helper()
	if err := w.vendor.Faults().Add(r); err != nil {
		w.t.Fatal(err)
	}
}

// newWorld starts a vendor with ten days of conversions, the last one today.
func newWorld(t *testing.T, change func(*sandboxoffers.Config)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), dsn: pgtest.Start(t).Database(t)}
	var err error
	if w.now, err = time.Parse(time.RFC3339, noon); err != nil {
		t.Fatal(err)
	}
	cfg := sandboxoffers.Config{Networks: []sandboxoffers.Network{{ID: "demo", FirstDay: "2026-11-13", Days: 10, RowsPerDay: 50, Now: noon}}}
	if change != nil {
		change(&cfg)
	}
	if w.vendor, err = sandbox.New(sandbox.Config{Seed: 7, HasOffers: cfg}); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(w.vendor.Handler())
	t.Cleanup(w.server.Close)
	return w
}

const template = `
[exporter]
timezone = "UTC"
[sources.tune]
driver = "hasoffers"
api = "integrator"
base_url = "%[1]s/Apiv3/json"
auth_url = "%[1]s/authorize"
network_id = "demo"
integrator_id = "acme"
client_id = "client"
client_secret = "secret"
timezone = "America/New_York"
limits = ["1000/1s"]
concurrency = 4
[sinks.warehouse]
driver = "postgres"
dsn = "%[2]s"
schema = "marketing"
[jobs.conversions]
source = "tune"
stream = "conversions"
sinks = ["warehouse"]
schedule = "30 3 * * *"
`

// configure parses the usual configuration with lines added at its end, where
// the job's table is open.
func (w *world) configure(more ...string) *config.Config {
	w.t.Helper()
	text := fmt.Sprintf(template, w.server.URL, w.dsn)
	if w.template != nil {
		text = w.template()
	} else if more = append(more, ""); !strings.HasPrefix(more[0], "lookback") {
		text += "lookback = \"3d\"\n"
	}
	text += strings.Join(append(more, ""), "\n")
	known := []sources.Driver{hasoffers.Driver(), owapro.Driver()}
	if w.fake != nil {
		known = append(known, w.fake.driver())
	}
	path := filepath.Join(w.dir, "jobs.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cfg, err := config.Load(path, config.Drivers{
		Sources: known, Sinks: []sinks.Driver{postgres.Driver()},
	}, func(string) (string, bool) { return "", false })
	if err != nil {
		w.t.Fatal(err)
	}
	return cfg
}

// forget deletes the state.
func (w *world) forget(cfg *config.Config) {
	w.t.Helper()
	for _, f := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(cfg.Exporter.State + f); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
}

// run runs the job as a process would: state and engine are opened and closed.
func (w *world) run(cfg *config.Config, request state.Run) state.Run {
	w.t.Helper()
	return w.runIn(context.Background(), cfg, request)
}

func (w *world) runIn(ctx context.Context, cfg *config.Config, request state.Run) state.Run {
	w.t.Helper()
	request.Job, request.Trigger = "conversions", "cli"
	return w.runAll(ctx, cfg, request)[0]
}

// runAll runs several requests in one process.
func (w *world) runAll(ctx context.Context, cfg *config.Config, requests ...state.Run) []state.Run {
	w.t.Helper()
	st, err := state.Open(context.Background(), cfg.Exporter.State, state.Options{Now: func() time.Time { return w.now }})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{
		Log: w.log, Now: func() time.Time { return w.now }, Retry: jobs.Retry{Base: time.Millisecond, Cap: time.Millisecond},
		Notify: func(ev jobs.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, ev)
			if w.onEvent != nil {
				w.onEvent(ev)
			}
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	runs, err := e.Run(ctx, requests)
	if err != nil {
		w.t.Errorf("run: %v", err)
	}
	for _, r := range runs { // also of a run that was stopped
		if kept, _, err := st.Run(context.Background(), r.ID); err != nil || kept.State != r.State && !w.loses {
			w.t.Errorf("run ended %s, the state has %s, %v", r.State, kept.State, err)
		}
	}
	if err := e.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
	if err := st.Close(); err != nil {
		w.t.Error(err)
	}
	if len(runs) != len(requests) {
		w.t.Fatalf("%d runs", len(runs))
	}
	return runs
}

// want fails the test unless the run ended so.
func (w *world) want(r state.Run, code, committed, unchanged, failed int) {
	w.t.Helper()
	if r.ExitCode != code || r.Committed != committed || r.Unchanged != unchanged || r.Failed != failed {
		w.t.Fatalf("run ended %s, exit %d, committed %d, unchanged %d, failed %d, waiting %d: %s\nwant exit %d, committed %d, unchanged %d, failed %d",
			r.State, r.ExitCode, r.Committed, r.Unchanged, r.Failed, r.Waiting, r.Error, code, committed, unchanged, failed)
	}
}

func (w *world) query(sql string, args ...any) [][]string {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]string, error) {
		values, err := r.Values()
		text := make([]string, len(values))
		for i, v := range values {
			text[i] = fmt.Sprint(v)
		}
		return text, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// table returns id, instant, status and payout of every loaded row, by id.
func (w *world) table() [][]string {
	w.t.Helper()
	return w.query(`select id::text, to_char(datetime at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), status, payout::text from marketing.conversions order by id`)
}

// truth returns the same of the vendor's rows in [from, to).
func (w *world) truth(from, to string) [][]string {
	w.t.Helper()
	rows, err := w.vendor.HasOffers().Rows("demo", w.time(from), w.time(to))
	if err != nil {
		w.t.Fatal(err)
	}
	var out [][]string
	for r := range rows {
		status, _ := r.Value("status")
		payout, _ := r.Value("payout")
		out = append(out, []string{fmt.Sprint(r.ID), r.UTC.UTC().Format(time.DateTime), status, payout})
	}
	return out
}

func (w *world) time(s string) time.Time {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return at
}

// calls returns how often findAll was called since the last call of calls.
func (w *world) calls() int {
	n := w.vendor.Meter().Operations()["Conversion::findAll"]
	w.vendor.Meter().Reset()
	return n
}
