package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/state"
)

// lock has another program keep the state locked until unlock is called.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	do := func(text string) {
		if _, err := db.ExecContext(context.Background(), text); err != nil {
			t.Error(err)
		}
	}
	do(`BEGIN IMMEDIATE`)
	return func() {
		do(`ROLLBACK`)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A serve whose state was replaced by another file ends, whatever it is at: what it would
// write is lost, and another process has the new state for itself.
func TestTheStateIsReplacedUnderAServe(t *testing.T) {
	w, _ := newFakeWorld(t)
	cfg := w.configure(`lookback = "1d"`)
	st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- e.Serve(t.Context(), time.Minute) }()
	awaitReady(t, e, served, "begun", isReady)
	if err := errors.Join(os.Rename(cfg.Exporter.State, cfg.Exporter.State+".away"), os.WriteFile(cfg.Exporter.State, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-served:
		if !errors.Is(err, state.ErrReplaced) || jobs.ExitCode(err) != jobs.ExitFailed {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on")
	}
	_ = errors.Join(e.Close(context.Background()), st.Close()) // the state is gone
}

// A state that does not answer at the very end of a slice and of its run gets to know
// both ends when it does, and the job goes on.
func TestTheStateIsAwayWhenARunEnds(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	w.now = time.Now()
	cfg := w.configure(`lookback = "1d"`)
	st, err := state.Open(t.Context(), cfg.Exporter.State, state.Options{Busy: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan state.Run, 10)
	away := make(chan func(), 1)
	var once sync.Once
	e, err := jobs.NewEngine(cfg, st, jobs.Options{Notify: func(ev jobs.Event) {
		switch ev.Kind {
		case jobs.SliceLoaded: // what is to be written still: the ends of the slice and the run
			once.Do(func() { away <- lock(t, cfg.Exporter.State) })
		case jobs.RunEnded:
			ended <- ev.Run
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() state.Run {
		t.Helper()
		r, err := st.Enqueue(t.Context(), state.Run{Job: "conversions", Trigger: state.TriggerCLI})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	wait := func(what string) state.Run {
		t.Helper()
		select {
		case r := <-ended:
			return r
		case <-time.After(20 * time.Second):
			t.Fatal("no end of " + what)
			return state.Run{}
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	first := ask()
	go func() { served <- e.Serve(ctx, time.Minute) }()
	unlock := <-away
	for e.Ready() == nil { // its looks have something to write as well: what follows the run's end
		select {
		case r := <-ended:
			t.Fatalf("the run ended without the state: %+v", r)
		case <-time.After(5 * time.Millisecond):
		}
	}
	unlock()
	wait("the run")
	second := ask()
	wait("the next one")
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	for id, want := range map[string][2]int{first.ID: {1, 0}, second.ID: {0, 1}} {
		if r, _, err := st.Run(t.Context(), id); err != nil || r.State != state.RunSucceeded || r.Committed != want[0] || r.Unchanged != want[1] {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if err := errors.Join(e.Close(context.Background()), st.Close()); err != nil {
		t.Error(err)
	}
}
