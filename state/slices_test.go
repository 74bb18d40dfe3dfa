package state_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/state"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func TestSliceRoundTrip(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	s := fresh(t, state.Options{Now: func() time.Time { return now }})
	r := begin(t, s, acquire(t, s), "job")
	want := state.Slice{
		Job: "job", Part: "kunde \"7\"", Start: day(1), End: day(2), State: state.SlicePlanned, Definition: "abc", Run: r.ID,
		Attempts: 2, Page: 17, Rows: 1 << 40, Announced: -1, Rejected: 3, Provisional: true,
		Class: "throttled", Error: "no quota", Hint: "Wait.", WaitUntil: day(3), Updated: now,
		Sinks: map[string]state.SinkState{
			"warehouse": {State: "committed", Rows: 5, LoadedAt: day(4), CheckedAt: day(5)},
			"lake":      {State: "failed", Error: "bucket is gone"},
		},
	}
	current := state.Slice{Job: "job", Run: r.ID, State: state.SlicePlanned, Updated: now} // no interval, no part
	must(t, s.PutSlice(t.Context(), want, current))
	got, err := s.Slices(t.Context(), "job", time.Time{}, time.Time{})
	must(t, err)
	if diff := cmp.Diff([]state.Slice{current, want}, got); diff != "" {
		t.Errorf("slices (-want +got):\n%s", diff)
	}
}

func TestSlicesOfARange(t *testing.T) {
	s := fresh(t, state.Options{})
	for i := 1; i <= 5; i++ {
		for _, part := range []string{"b", "a"} {
			must(t, s.PutSlice(t.Context(), state.Slice{Job: "job", Part: part, Start: day(i), End: day(i + 1), State: state.SliceCommitted}))
		}
	}
	must(t, s.PutSlice(t.Context(), state.Slice{Job: "other", Start: day(2), State: state.SliceCommitted}))
	tests := map[string]struct {
		from, to time.Time
		want     string
	}{
		"all":     {time.Time{}, time.Time{}, "1a 1b 2a 2b 3a 3b 4a 4b 5a 5b"},
		"bounded": {day(2), day(4), "2a 2b 3a 3b"},
		"from":    {day(5), time.Time{}, "5a 5b"},
		"to":      {time.Time{}, day(2), "1a 1b"},
		"inside":  {day(2).Add(time.Hour), day(3), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := s.Slices(t.Context(), "job", tt.from, tt.to)
			must(t, err)
			var got []string
			for _, v := range list {
				got = append(got, fmt.Sprint(v.Start.Day(), v.Part))
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// paths lead a slice of a run into each state.
var paths = map[string][]string{
	"":             {},
	"planned":      {"planned"},
	"extracting":   {"planned", "extracting"},
	"extracted":    {"planned", "extracting", "extracted"},
	"loading":      {"planned", "extracted", "loading"},
	"waiting":      {"planned", "extracting", "waiting"},
	"committed":    {"planned", "extracting", "extracted", "loading", "committed"},
	"unchanged":    {"planned", "extracting", "extracted", "unchanged"},
	"failed":       {"planned", "extracting", "failed"},
	"check_failed": {"planned", "extracting", "extracted", "check_failed"},
	"interrupted":  {"planned", "interrupted"},
}

// follows is the drawing of the package comment as a table.
var follows = map[string]string{
	"":             "planned",
	"planned":      "planned extracting extracted waiting failed interrupted",
	"extracting":   "extracting extracted waiting check_failed failed interrupted",
	"extracted":    "extracting extracted loading waiting unchanged check_failed failed interrupted",
	"loading":      "extracting loading waiting committed unchanged check_failed failed interrupted",
	"waiting":      "planned extracting waiting failed interrupted",
	"committed":    "planned committed",
	"unchanged":    "planned unchanged",
	"failed":       "planned extracting loading failed",
	"check_failed": "planned check_failed",
	"interrupted":  "planned extracting loading interrupted",
}

func TestTransitions(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	r, other := begin(t, s, l, "job"), begin(t, s, l, "job")
	n := 0
	for from, path := range paths {
		for to := range follows {
			if to == "" {
				continue
			}
			n++
			v := state.Slice{Job: "job", Part: fmt.Sprint(n), Start: day(1), Run: r.ID}
			for _, v.State = range path {
				must(t, s.PutSlice(t.Context(), v))
			}
			v.State = to
			err := s.PutSlice(t.Context(), v)
			if allowed := contains(follows[from], to); allowed != (err == nil) || !allowed && !errors.Is(err, state.ErrTransition) {
				t.Errorf("%q to %q: %v, want allowed: %t", from, to, err, allowed)
			}
			if err != nil && from != "" && !strings.Contains(err.Error(), fmt.Sprintf("from %s to %s", from, to)) {
				t.Errorf("message %q", err)
			}
		}
		// Another run may take over what is at rest, the ledger may correct it.
		rest := contains("waiting committed unchanged failed check_failed interrupted", from)
		for by, v := range map[string]state.Slice{
			"another run": {Run: other.ID, State: state.SlicePlanned},
			"the ledger":  {State: state.SliceCommitted},
		} {
			n++
			v.Job, v.Part, v.Start = "job", fmt.Sprint(n), day(1)
			before := v
			before.Run = r.ID
			for _, before.State = range path {
				must(t, s.PutSlice(t.Context(), before))
			}
			if err := s.PutSlice(t.Context(), v); (err == nil) != (rest || from == "") {
				t.Errorf("%s at a slice %q: %v", by, from, err)
			}
		}
	}
}

func contains(list, word string) bool {
	return strings.Contains(" "+list+" ", " "+word+" ") && word != ""
}

func TestPutSliceRefusals(t *testing.T) {
	s := fresh(t, state.Options{})
	l := acquire(t, s)
	r, other := begin(t, s, l, "job"), begin(t, s, l, "job")
	must(t, s.PutSlice(t.Context(), state.Slice{Job: "job", Start: day(1), Run: r.ID, State: state.SlicePlanned}))
	tests := map[string]struct {
		slice   state.Slice
		is      error
		class   fault.Class
		message string
	}{
		"unknown run": {
			state.Slice{Job: "job", Start: day(1), Run: "x", State: state.SliceExtracting},
			state.ErrStale, fault.Interrupted, `slice job "" 2026-03-01T00:00:00Z of run x: the run is not running`,
		},
		"slice of another run": {
			state.Slice{Job: "job", Start: day(1), Run: other.ID, State: state.SliceExtracting},
			state.ErrTransition, fault.Transient, `slice job "" 2026-03-01T00:00:00Z: run ` + r.ID + ` works on it: no such transition`,
		},
		"new slice already committed": {
			state.Slice{Job: "job", Start: day(2), Run: r.ID, State: state.SliceCommitted},
			state.ErrTransition, fault.Permanent, `slice job "" 2026-03-02T00:00:00Z from nothing to committed: no such transition`,
		},
		"unknown state": {
			state.Slice{Job: "job", Start: day(1), Run: r.ID, State: "done"},
			state.ErrTransition, fault.Permanent, `to state "done": no such transition`,
		},
		"ledger puts into work": {
			state.Slice{Job: "job", Start: day(3), State: state.SliceLoading},
			state.ErrTransition, fault.Permanent, `to state "loading": no such transition`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			good := state.Slice{Job: "job", Start: day(9), Run: r.ID, State: state.SlicePlanned}
			for _, list := range [][]state.Slice{{tt.slice}, {good, tt.slice}} {
				err := s.PutSlice(t.Context(), list...)
				if !errors.Is(err, tt.is) || fault.ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.message) {
					t.Errorf("got %v of class %s, want %q of class %s", err, fault.ClassOf(err), tt.message, tt.class)
				}
			}
			if list, err := s.Slices(t.Context(), "job", day(9), day(10)); len(list) != 0 || err != nil {
				t.Errorf("part of a refused list was stored: %v, %v", list, err)
			}
		})
	}
}

func TestManyWritersOfSlices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	stores := []*state.Store{openState(t, path, state.Options{}), openState(t, path, state.Options{})}
	r := begin(t, stores[0], acquire(t, stores[0]), "job")
	const workers, each = 8, 50
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			s := stores[i%2]
			for n := range each {
				v := state.Slice{Job: "job", Part: fmt.Sprint(i), Start: day(1 + n), End: day(2 + n), Run: r.ID}
				for _, v.State = range paths["committed"] {
					v.Page++
					if err := s.PutSlice(t.Context(), v); err != nil {
						t.Error(err)
					}
				}
				if _, err := s.SliceStates(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := stores[1].SliceStates(t.Context())
	must(t, err)
	if diff := cmp.Diff([]state.SliceCount{{Job: "job", State: "committed", N: workers * each}}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	list, err := stores[0].Slices(t.Context(), "job", time.Time{}, time.Time{})
	must(t, err)
	for _, v := range list {
		if v.Page != int64(len(paths["committed"])) {
			t.Fatalf("slice %+v lost a change", v)
		}
	}
}

func TestDeleteSlices(t *testing.T) {
	s := fresh(t, state.Options{})
	r := begin(t, s, acquire(t, s), "job")
	for i := 1; i <= 4; i++ {
		must(t, s.PutSlice(t.Context(), state.Slice{Job: "job", Start: day(i), State: state.SliceCommitted}))
	}
	must(t, s.PutSlice(t.Context(), state.Slice{Job: "job", Start: day(3), Run: r.ID, State: state.SlicePlanned}))
	n, err := s.DeleteSlices(t.Context(), "job", day(2), day(4))
	if n != 1 || err != nil {
		t.Errorf("forgot %d, %v; want 1: one is in work", n, err)
	}
	got, err := s.SliceStates(t.Context())
	must(t, err)
	want := []state.SliceCount{{Job: "job", State: "committed", N: 2}, {Job: "job", State: "planned", N: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
