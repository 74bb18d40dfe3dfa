package lake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sinks"
)

// holdsFresh checks that the objects of the slice are there under its new name, and
// nothing else.
func (p place) holdsFresh(t *testing.T, when string, parts int) {
	t.Helper()
	want := []string{
		"facts/_schema.json", "facts/dt=2026-03-01/_manifest-fresh-north-0000.json", "facts_1/_schema.json",
		"facts_1/dt=2026-03-01/fresh-north-0000-0.parquet",
	}
	for i := range parts {
		want = append(want, fmt.Sprintf("facts/dt=2026-03-01/fresh-north-0000-%d.parquet", i))
	}
	got, err := p.names()
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(name string) bool {
		return strings.HasPrefix(name, "_restatements/") || strings.HasPrefix(name, "_renames/")
	})
	sameNames(t, when, want, got)
}

// TestRenameStops: a rename that stops anywhere is finished by the next, and in
// between each slice belongs to one job.
func TestRenameStops(t *testing.T) {
	t.Parallel()
	broken := fault.New(fault.Transient, "the store does not answer")
	owned := func(p place) (n int) {
		for _, job := range []string{"fresh", "facts"} {
			list, err := p.open().Committed(t.Context(), job, day, day.AddDate(0, 0, 1))
			if err != nil {
				t.Fatal(err)
			}
			n += len(list)
		}
		return n
	}
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stops := 0
			for came := true; came; stops++ {
				p, at := newPlace(), ""
				if err := loadTwo(t.Context(), p.open(), "new", 2); err != nil {
					t.Fatal(err)
				}
				s := p.open()
				stopBefore(s, stops+1, func(step string) error { at = step; return broken })
				err := s.(sinks.Renamer).Rename(t.Context(), []string{"facts"}, "fresh")
				if came = at != ""; came && err != nil && fault.ClassOf(err) != fault.Transient {
					t.Errorf("%s failed: %v (%s)", at, err, fault.ClassOf(err))
				}
				if n := owned(p); n != 1 {
					t.Errorf("%s failed: %d jobs have the slice", at, n)
				}
				for range 2 {
					if err := p.open().(sinks.Renamer).Rename(t.Context(), []string{"facts"}, "fresh"); err != nil {
						t.Fatalf("%s failed, and then: %v", at, err)
					}
				}
				p.holdsFresh(t, "after "+at+" failed", 2)
				if got := p.sees(t); got != "new" {
					t.Errorf("after %s failed readers see %q", at, got)
				}
			}
			if stops < 8 {
				t.Errorf("a rename has %d steps, want more", stops)
			}
		})
	}
}
