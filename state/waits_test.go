package state_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/state"
)

// wait lets a running run leave a slice of a day waiting.
func wait(t *testing.T, s *state.Store, r state.Run, d int, until time.Time, reason string) {
	t.Helper()
	v := state.Slice{Job: r.Job, Start: day(d), End: day(d + 1), State: state.SlicePlanned, Run: r.ID}
	must(t, s.PutSlice(t.Context(), v))
	v.State, v.WaitUntil, v.Error = state.SliceWaiting, until, reason
	must(t, s.PutSlice(t.Context(), v))
}

func TestWaits(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	run := func(r state.Run) state.Run {
		t.Helper()
		_, err := s.Enqueue(t.Context(), r)
		must(t, err)
		r, ok, err := s.NextQueued(t.Context(), l.Epoch())
		must(t, err)
		if !ok {
			t.Fatal("the run did not begin")
		}
		return r
	}
	night := run(state.Run{Job: "night"})
	wait(t, s, night, 1, day(20), "later")
	wait(t, s, night, 2, day(10), "first")
	wait(t, s, night, 3, time.Time{}, "the spool is full")
	wait(t, s, run(state.Run{Job: "night", Force: true}), 4, day(15), "between")
	wait(t, s, run(state.Run{Job: "old", Priority: state.PriorityBackfill}), 1, day(12), "old days")

	for name, tt := range map[string]struct {
		by   time.Time
		want []state.Wait
	}{
		"none has come": {day(10).Add(-time.Microsecond), nil},
		"the first":     {day(10), []state.Wait{{Job: "night", Slices: 1, Until: day(10), Reason: "first", Scheduled: true}}},
		"two jobs": {day(12), []state.Wait{
			{Job: "night", Slices: 1, Until: day(10), Reason: "first", Scheduled: true},
			{Job: "old", Slices: 1, Until: day(12), Reason: "old days"},
		}},
		"all": {time.Time{}, []state.Wait{
			{Job: "night", Slices: 3, Until: day(10), Reason: "first", Scheduled: true, Force: true},
			{Job: "old", Slices: 1, Until: day(12), Reason: "old days"},
		}},
	} {
		got, err := s.Waits(t.Context(), tt.by)
		must(t, err)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestParkedRuns(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	park := func(job string, slices int, until time.Time) {
		t.Helper()
		r := begin(t, s, l, job)
		r.State, r.ExitCode, r.Slices, r.WaitUntil = state.RunParked, 6, slices, until
		must(t, s.Finish(t.Context(), r))
	}
	park("before its slices", 0, day(10))
	park("with slices", 5, day(10))
	park("for room", 0, time.Time{})
	park("asked for again", 0, day(10))
	begin(t, s, l, "asked for again")
	for _, tt := range []struct {
		by   time.Time
		want int
	}{{day(10).Add(-time.Microsecond), 0}, {day(10), 1}, {time.Time{}, 1}} {
		got, err := s.ParkedRuns(t.Context(), tt.by)
		must(t, err)
		if len(got) != tt.want || tt.want > 0 && (got[0].Job != "before its slices" || !got[0].WaitUntil.Equal(day(10))) {
			t.Errorf("until %s: %+v, want %d", tt.by, got, tt.want)
		}
	}
}

// A slice that had waited and was taken up by a run that died waits again; others
// are interrupted.
func TestAZombiesSlicesWaitAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openState(t, path, state.Options{})
	l, err := s.Acquire(t.Context(), "first")
	must(t, err)
	r := begin(t, s, l, "job")
	must(t, s.PutSlice(t.Context(),
		state.Slice{Job: "job", Start: day(1), State: state.SlicePlanned, Run: r.ID, WaitUntil: day(9)},
		state.Slice{Job: "job", Start: day(2), State: state.SlicePlanned, Run: r.ID},
	))
	must(t, l.Release(t.Context()))
	l = acquire(t, s)
	n, err := s.CloseZombies(t.Context(), l.Epoch())
	must(t, err)
	got, err := s.Slices(t.Context(), "job", time.Time{}, time.Time{})
	must(t, err)
	if n != 1 || got[0].State != state.SliceWaiting || !got[0].WaitUntil.Equal(day(9)) || got[1].State != state.SliceInterrupted {
		t.Errorf("%d runs closed, slices %+v", n, got)
	}
}
