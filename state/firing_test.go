package state_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"exporter/state"
)

// A firing and its run are recorded together, or neither is: not by a process whose
// lease is gone.
func TestAFiringHasItsRun(t *testing.T) {
	s := openState(t, t.TempDir()+"/state.db", state.Options{})
	l, err := s.Acquire(t.Context(), "test")
	must(t, err)
	at := time.Date(2026, 5, 1, 3, 30, 0, 0, time.UTC)
	must(t, s.SetRetry(t.Context(), "job", at, 3))
	run := &state.Run{Job: "job", Trigger: state.TriggerSchedule}
	must(t, s.Fire(t.Context(), l.Epoch(), state.Firing{Job: "job", At: at, Run: run, Missed: 2, Skipped: 1}))
	got, err := s.Job(t.Context(), "job")
	must(t, err)
	if !got.LastFiring.Equal(at) || got.Missed != 2 || got.Skipped != 1 || !got.RetryAt.IsZero() || got.Retries != 0 || got.Since.IsZero() {
		t.Errorf("%+v", got)
	}
	if back, ok, err := s.Run(t.Context(), run.ID); err != nil || !ok || back.State != state.RunQueued {
		t.Errorf("%+v, %t, %v", back, ok, err)
	}
	must(t, l.Release(t.Context()))
	err = s.Fire(t.Context(), l.Epoch(), state.Firing{Job: "job", At: at.AddDate(0, 0, 1), Run: &state.Run{Job: "job"}})
	if !errors.Is(err, state.ErrLost) {
		t.Errorf("fired without the lease: %v", err)
	}
	open, err := s.OpenRuns(t.Context())
	must(t, err)
	if last, _, err := s.LastFiring(t.Context(), "job"); len(open) != 1 || !last.Equal(at) || err != nil {
		t.Errorf("%d runs, last firing %s, %v", len(open), last, err)
	}
}

func TestPruneRuns(t *testing.T) {
	s := openState(t, t.TempDir()+"/state.db", state.Options{})
	l, err := s.Acquire(t.Context(), "test")
	must(t, err)
	defer func() { must(t, l.Release(t.Context())) }()
	ids := map[string][]string{}
	for i := range 60 {
		for _, job := range []string{"often", "seldom"} {
			if job == "seldom" && i >= 10 {
				continue
			}
			r, err := s.Enqueue(t.Context(), state.Run{Job: job, Trigger: state.TriggerSchedule})
			must(t, err)
			ids[job] = append(ids[job], r.ID)
			if i == 59 {
				continue // queued
			}
			r, _, err = s.NextQueued(t.Context(), l.Epoch())
			must(t, err)
			r.State = state.RunFailed
			switch i {
			case 3, 5:
				r.State = state.RunSucceeded
			case 7: // a slice waits from it
				v := state.Slice{Job: job, Run: r.ID, State: state.SlicePlanned}
				must(t, s.PutSlice(t.Context(), v))
				v.State, v.WaitUntil = state.SliceWaiting, time.Now().Add(time.Hour)
				must(t, s.PutSlice(t.Context(), v))
			}
			must(t, s.Finish(t.Context(), r))
		}
	}
	n, err := s.PruneRuns(t.Context(), 20)
	if err != nil || n != 60-20-2 {
		t.Errorf("forgot %d runs, %v", n, err)
	}
	left, err := s.Runs(t.Context(), "often", 1000)
	must(t, err)
	want := fmt.Sprint(append([]string{ids["often"][5], ids["often"][7]}, ids["often"][40:]...))
	var got []string
	for i := range left {
		got = append(got, left[len(left)-1-i].ID)
	}
	if fmt.Sprint(got) != want {
		t.Errorf("left %v\nwant %v", got, want)
	}
	if left, err := s.Runs(t.Context(), "seldom", 1000); err != nil || len(left) != 10 {
		t.Errorf("%d runs of the other job, %v", len(left), err)
	}
	if at, err := s.LastSucceeded(t.Context(), "often"); err != nil || at.IsZero() {
		t.Errorf("succeeded at %s, %v", at, err)
	}
	if n, err := s.PruneRuns(t.Context(), 20); err != nil || n != 0 {
		t.Errorf("forgot %d more, %v", n, err)
	}
}

func TestFailuresAreCountedByClass(t *testing.T) {
	s := openState(t, t.TempDir()+"/state.db", state.Options{})
	l, err := s.Acquire(t.Context(), "test")
	must(t, err)
	defer func() { must(t, l.Release(t.Context())) }()
	_, err = s.Enqueue(t.Context(), state.Run{Job: "job"})
	must(t, err)
	r, _, err := s.NextQueued(t.Context(), l.Epoch())
	must(t, err)
	for i, class := range []string{"transient", "transient", "auth"} {
		v := state.Slice{Job: "job", Run: r.ID, Start: time.Unix(int64(i), 0), State: state.SlicePlanned}
		must(t, s.PutSlice(t.Context(), v))
		v.State, v.Class = state.SliceFailed, class
		must(t, s.PutSlice(t.Context(), v))
	}
	got, err := s.Failures(t.Context(), "job", r.ID)
	if err != nil || got["transient"] != 2 || got["auth"] != 1 || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
