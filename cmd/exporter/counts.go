package main

import (
	"strings"
	"time"

	"exporter/state"
)

// sliceCounts tells how the slices of a run ended, and until when some wait:
// "2 committed, 1 waiting until 2026-11-22 18:00:00 CET". Of a purge it tells how many
// were removed.
func sliceCounts(r state.Run, zone *time.Location) string {
	if r.Trigger == state.TriggerPurge && r.State == state.RunSucceeded && r.Slices > 0 {
		return number(r.Slices) + " removed"
	}
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
	switch until := clock(r.WaitUntil, zone); {
	case until == "":
	case r.Waiting == 0: // before it had planned a slice
		parts = append(parts, "waiting until "+until)
	default:
		parts[len(parts)-1] += " until " + until
	}
	if left := r.Slices - done; left > 0 {
		parts = append(parts, number(left)+" to do")
	}
	return strings.Join(parts, ", ")
}
