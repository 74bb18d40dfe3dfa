package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sinks"
	"exporter/sinks/postgres"
	"exporter/sources"
	"exporter/state"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), part)
}

// A serve that drains is not ready, begins nothing, and tells which jobs become late
// meanwhile: runs at work may take until the end of the grace period.
func TestADrain(t *testing.T) {
	vendor := &fakeVendor{parts: []string{"a"}}
	n := newNights(t, "2000-01-01T00:00:00Z", nightly("orders", `schedule = "1 1 * * *"`, `deadline = "01:05"`))
	n.stop()
	cfg, err := config.Load(n.path, config.Drivers{Sources: []sources.Driver{vendor.driver()}, Sinks: []sinks.Driver{postgres.Driver()}},
		func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // it is 01:00 in Berlin
		hangs := make(chan struct{})
		vendor.fail = func(string, string) error {
			<-hangs
			return fault.New(fault.Permanent, "at last")
		}
		st, err := state.Open(t.Context(), cfg.Exporter.State+"-drain", state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		log := &lines{}
		e, err := jobs.NewEngine(cfg, st, jobs.Options{Log: slog.New(slog.NewTextHandler(log, nil)), Retry: jobs.Retry{Attempts: 1, Base: time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		watch, unwatch := context.WithCancel(t.Context())
		served, watched := make(chan error, 1), make(chan struct{})
		go func() { served <- e.Serve(ctx, time.Hour) }()
		go func() {
			e.WatchLate(watch)
			close(watched)
		}()
		time.Sleep(2 * time.Minute)
		if err := e.Ready(); err != nil || !log.has("run started") {
			t.Errorf("at work: ready %v, begun %t", err, log.has("run started"))
		}
		stop()
		time.Sleep(time.Second)
		if err := e.Ready(); err == nil || !strings.Contains(err.Error(), "drains") {
			t.Errorf("in the drain: ready %v", err)
		}
		asked, err := st.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI})
		if err != nil {
			t.Error(err)
		}
		if log.has("job is late") {
			t.Error("late before its deadline")
		}
		time.Sleep(4 * time.Minute)
		if !log.has("job is late") {
			t.Error("nobody told that the job is late")
		}
		select {
		case err := <-served:
			t.Errorf("the drain did not wait for the run: %v", err)
		default:
		}
		close(hangs)
		if err := <-served; err != nil {
			t.Error(err)
		}
		if r, _, err := st.Run(t.Context(), asked.ID); err != nil || r.State != state.RunQueued {
			t.Errorf("what was asked for in the drain is %s, %v", r.State, err)
		}
		if err := e.Ready(); err == nil || strings.Contains(err.Error(), "drains") {
			t.Errorf("after the end: ready %v", err)
		}
		unwatch()
		<-watched
		if err := errors.Join(e.Close(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
}
