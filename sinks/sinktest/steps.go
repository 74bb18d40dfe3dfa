package sinktest

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"exporter/sinks"
)

// Trap is a target at which a process does not live to take a certain step.
type Trap struct {
	// Target is what the function given to [Child] opens in that process.
	Target string
	// Arm is called with the process once it runs; nil if it kills itself.
	Arm func(p *os.Process)
	// Gone is called when the process has ended, and waits until what it had begun at
	// the target has ended too; nil if that is so at once.
	Gone func()
}

// stride leaves steps out: every step is a process, and they are many.
func stride() int {
	switch {
	case testing.Short():
		return 7
	case underRace:
		return 3
	}
	return 1
}

// firstStep is 1 or, where steps are left out, another in each mode, so that all of them
// have their turn in one or another.
func (r *rule) firstStep() int {
	modes := []sinks.Mode{sinks.Replace, sinks.Merge, sinks.Snapshot, sinks.Append}
	return 1 + slices.Index(modes, r.mode)%stride()
}

// Tasks of killedAnywhere: stepsTask loads all of a slice, to be killed anywhere, and
// stepsHalf does not commit.
const (
	stepsTask = "steps"
	stepsHalf = "steps, half of them"
)

// stepsOld is what the n-th slice of killedAnywhere has at first, stepsNew what is
// loaded when a process is killed.
func (r *rule) stepsOld(n int) (one, two content) {
	return r.pair(someFrom(100*n, 5, "old"), someFrom(100*n, 2, "old item"))
}

func (r *rule) stepsNew(n int) (one, two content) {
	return r.pair(someFrom(100*n+2, 6, "new"), someFrom(100*n+1, 3, "new item"))
}

// loadSteps does these tasks.
func (r *rule) loadSteps(ctx context.Context, sink sinks.Sink, n int, commit bool) error {
	one, two := r.stepsNew(n)
	w, err := sink.Begin(ctx, r.loadOf(r.slice(n), one, two))
	if err == nil {
		err = write(ctx, w, one, two)
	}
	if err == nil && commit {
		_, err = w.Commit(ctx)
	}
	return err
}

// after is what rows of one table are when others were loaded into their slice.
func (r *rule) after(old, fresh [][]string) [][]string {
	if r.mode != sinks.Merge && r.mode != sinks.Snapshot || r.h.Whole {
		return fresh
	}
	left := slices.DeleteFunc(slices.Clone(old), func(o []string) bool {
		return slices.ContainsFunc(fresh, func(f []string) bool { return f[0] == o[0] })
	})
	return append(left, fresh...)
}

// killedAnywhere kills a process before the first step of its load, before the second,
// and so on until it lives to its end. Each time both tables and the ledger agree on
// the old load or on the new one, and one more load makes the rows those of the truth.
// Every step has a slice of its own, so that what is done to one is seen in all others.
func killedAnywhere(r *rule) {
	var done [2][][]string
	committed, steps := 0, 0
	for n, ended := r.firstStep(), false; !ended; n += stride() {
		var old, fresh [2]content
		old[0], old[1] = r.stepsOld(n)
		fresh[0], fresh[1] = r.stepsNew(n)
		if r.mode == sinks.Append {
			old[0].want, old[1].want = nil, nil
		} else {
			r.load(r.slice(n), old[0], old[1])
		}
		trap := r.h.Trap(r, n)
		ended = r.killAt(trap, task{Target: trap.Target, Name: r.name, Stop: stepsTask, Mode: r.mode, Slice: n})
		var truth [2][][]string
		for i := range truth {
			truth[i] = slices.Concat(done[i], r.after(old[i].want, fresh[i].want))
		}
		sees := [2][][]string{slices.Concat(done[0], old[0].want), slices.Concat(done[1], old[1].want)}
		written := int64(len(old[0].want) + len(old[1].want))
		if r.loaded(n) == int64(len(fresh[0].want)+len(fresh[1].want)) {
			sees, written = truth, 9
			committed++
		}
		if got := r.loaded(n); got != written {
			r.Fatalf("killed before step %d the ledger says %d rows, want %d", n, got, written)
		}
		for i, table := range []string{"_a", "_b"} {
			r.expect(r.name+table, shape, sees[i])
		}
		if written != 9 || r.mode != sinks.Append {
			r.load(r.slice(n), fresh[0], fresh[1])
		}
		for i, table := range []string{"_a", "_b"} {
			r.expect(r.name+table, shape, truth[i])
		}
		done, steps = truth, n
	}
	if committed == 0 || steps < 10 {
		r.Errorf("%d steps, of which %d are after the commit: that is not all of a load", steps, committed)
	}
	r.Logf("killed before each of %d steps", steps)
}

// loaded returns how many rows the ledger has of the n-th slice, 0 without one.
func (r *rule) loaded(n int) int64 {
	r.Helper()
	for _, c := range r.committed(time.Time{}, time.Time{}) {
		if c.Slice == r.slice(n) {
			return c.Written
		}
	}
	return 0
}
