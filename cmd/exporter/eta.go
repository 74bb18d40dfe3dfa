package main

import (
	"time"

	"exporter/state"
)

// etaEvery is how often a log says how far a backfill has come.
const etaEvery = time.Minute

// eta foretells when runs will have done all their slices, from how fast they went
// since it first saw them. Its methods must not be called concurrently.
type eta struct {
	now  func() time.Time
	runs map[string]state.Run
	from time.Time // when done was as it was first seen
	done int
	said time.Time
}

func newETA(now func() time.Time) *eta { return &eta{now: now, runs: map[string]state.Run{}} }

// saw takes in how far a run has come.
func (e *eta) saw(r state.Run) {
	e.runs[r.ID] = r
	if e.from.IsZero() {
		e.from, e.done = e.now(), r.Ended()
	}
}

// end returns when all is done if it goes on like this, zero while nobody can tell.
func (e *eta) end() (at time.Time, done, all int) {
	for _, r := range e.runs {
		done, all = done+r.Ended(), all+r.Slices
	}
	passed := e.now().Sub(e.from)
	if did := done - e.done; did > 0 && passed > 0 && done < all {
		at = e.now().Add(time.Duration(float64(passed) / float64(did) * float64(all-done)))
	}
	return at, done, all
}

// due reports whether a log has to be told now.
func (e *eta) due() bool {
	if e.said.IsZero() {
		e.said = e.now()
	}
	if e.now().Sub(e.said) < etaEvery {
		return false
	}
	e.said = e.now()
	return true
}
