package main

import (
	"strings"

	"exporter/state"
)

// sliceCounts tells how the slices of a run ended: "2 committed, 1 failed".
func sliceCounts(r state.Run) string {
	var parts []string
	done := 0
	for _, c := range []struct {
		n    int
		word string
	}{{r.Committed, "committed"}, {r.Unchanged, "unchanged"}, {r.Failed, "failed"}, {r.Waiting, "waiting"}} {
		done += c.n
		if c.n > 0 {
			parts = append(parts, number(c.n)+" "+c.word)
		}
	}
	if left := r.Slices - done; left > 0 {
		parts = append(parts, number(left)+" to do")
	}
	return strings.Join(parts, ", ")
}
