package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/state"
)

// serve serves a job of a fake vendor until it is cancelled.
func serve(t *testing.T, w *world, schedule string, on func(jobs.Event)) (cancel func(), ended chan error) {
	t.Helper()
	w.now = time.Now() // leases are compared between the two
	w.template = func() string {
		return strings.Replace(strings.ReplaceAll(fakeJob, "%s", w.dsn), `schedule = "30 3 * * *"`, `schedule = "`+schedule+`"`, 1)
	}
	cfg := w.configure()
	st, err := state.Open(context.Background(), cfg.Exporter.State, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{Retry: jobs.Retry{Base: time.Millisecond}, Notify: on})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() {
		err := e.Serve(ctx, time.Minute)
		ended <- errors.Join(err, e.Close(context.Background()), st.Close())
	}()
	return cancel, ended
}

func TestServeFiresAndDrains(t *testing.T) {
	w, _ := newFakeWorld(t)
	fired := make(chan state.Run, 100)
	stop, ended := serve(t, w, "@every 1s", func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded {
			fired <- ev.Run
		}
	})
	for range 2 {
		if r := <-fired; r.ExitCode != 0 || r.Trigger != "schedule" {
			t.Errorf("run %s by %s ended with %d: %s", r.ID, r.Trigger, r.ExitCode, r.Error)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("drained: %v", err)
	}
}

func TestServeExecutesRequestsOfOthers(t *testing.T) {
	w, _ := newFakeWorld(t)
	fired := make(chan struct{}, 100)
	stop, ended := serve(t, w, "@every 1s", func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded {
			fired <- struct{}{}
		}
	})
	<-fired
	r := w.run(w.configure(), state.Run{Force: true})
	if r.ExitCode != 0 || r.Committed != 2 || r.Trigger != "cli" {
		t.Errorf("exit %d, committed %d: %s", r.ExitCode, r.Committed, r.Error)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestASecondServeRefuses(t *testing.T) {
	w, _ := newFakeWorld(t)
	fired := make(chan struct{}, 100)
	stop, ended := serve(t, w, "@every 1s", func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded {
			fired <- struct{}{}
		}
	})
	<-fired
	_, second := serve(t, w, "@every 1s", func(jobs.Event) {})
	err := <-second
	if err == nil || !strings.Contains(err.Error(), "serve (pid ") {
		t.Errorf("a second serve: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The clock ran a day ahead, a job fired by it, and the clock was set right.
func TestAFiringOfTheFutureHoldsNothingBack(t *testing.T) {
	w, _ := newFakeWorld(t)
	cfg := w.configure()
	o, _ := w.open(cfg, func() time.Time { return w.now }, nil)
	fire := func(at time.Time) int {
		t.Helper()
		w.now = at
		if err := jobs.Look(t.Context(), o.engine); err != nil {
			t.Fatal(err)
		}
		open, err := o.OpenRuns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	planned := w.time("2026-11-22T03:30:00Z")
	if err := o.SetFiring(t.Context(), "conversions", planned.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if n := fire(planned.Add(-time.Minute)); n != 0 {
		t.Errorf("%d runs before the time", n)
	}
	if n := fire(planned); n != 1 {
		t.Errorf("%d runs at the planned time, want 1", n)
	}
	// A clock that was corrected by seconds fires no second time.
	if n := fire(planned.Add(-2 * time.Second)); n != 1 {
		t.Errorf("%d runs after a small correction, want still 1", n)
	}
	if n := fire(planned.Add(time.Second)); n != 1 {
		t.Errorf("%d runs after a small correction, want still 1", n)
	}
}
