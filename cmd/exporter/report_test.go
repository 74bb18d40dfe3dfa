package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
)

func TestEqualFailuresAreOneLine(t *testing.T) {
	down := fault.New(fault.Transient, "page 1: the vendor is down").WithHint("Wait.")
	var all []error
	for day := range 30 {
		all = append(all, fmt.Errorf("job a, slice 2026-05-%02d: %w", day+1, down))
	}
	all = append(all, fmt.Errorf("job a, slice 2026-06-01: %w", errors.New("nonsense")), errors.New("the run timed out"))
	var got []string
	for _, e := range alike(all) {
		got = append(got, fmt.Sprintf("%v (%s, %s)", e, fault.ClassOf(e), fault.HintOf(e)))
	}
	want := []string{
		"job a, slice 2026-05-30 and 29 others: page 1: the vendor is down (transient, Wait.)",
		"job a, slice 2026-06-01: nonsense (permanent, )",
		"the run timed out (permanent, )",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
