package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/jobs"
	"exporter/ratelimit"
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

// A plan that has to ask the vendor does so under the lease, as everybody does.
func TestAPlanAsksUnderTheLease(t *testing.T) {
	w, vendor := newFakeWorld(t)
	w.now = time.Now()
	vendor.limit, vendor.parts, vendor.partsAsk = []ratelimit.Window{{N: 1000, Per: time.Hour}}, []string{"a"}, true
	cfg := w.configure()
	open := func() *state.Store {
		st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		return st
	}
	mine, others := open(), open()
	e, err := jobs.NewEngine(cfg, mine, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := others.Acquire(t.Context(), "serve")
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{})
	if fault.ClassOf(err) != fault.Transient || !strings.Contains(err.Error(), "another process works on this state") || !strings.Contains(fault.HintOf(err), "Stop the serve") {
		t.Errorf("beside another process: %v, hint %q", err, fault.HintOf(err))
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, err := e.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{}); err != nil || len(p.Slices) == 0 {
		t.Errorf("%d slices are planned, error %v", len(p.Slices), err)
	}
	var held *state.HeldError
	if _, err := others.Acquire(t.Context(), "serve"); !errors.As(err, &held) {
		t.Errorf("while the plan has asked: %v", err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	// What is known of the job is planned all the same.
	start := w.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	err = mine.PutSlice(t.Context(), state.Slice{Job: "conversions", Part: "b", Start: start, End: start.AddDate(0, 0, 1), State: state.SliceFailed})
	if err != nil {
		t.Fatal(err)
	}
	if lease, err = others.Acquire(t.Context(), "serve"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lease.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if e, err = jobs.NewEngine(cfg, mine, jobs.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := e.Plan(t.Context(), cfg.Job("conversions"), time.Time{}, time.Time{})
	if err != nil || len(p.Slices) == 0 || p.Slices[0].Part != "b" || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], `parts ["b"]`) {
		t.Errorf("beside another process: %+v, error %v", p, err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whoever takes the state over counts from what it finds there; the figures of
// the one before it, which may not have noticed yet, must not come after that.
func TestALostLeaseStoresNoQuota(t *testing.T) {
	w, vendor := newFakeWorld(t)
	window, err := ratelimit.ParseWindow("1000/1h")
	if err != nil {
		t.Fatal(err)
	}
	vendor.limit, vendor.parts, w.loses = []ratelimit.Window{window}, []string{"a"}, true
	cfg := w.configure(`start = "2026-11-21"`)
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(cfg.Exporter.State, "sqlite:")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var taken sync.Once
	vendor.fail = func(string, string) error {
		taken.Do(func() {
			if _, err := db.ExecContext(t.Context(), `UPDATE lease SET holder = 'another', epoch = epoch + 1`); err != nil {
				t.Error(err)
			}
			if _, err := db.ExecContext(t.Context(), `UPDATE quota SET usage = '{}'`); err != nil {
				t.Error(err)
			}
		})
		return nil
	}
	w.run(cfg, state.Run{})
	var usage string
	if err := db.QueryRowContext(t.Context(), `SELECT usage FROM quota`).Scan(&usage); err != nil || usage != "{}" {
		t.Errorf("usage is %s, want what the other has stored; error %v", usage, err)
	}
}

// When all of a run's work waits, whoever watches hears until when, long before.
func TestQuotaWaitsIsSaid(t *testing.T) {
	w, configured := limited(t, "4/20s")
	cfg := configured(`lookback = "2d"`, `[jobs.conversions.options]`, `page_size = 10`)
	cfg.Source("tune").Limits.MaxWait = time.Minute
	ctx, cancel := context.WithCancelCause(t.Context())
	began := time.Now()
	var waits []jobs.Event
	w.onEvent = func(ev jobs.Event) {
		if ev.Kind == jobs.QuotaWaits {
			waits = append(waits, ev)
			cancel(fault.New(fault.Interrupted, "enough"))
		}
	}
	r := w.runIn(ctx, cfg, state.Run{})
	took := time.Since(began)
	if took > 15*time.Second || len(waits) != 1 || waits[0].Until.Sub(w.now) < 15*time.Second || waits[0].Until.Sub(w.now) > 20*time.Second {
		t.Errorf("after %s: %+v", took, waits)
	}
	if r.ExitCode != jobs.ExitInterrupted || w.calls() != 4 {
		t.Errorf("exit %d: %s", r.ExitCode, r.Error)
	}
}

// A run can time out while it waits for a class of requests: its slice waits for that.
func TestWhatAWaitWasFor(t *testing.T) {
	at := func(minutes int) time.Time {
		return time.Date(2026, 11, 22, 3, minutes, 0, 0, time.UTC)
	}
	window := func(class string, free time.Time) ratelimit.WindowStatus {
		return ratelimit.WindowStatus{Class: class, NextFree: free}
	}
	for name, c := range map[string]struct {
		status ratelimit.Status
		want   time.Time
	}{
		"nothing":              {status: ratelimit.Status{Windows: []ratelimit.WindowStatus{window("", time.Time{}), window("heavy", time.Time{})}}},
		"a pause":              {ratelimit.Status{PausedUntil: at(5), Windows: []ratelimit.WindowStatus{window("heavy", at(1))}}, at(5)},
		"the longer window":    {ratelimit.Status{Windows: []ratelimit.WindowStatus{window("", at(2)), window("", at(7)), window("heavy", at(9))}}, at(7)},
		"a class":              {ratelimit.Status{Windows: []ratelimit.WindowStatus{window("", time.Time{}), window("heavy", at(3)), window("heavy", at(4))}}, at(4)},
		"the first of classes": {ratelimit.Status{Windows: []ratelimit.WindowStatus{window("heavy", at(4)), window("write", at(3))}}, at(3)},
	} {
		if got := jobs.FreeAt(c.status); !got.Equal(c.want) {
			t.Errorf("%s: free at %s, want %s", name, got, c.want)
		}
	}
}
