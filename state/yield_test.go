package state_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/state"
)

// A backfill at work gives way to what was asked for after it began, whatever the clock
// did since, keeps what it has done, and is taken again when that has ended.
func TestABackfillGivesWay(t *testing.T) {
	for name, step := range map[string]int64{"time goes on": 1, "it stands still": 0, "the clock is set back all the time": -1} {
		t.Run(name, func(t *testing.T) { givesWay(t, step) })
	}
}

func givesWay(t *testing.T, step int64) {
	var seconds atomic.Int64 // the lease looks at the clock as well
	s := fresh(t, state.Options{Now: func() time.Time { return time.Date(2026, 11, 22, 3, 0, int(seconds.Add(step)), 0, time.UTC) }})
	l := acquire(t, s)
	enqueue := func(job, priority string) state.Run {
		t.Helper()
		r, err := s.Enqueue(t.Context(), state.Run{Job: job, Priority: priority})
		must(t, err)
		return r
	}
	enqueue("older", state.PriorityScheduled) // asked for before
	backfill := enqueue("conversions", state.PriorityBackfill)
	r, ok, err := s.Claim(t.Context(), backfill.ID, l.Epoch())
	if !ok || err != nil {
		t.Fatalf("%t, %v", ok, err)
	}
	want := func(o state.Orders) {
		t.Helper()
		got, err := s.Orders(t.Context(), r)
		must(t, err)
		if d := cmp.Diff(o, got); d != "" {
			t.Errorf("orders (-want +got):\n%s", d)
		}
	}
	want(state.Orders{})
	enqueue("other", state.PriorityBackfill)
	want(state.Orders{})
	enqueue("other", state.PriorityScheduled)
	want(state.Orders{GiveWay: true})
	scheduled := enqueue("conversions", state.PriorityScheduled)
	want(state.Orders{GiveWay: true, OfJob: true})

	r.Slices, r.Committed, r.Rows = 30, 12, 400
	must(t, s.Yield(t.Context(), r))
	if err := s.Finish(t.Context(), state.Run{ID: r.ID, State: state.RunFailed, Epoch: r.Epoch}); !errors.Is(err, state.ErrStale) {
		t.Errorf("finished after it was put back: %v", err)
	}
	next, ok, err := s.NextQueued(t.Context(), l.Epoch(), "older", "other")
	if !ok || err != nil || next.ID != scheduled.ID {
		t.Errorf("%s is next (%t, %v), want the scheduled run", next.ID, ok, err)
	}
	must(t, s.Finish(t.Context(), state.Run{ID: next.ID, State: state.RunSucceeded, Epoch: next.Epoch}))
	again, ok, err := s.NextQueued(t.Context(), l.Epoch(), "older", "other")
	if !ok || err != nil || again.ID != r.ID || again.Committed != 12 || again.Slices != 30 || again.Rows != 400 {
		t.Errorf("then comes %+v (%t, %v), want the backfill with what it has done", again, ok, err)
	}
	r = again
	begun, err := s.Begun(t.Context(), "conversions", 10)
	if must(t, err); len(begun) != 2 || begun[0].ID != backfill.ID || begun[1].ID != scheduled.ID {
		t.Errorf("begun %+v, want the backfill, which began last, and the run it gave way to", begun)
	}
	want(state.Orders{}) // what it gave way to already, and was not taken, does not stop it for ever
}

// Cancel withdraws what waits, marks what is at work, and leaves what is over alone.
func TestCancel(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	queued, err := s.Enqueue(t.Context(), state.Run{Job: "a"})
	must(t, err)
	if ok, err := s.Cancel(t.Context(), queued.ID); !ok || err != nil {
		t.Errorf("a request: %t, %v", ok, err)
	}
	if got, _, err := s.Run(t.Context(), queued.ID); err != nil || got.State != state.RunInterrupted || !got.Cancelled {
		t.Errorf("a cancelled request is %+v (%v)", got, err)
	}
	running, err := s.Enqueue(t.Context(), state.Run{Job: "a"})
	must(t, err)
	running, _, err = s.Claim(t.Context(), running.ID, l.Epoch())
	must(t, err)
	if ok, err := s.Cancel(t.Context(), running.ID); !ok || err != nil {
		t.Errorf("at work: %t, %v", ok, err)
	}
	if o, err := s.Orders(t.Context(), running); err != nil || !o.Cancel {
		t.Errorf("orders of a cancelled run: %+v (%v)", o, err)
	}
	running.State = state.RunInterrupted
	must(t, s.Finish(t.Context(), running))
	if ok, err := s.Cancel(t.Context(), running.ID); ok || err != nil {
		t.Errorf("over: %t, %v", ok, err)
	}
}
