package main

import (
	"testing"
	"time"

	"exporter/state"
)

// TestETA goes by what was done since it was first asked, not by what a run that gave
// way had done before.
func TestETA(t *testing.T) {
	now := today
	e := newETA(func() time.Time { return now })
	run := state.Run{ID: "a", Slices: 100, Committed: 40}
	e.saw(run)
	if at, done, all := e.end(); !at.IsZero() || done != 40 || all != 100 {
		t.Errorf("at first %v, %d of %d; want no time, 40 of 100", at, done, all)
	}
	now = now.Add(10 * time.Minute)
	run.Unchanged, run.Failed = 15, 5
	e.saw(run)
	if at, done, all := e.end(); !at.Equal(now.Add(20*time.Minute)) || done != 60 || all != 100 {
		t.Errorf("after 20 in 10 minutes %v, %d of %d; want 20 minutes from now, 60 of 100", at, done, all)
	}
	run.Committed = 80
	e.saw(run)
	if at, _, _ := e.end(); !at.IsZero() {
		t.Errorf("at the end %v, want no time", at)
	}
	if e.due() {
		t.Error("a log is told at once")
	}
	now = now.Add(etaEvery)
	if !e.due() || e.due() {
		t.Error("a log is not told once a minute")
	}
}
