package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // another program on the state

	"exporter/jobs"
	"exporter/state"
)

// A state that somebody locks for longer than the lease lasts does not end serve: it is
// not ready meanwhile, and fires again when the state answers. A serve that was
// replaced in the meantime ends.
func TestAStateThatIsAwayDoesNotEndServe(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "@every 1s"`))
	n.stop()
	st, err := state.Open(t.Context(), n.cfg.Exporter.State, state.Options{Busy: 20 * time.Millisecond, Expiry: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan state.Run, 1000)
	e, err := jobs.NewEngine(n.cfg, st, jobs.Options{Retry: jobs.Retry{Attempts: 1, Base: time.Millisecond}, Notify: func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded {
			ended <- ev.Run
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if e.Ready() == nil {
		t.Error("ready before it serves")
	}
	served := make(chan error, 1)
	go func() { served <- e.Serve(context.Background(), 0) }()
	<-ended
	if err := e.Ready(); err != nil {
		t.Errorf("at work: %v", err)
	}

	db, err := sql.Open("sqlite", n.cfg.Exporter.State+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	do := func(text string) {
		t.Helper()
		if _, err := db.ExecContext(context.Background(), text); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string, is func(error) bool) {
		t.Helper()
		awaitReady(t, e, served, what, is)
	}
	do(`BEGIN IMMEDIATE`)
	wait("locked", func(err error) bool { return err != nil && strings.Contains(err.Error(), "expired") })
	ticked := e.LastTick() // what a watchdog goes by: it waits for the state and does not hang
	wait("locked still", func(error) bool { return e.LastTick().After(ticked) })
	// A command that somebody calls before serve looks again ends by itself.
	do(`UPDATE lease SET epoch = epoch + 1, holder = 'run', lock = 'its', expires = expires + 60000000`)
	do(`COMMIT`)
	wait("behind a run", func(err error) bool { return errors.As(err, new(*state.HeldError)) })
	do(`UPDATE lease SET lock = '', expires = 0`)
	wait("unlocked", isReady)
	for len(ended) > 0 {
		<-ended
	}
	<-ended // it fires again

	do(`UPDATE lease SET epoch = epoch + 1, holder = 'another', expires = expires + 60000000`)
	if err := <-served; err == nil || !strings.Contains(err.Error(), "another process took the state over") {
		t.Errorf("replaced: %v", err)
	}
	if e.Ready() == nil {
		t.Error("ready after the end")
	}
	if err := errors.Join(db.Close(), e.Close(context.Background()), st.Close()); err != nil {
		t.Error(err)
	}
}

// awaitReady looks until what a serve says of its readiness is as it should be.
func awaitReady(t *testing.T, e *jobs.Engine, served <-chan error, what string, is func(error) bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !is(e.Ready()); {
		if time.Now().After(until) {
			t.Fatalf("%s: %v", what, e.Ready())
		}
		select {
		case err := <-served:
			t.Fatalf("%s: serve ended: %v", what, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func isReady(err error) bool { return err == nil }
