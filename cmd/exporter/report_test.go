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
	for day, id := range []string{"06h08ctasfd0v4ja4bcfcbzd9g", "06h08ctaj4gwfk02gm3zvbgwnc"} { // only what is each slice's own differs
		all = append(all, fmt.Errorf("job b, slice 2026-05-0%d: %w", day+1, fmt.Errorf("page %d: 500 of the day 2026-05-0%d (GET a/b, attempt %d, request id %s)", day+1, day+1, day+2, id)))
	}
	all = append(all, fmt.Errorf("job b, slice 2026-05-03: %w", errors.New("page 1: 404 of the day")))
	all = append(all, fmt.Errorf("job a, slice 2026-06-01: %w", errors.New("nonsense")), errors.New("the run timed out"))
	var got []string
	for _, e := range alike(all) {
		got = append(got, fmt.Sprintf("%v (%s, %s)", e, fault.ClassOf(e), fault.HintOf(e)))
	}
	want := []string{
		"job a, slice 2026-05-30 and 29 others: page 1: the vendor is down (transient, Wait.)",
		"job b, slice 2026-05-02 and 1 other: page 2: 500 of the day 2026-05-02 (GET a/b, attempt 3, request id 06h08ctaj4gwfk02gm3zvbgwnc) (permanent, )",
		"job b, slice 2026-05-03: page 1: 404 of the day (permanent, )",
		"job a, slice 2026-06-01: nonsense (permanent, )",
		"the run timed out (permanent, )",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
