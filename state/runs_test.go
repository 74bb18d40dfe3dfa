package state_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/state"
)

func fresh(t testing.TB, o state.Options) *state.Store {
	return openState(t, filepath.Join(t.TempDir(), "state.db"), o)
}

func TestLifeOfARun(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.FixedZone("x", 3600))
	s := fresh(t, state.Options{Now: func() time.Time { return now }})
	l := acquire(t, s)
	at := now.UTC().Truncate(time.Microsecond)

	want := state.Run{
		Job: "conversions", Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill, Force: true, Only: state.OnlyWaiting,
		Parallel: 3, Since: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Note: "of a test",
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	r, err := s.Enqueue(t.Context(), want)
	must(t, err)
	want.ID, want.State, want.Requested = r.ID, state.RunQueued, at
	check := func(step string) {
		t.Helper()
		got, ok, err := s.Run(t.Context(), r.ID)
		if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
			t.Fatalf("%s: %t, %v, stored run (-want +got):\n%s", step, ok, err, diff)
		}
	}
	check("enqueued")
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("Enqueue returned (-want +got):\n%s", diff)
	}

	r, ok, err := s.NextQueued(t.Context(), l.Epoch())
	must(t, err)
	want.State, want.Started, want.Epoch = state.RunRunning, at, l.Epoch()
	check("started")
	begun := want
	begun.Behind = 1
	if diff := cmp.Diff(begun, r); diff != "" || !ok {
		t.Errorf("NextQueued returned %t (-want +got):\n%s", ok, diff)
	}
	if _, ok, err := s.NextQueued(t.Context(), l.Epoch()); ok || err != nil {
		t.Fatalf("the same run again: %t, %v", ok, err)
	}

	r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, r.Rows, r.Calls = 31, 20, 5, 1, 5, 1<<40, 77
	r.WaitUntil = at.Add(time.Hour)
	must(t, s.Progress(t.Context(), r))
	want.Slices, want.Committed, want.Unchanged, want.Failed, want.Waiting, want.Rows, want.Calls = 31, 20, 5, 1, 5, 1<<40, 77
	want.WaitUntil = r.WaitUntil
	check("in progress")

	r.WaitUntil = at.Add(2 * time.Hour)
	want.WaitUntil = r.WaitUntil
	r.State, r.ExitCode, r.Error, r.Hint, r.Class = state.RunPartial, 4, "1 slice failed", "Retry it.", string(fault.Data)
	must(t, s.Finish(t.Context(), r))
	want.State, want.ExitCode, want.Error, want.Hint, want.Class, want.Finished = r.State, 4, r.Error, r.Hint, r.Class, at
	check("finished")
	for name, err := range map[string]error{
		"finish twice":         s.Finish(t.Context(), r),
		"progress of the past": s.Progress(t.Context(), r),
	} {
		if !errors.Is(err, state.ErrStale) || fault.ClassOf(err) != fault.Interrupted {
			t.Errorf("%s: %v, want ErrStale", name, err)
		}
	}
	check("finished twice")
}

func TestFinishNeedsAnEnd(t *testing.T) {
	s := fresh(t, state.Options{})
	r := begin(t, s, acquire(t, s), "job")
	if err := s.Finish(t.Context(), r); err == nil {
		t.Error("a running run was finished as running")
	}
	r.State = "done"
	if err := s.Finish(t.Context(), r); err == nil {
		t.Error("an unknown state was stored")
	}
}

func TestOrderOfRuns(t *testing.T) {
	s := fresh(t, state.Options{Now: ticking(-time.Hour)}) // a clock that runs backwards must not change the order
	l := acquire(t, s)
	for _, r := range []state.Run{
		{Job: "b1", Priority: state.PriorityBackfill},
		{Job: "s1"},
		{Job: "b2", Priority: state.PriorityBackfill},
		{Job: "s2"},
		{Job: "s1", Trigger: "second"},
	} {
		_, err := s.Enqueue(t.Context(), r)
		must(t, err)
	}
	take := func(busy ...string) string {
		t.Helper()
		r, ok, err := s.NextQueued(t.Context(), l.Epoch(), busy...)
		must(t, err)
		if !ok {
			return ""
		}
		return r.Job
	}
	got := []string{take(), take("s1"), take("s1"), take("s1", "b2"), take(), take(), take()}
	if want := []string{"s1", "s2", "b1", "", "s1", "b2", ""}; !slices.Equal(got, want) {
		t.Errorf("runs started: %q, want %q", got, want)
	}

	jobs := func(runs []state.Run, err error) (list []string) {
		t.Helper()
		must(t, err)
		for _, r := range runs {
			list = append(list, r.Job)
		}
		return list
	}
	for name, tt := range map[string]struct{ got, want []string }{
		"all":    {jobs(s.Runs(t.Context(), "", 100)), []string{"s1", "s2", "b2", "s1", "b1"}},
		"limit":  {jobs(s.Runs(t.Context(), "", 2)), []string{"s1", "s2"}},
		"of job": {jobs(s.Runs(t.Context(), "s1", 100)), []string{"s1", "s1"}},
		"open":   {jobs(s.OpenRuns(t.Context())), []string{"b1", "s1", "b2", "s2", "s1"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestEveryRunIsTakenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	a := openState(t, path, state.Options{})
	b := openState(t, path, state.Options{}) // as another process would: other connections
	l := acquire(t, a)
	const runs, workers = 60, 8
	var want []string
	for range runs {
		r, err := a.Enqueue(t.Context(), state.Run{Job: "job"})
		must(t, err)
		want = append(want, r.ID)
	}
	var mu sync.Mutex
	var got []string
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for {
				r, ok, err := []*state.Store{a, b}[i%2].NextQueued(t.Context(), l.Epoch())
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
				mu.Lock()
				got = append(got, r.ID)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs taken (-want +got):\n%s", diff)
	}
}

func TestIDsSortByTime(t *testing.T) {
	s := fresh(t, state.Options{Now: ticking(time.Millisecond)})
	var ids []string
	for range 100 {
		r, err := s.Enqueue(t.Context(), state.Run{Job: "job"})
		must(t, err)
		ids = append(ids, r.ID)
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 100 || len(ids[0]) != 26 {
		t.Errorf("ids %q", ids)
	}
}

func TestWithdraw(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	r, err := s.Enqueue(t.Context(), state.Run{Job: "job"})
	must(t, err)
	if ok, err := s.Withdraw(t.Context(), r.ID); !ok || err != nil {
		t.Fatalf("queued run: %t, %v", ok, err)
	}
	if r, _, err := s.Run(t.Context(), r.ID); r.State != state.RunInterrupted || !r.Done() || err != nil {
		t.Errorf("state %q, %v", r.State, err)
	}
	if ok, err := s.Withdraw(t.Context(), begin(t, s, l, "job").ID); ok || err != nil {
		t.Errorf("running run: %t, %v; want false", ok, err)
	}
	if _, ok, err := s.Run(t.Context(), "nobody"); ok || err != nil {
		t.Errorf("unknown run: %t, %v", ok, err)
	}
}

// succeed makes a second executor take over from the first.
func succeed(t *testing.T, s *state.Store, l *state.Lease) *state.Lease {
	t.Helper()
	must(t, l.Release(context.Background()))
	return acquire(t, s)
}

func TestZombiesAreClosed(t *testing.T) {
	s := fresh(t, state.Options{})
	old := acquire(t, s)
	zombie := begin(t, s, old, "job")
	done := begin(t, s, old, "done")
	done.State = state.RunSucceeded
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	for i, states := range [][]string{
		{"planned"},
		{"planned", "extracting"},
		{"planned", "extracting", "extracted", "loading"},
		{"planned", "extracting", "waiting"},
		{"planned", "extracting", "extracted", "loading", "committed"},
	} {
		for _, state1 := range states {
			must(t, s.PutSlice(t.Context(), state.Slice{Job: "job", Start: day(i + 1), End: day(i + 2), Run: zombie.ID, State: state1}))
		}
	}
	must(t, s.Finish(t.Context(), done))
	queued, err := s.Enqueue(t.Context(), state.Run{Job: "job"})
	must(t, err)

	l := succeed(t, s, old)
	for name, err := range map[string]error{
		"finish":   s.Finish(t.Context(), state.Run{ID: zombie.ID, Epoch: zombie.Epoch, State: state.RunSucceeded}),
		"progress": s.Progress(t.Context(), zombie),
		"slice": s.PutSlice(t.Context(), state.Slice{
			Job: "job", Start: day(3), End: day(4), Run: zombie.ID, State: state.SliceCommitted,
		}),
	} {
		if !errors.Is(err, state.ErrStale) {
			t.Errorf("%s by the replaced executor: %v, want ErrStale", name, err)
		}
	}
	if _, err := s.CloseZombies(t.Context(), old.Epoch()); !errors.Is(err, state.ErrLost) {
		t.Errorf("the replaced executor closes runs: %v, want ErrLost", err)
	}
	n, err := s.CloseZombies(t.Context(), l.Epoch())
	if n != 1 || err != nil {
		t.Fatalf("closed %d, %v; want 1", n, err)
	}
	got := map[string]string{}
	for _, id := range []string{zombie.ID, done.ID, queued.ID} {
		r, _, err := s.Run(t.Context(), id)
		must(t, err)
		got[id] = r.State
		if id == zombie.ID && (r.Error == "" || r.Hint == "" || r.Finished.IsZero() || r.Class != string(fault.Interrupted) || r.ExitCode != 130) {
			t.Errorf("zombie: %+v", r)
		}
	}
	want := map[string]string{zombie.ID: state.RunInterrupted, done.ID: state.RunSucceeded, queued.ID: state.RunQueued}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	list, err := s.Slices(t.Context(), "job", time.Time{}, time.Time{})
	must(t, err)
	var states []string
	for _, v := range list {
		states = append(states, v.State)
	}
	if want := []string{"interrupted", "interrupted", "interrupted", "waiting", "committed"}; !slices.Equal(states, want) {
		t.Errorf("slices %q, want %q", states, want)
	}
	if n, err := s.CloseZombies(t.Context(), l.Epoch()); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestFirings(t *testing.T) {
	s := fresh(t, state.Options{})
	if at, ok, err := s.LastFiring(t.Context(), "job"); ok || err != nil || !at.IsZero() {
		t.Fatalf("unknown job: %v, %t, %v", at, ok, err)
	}
	must(t, s.SetPaused(t.Context(), "job", true))
	if at, ok, err := s.LastFiring(t.Context(), "job"); ok || err != nil {
		t.Fatalf("paused job that never fired: %v, %t, %v", at, ok, err)
	}
	for _, want := range []time.Time{time.Date(2026, 3, 1, 3, 30, 0, 0, time.UTC), time.Date(2026, 3, 2, 3, 30, 0, 0, time.UTC)} {
		must(t, s.SetFiring(t.Context(), "job", want))
		if at, ok, err := s.LastFiring(t.Context(), "job"); !ok || err != nil || !at.Equal(want) {
			t.Errorf("firing %v, %t, %v; want %v", at, ok, err, want)
		}
	}
	must(t, s.SetPaused(t.Context(), "another", true))
	if got, err := s.Paused(t.Context()); err != nil || !slices.Equal(got, []string{"another", "job"}) {
		t.Errorf("paused %q, %v", got, err)
	}
	must(t, s.SetPaused(t.Context(), "job", false))
	if got, err := s.Paused(t.Context()); err != nil || !slices.Equal(got, []string{"another"}) {
		t.Errorf("paused %q, %v", got, err)
	}
}

func TestClaim(t *testing.T) {
	s := fresh(t, state.Options{})
	old := acquire(t, s)
	first, err := s.Enqueue(t.Context(), state.Run{Job: "first"})
	must(t, err)
	mine, err := s.Enqueue(t.Context(), state.Run{Job: "mine"})
	must(t, err)
	l := succeed(t, s, old)
	if _, _, err := s.Claim(t.Context(), mine.ID, old.Epoch()); !errors.Is(err, state.ErrLost) {
		t.Errorf("claim under an old lease: %v, want ErrLost", err)
	}
	if r, ok, err := s.Claim(t.Context(), mine.ID, l.Epoch()); !ok || err != nil || r.Job != "mine" || r.State != state.RunRunning || r.Epoch != l.Epoch() {
		t.Fatalf("claim: %+v, %t, %v", r, ok, err)
	}
	if r, ok, err := s.Claim(t.Context(), mine.ID, l.Epoch()); ok || err != nil || r.State != state.RunRunning {
		t.Errorf("claim twice: %+v, %t, %v", r, ok, err)
	}
	if r, _, err := s.Run(t.Context(), first.ID); r.State != state.RunQueued || err != nil {
		t.Errorf("the run before it: %+v, %v", r, err)
	}
}
