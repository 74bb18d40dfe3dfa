package main

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/sandbox/hasoffers"
	"exporter/sinks/postgres/pgtest"
)

// reaper kills a process a moment after so many events: pages asked for and answered, and
// lines of its log.
type reaper struct {
	mu     sync.Mutex
	events int
	after  int           // at which of them, 0 = never
	moment time.Duration // how long after it
	kill   func()
	timer  *time.Timer
	ends   map[string]bool // jobs whose run has ended
}

// arm begins to count.
func (r *reaper) arm(after int, moment time.Duration, kill func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.after, r.moment, r.kill, r.timer, r.ends = 0, after, moment, kill, nil, map[string]bool{}
}

func (r *reaper) event() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events++; r.events == r.after {
		r.strike()
	}
}

// strike is for whoever has the lock.
func (r *reaper) strike() {
	if r.timer == nil && r.kill != nil {
		r.timer = time.AfterFunc(r.moment, r.kill)
	}
}

// line is told of each line of a log. A process that has nothing left to do is killed, too.
func (r *reaper) line(text string) {
	r.event()
	if !strings.Contains(text, `"msg":"run ended"`) {
		return
	}
	_, job, _ := strings.Cut(text, `"job":"`)
	job, _, _ = strings.Cut(job, `"`)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends[job] = true; len(r.ends) == 2 {
		r.strike()
	}
}

// end waits for a kill that is on its way and returns how many events there were.
func (r *reaper) end() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kill = nil
	return r.events
}

// reapedJobs are a job that compares a week and one that takes each hour once and for all,
// both into both databases, once an hour. All that is restated is still in the lookback at
// the end: what leaves it before it is read once more to its end is nobody's to see.
var reapedJobs = []string{
	`sinks = ["warehouse"]`, `sinks = ["warehouse", "local"]`,
	`schedule = "@every 12h"`, "schedule = \"@every 1h\"\nlookback = \"7d\"\nstart = \"2026-11-20\"", `page_size = 10`, `page_size = 12`,
	"[jobs.conversions]", `[sources.hourly]
driver = "hasoffers"
api = "network"
credential = "hourly"
base_url = "${SANDBOX}/Apiv3/json"
network_id = "demo"
network_token = "${NETWORK_TOKEN}"
timezone = "America/New_York"
limits = ["10000/1s"]

[jobs.hours]
source = "hourly"
stream = "conversions"
sinks = ["local", "warehouse"]
schedule = "@every 1h"
interval = "1h"
heal = 1000
write = "append"
start = "2026-11-22"
options = { page_size = 2, fields = ["id", "tune_event_id", "datetime", "payout"] }

[jobs.conversions]`,
}

// A serve is killed at a hundred moments, each of another hour, drawn from its log and its
// pages: what is in both databases is what one clean run brings.
func TestAHundredKillsOfAServe(t *testing.T) {
	t.Parallel()
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	r := &reaper{}
	g := &gate{passed: r.event}
	begin := today.Add(2 * time.Minute)
	vendor, url := newVendorOf(t, hasoffers.Network{RowsPerDay: 24, FirstDay: "2026-11-19", Days: 10, Now: "2026-12-01T00:00:00Z"}, g.serve)
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	c := newClock(t, begin)
	p := newServed(t, url, dsn, c, reapedJobs...)

	longest, cut := 20, 0
	for round := range rounds {
		c.turn(t, begin.Add(time.Duration(round)*(time.Hour+time.Second)).Sub(c.now())) // both are due, whatever the last round took
		if round%3 == 0 {
			day := c.now().In(newYork(t)).AddDate(0, 0, -1).Format(time.DateOnly)
			if _, err := vendor.HasOffers().Restate(day, 3); err != nil {
				t.Fatal(err)
			}
		}
		started := make(chan struct{})
		var s *servant
		r.arm(1+rng.IntN(longest), time.Duration(rng.Int64N(int64(6*time.Millisecond))), func() { <-started; _ = s.Process.Kill() })
		s = p.serve(t, nil, r.line)
		close(started)
		log, code := s.text(t)
		n := r.end()
		if code != -1 || r.timer == nil {
			t.Fatalf("seed %d, round %d: ended with %d after %d events:\n%s", seed, round, code, n, log)
		}
		longest = max(longest, n)
		if strings.Count(log, `"msg":"run ended"`) < strings.Count(log, `"msg":"run started"`) {
			cut++
		}
	}
	r.arm(0, 0, nil)
	s := p.serve(t, nil)
	for n := range 2 { // what was cut short goes on with its pages; the next firing reads them anew
		c.turn(t, time.Hour+time.Second)
		for _, job := range []string{"conversions", "hours"} {
			s.await(t, n+1, `"msg":"run ended","job":"`+job+`".*"state":"succeeded"`)
		}
	}
	s.drain(t)
	t.Logf("seed %d: of %d kills %d came in the middle of a run, a round has up to %d events", seed, rounds, cut, longest)
	if cut < rounds/4 {
		t.Errorf("only %d of %d kills came in the middle of a run", cut, rounds)
	}

	cleanDSN := srv.Database(t)
	clean := newServed(t, url, cleanDSN, c, reapedJobs...)
	clean.run(t, "run", "conversions", "hours")
	for _, query := range []string{
		`SELECT (to_jsonb(c) - '_slice' - '_loaded_at')::text FROM marketing.conversions c ORDER BY id`,
		`SELECT id || ' ' || datetime FROM marketing.hours ORDER BY id`,
		`SELECT job || ' ' || interval_start || ' ' || state || ' ' || rows_written || ' ' || provisional FROM exporter.slices ORDER BY job, interval_start`,
	} {
		want, got := srv.Psql(t, cleanDSN, "-Atc", query), srv.Psql(t, dsn, "-Atc", query)
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 1000 && !testing.Short() {
			t.Errorf("seed %d: %s: (-clean +killed):\n%s", seed, query, diff)
		}
	}
	for _, query := range []string{
		`SELECT id, datetime, status, payout, revenue FROM conversions ORDER BY id`,
		`SELECT id, datetime FROM hours ORDER BY id`,
	} {
		want, got := sqliteRows(t, clean, query), sqliteRows(t, p, query)
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("seed %d: %s: (-clean +killed):\n%s", seed, query, diff)
		}
	}
	look := direct(t, dsn)
	if got := value(t, look, `SELECT string_agg(DISTINCT state, ' ' ORDER BY state) FROM exporter.runs`); got != "interrupted succeeded" {
		t.Errorf("seed %d: the ledger has runs that are %s", seed, got)
	}
}

func sqliteRows(t *testing.T, p process, query string) (lines []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.dir, "data.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, err := queried(context.WithoutCancel(t.Context()), db, query)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return slices.Clip(lines)
}
