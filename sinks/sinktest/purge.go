package sinktest

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// purger is the rule's sink; all of ours can.
func (r *rule) purger() sinks.Purger {
	r.Helper()
	p, ok := r.sink.(sinks.Purger)
	if !ok {
		r.Fatal("the sink does not purge")
	}
	return p
}

func (r *rule) purge(p sinks.Purge, want sinks.Purged) {
	r.Helper()
	p.Run, p.Trigger, p.Started = "run-"+rand.Text(), "purge", day
	got, err := r.purger().Purge(r.Context(), p)
	if err != nil {
		r.Fatalf("purge: %v (%s)", err, fault.HintOf(err))
	}
	got.Objects = 0
	if got != want {
		r.Errorf("purged %+v, want %+v", got, want)
	}
}

// affected compares the tables that have rows of the rule's job.
func (r *rule) affected(want ...string) {
	r.Helper()
	got, err := r.purger().Affected(r.Context(), sinks.Purge{Job: r.name})
	if err != nil || !slices.Equal(got, want) {
		r.Errorf("rows are in %q (%v), want %q", got, err, want)
	}
}

// purged: slices go with their rows and rejects; those of other intervals and jobs in
// the same table stay. What was purged is as if it had never been loaded.
func purged(r *rule) {
	zero, one, other := r.slice(0), r.slice(1), r.slice(2)
	other.Job += "_other"
	bad := r.content(append(some(4, "old"), []string{"x", "not a number", "1"}))
	r.load(zero, bad)
	r.load(one, r.content(someFrom(100, 3, "next")))
	r.load(other, r.content(someFrom(200, 2, "other")))
	all := sinks.Purge{Job: r.name}
	if r.mode == sinks.Snapshot {
		r.purge(sinks.Purge{Job: r.name, From: day}, sinks.Purged{}) // they have no interval
		r.purge(all, sinks.Purged{Slices: 2, Rows: 7, Rejects: 1})
		r.expect(r.name, shape, someFrom(200, 2, "other"))
	} else {
		r.purge(sinks.Purge{Job: r.name, From: day, To: day.AddDate(0, 0, 1)}, sinks.Purged{Slices: 1, Rows: 4, Rejects: 1})
		r.expect(r.name, shape, someFrom(100, 3, "next"), someFrom(200, 2, "other"))
		if left := r.committed(time.Time{}, time.Time{}); len(left) != 1 || !left[0].Slice.Start.Equal(one.Start) {
			r.Errorf("ledger has %+v, want the second slice", left)
		}
		r.purge(all, sinks.Purged{Slices: 1, Rows: 3})
		r.expect(r.name, shape, someFrom(200, 2, "other"))
	}
	if left := r.committed(time.Time{}, time.Time{}); len(left) != 0 {
		r.Errorf("ledger has %+v, want nothing", left)
	}
	rejectColumns := shape.Rejects().Columns
	if left := r.h.Rows(r, r.name+sinks.RejectsSuffix, rejectColumns); len(left) != 0 {
		r.Errorf("%d rejects are left", len(left))
	}
	r.purge(all, sinks.Purged{})
	r.load(zero, r.content(some(5, "again")))
	r.expect(r.name, shape, some(5, "again"), someFrom(200, 2, "other"))
	found, err := r.sink.Committed(r.Context(), other.Job, time.Time{}, time.Time{})
	if err != nil || len(found) != 1 {
		r.Errorf("the other job has %+v (%v), want its slice", found, err)
	}
}

// purgedLeftOut: rows in a table that the slice was loaded with once, and is no longer,
// go too; a Merge and a Snapshot by key leave them there.
func purgedLeftOut(r *rule) {
	one, two := r.pair(some(3, "a"), append(some(2, "item"), []string{"x", "not a number", "1"}))
	r.load(r.slice(0), one, two)
	other := r.slice(1)
	other.Job += "_other"
	beside := rows(r.name+"_b", shape, 0, someFrom(50, 2, "other"))
	r.load(other, beside)
	r.load(r.slice(0), one)
	kept, tables := sinks.Purged{Slices: 1, Rows: 3}, []string{r.name + "_a"}
	if r.mode == sinks.Merge || r.mode == sinks.Snapshot && !r.h.Whole {
		kept.Rows, kept.Rejects = kept.Rows+2, int64(len(r.h.Rows(r, r.name+"_b"+sinks.RejectsSuffix, shape.Rejects().Columns)))
		tables = append(tables, r.name+"_b")
	}
	r.affected(tables...)
	r.purge(sinks.Purge{Job: r.name}, kept)
	r.affected()
	r.expect(r.name+"_a", shape)
	r.expect(r.name+"_b", shape, beside.want)
	if left := r.h.Rows(r, r.name+"_b"+sinks.RejectsSuffix, shape.Rejects().Columns); len(left) != 0 {
		r.Errorf("%d rejects are left", len(left))
	}
}

// purgedUnknown: a job that never loaded anything.
func purgedUnknown(r *rule) { r.purge(sinks.Purge{Job: r.name}, sinks.Purged{}) }

// purgedUnderALoad: of a load that has begun before nothing is left, whichever of the
// two comes first.
func purgedUnderALoad(r *rule) {
	c := r.content(some(500, "new"))
	begun := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.purge(sinks.Purge{Job: r.name}, sinks.Purged{Slices: 1})
	err := write(r.Context(), begun, c)
	if err == nil {
		_, err = begun.Commit(r.Context())
	}
	r.refused(begun, err)
	r.expect(r.name, shape)

	for range 5 {
		w := r.begin(r.sink, r.loadOf(r.slice(0), c))
		r.write(w, c)
		done := make(chan error, 1)
		go func() {
			_, err := r.purger().Purge(r.Context(), sinks.Purge{Job: r.name, Run: "run-" + rand.Text(), Trigger: "purge", Started: day})
			done <- err
		}()
		_, commit := w.Commit(r.Context())
		if err := <-done; err != nil {
			r.Fatalf("purge beside a commit (%v): %v", commit, err)
		}
		r.abort(w)
		if left := r.committed(time.Time{}, time.Time{}); len(left) != 0 {
			// The purge found nothing committed yet, and the load was fenced before: it
			// must have failed.
			r.Fatalf("commit: %v; ledger has %+v, want nothing", commit, left)
		}
		r.expect(r.name, shape)
	}
}

// purgedSwallowed: a trigger of somebody's that keeps a row keeps the slice in the ledger
// too, until it is gone.
func purgedSwallowed(r *rule) {
	r.load(r.slice(0), r.content(some(5, "old"))) // 0 to 4
	remove := r.h.Swallow(r, r.name, "DELETE", "0")
	got, err := r.purger().Purge(r.Context(), sinks.Purge{Job: r.name, Run: "run-" + rand.Text(), Trigger: "purge", Started: day})
	if fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "1 of 5 rows of table "+r.name) {
		r.Errorf("purge of a row that a trigger keeps: %v (%s), want class data, how many are left where, and a hint", err, fault.HintOf(err))
	}
	if got != (sinks.Purged{}) {
		r.Errorf("a purge that failed removed %+v", got)
	}
	r.expect(r.name, shape, some(5, "old"))
	if left := r.committed(time.Time{}, time.Time{}); len(left) != 1 {
		r.Errorf("ledger has %+v, want the slice", left)
	}
	remove()
	r.purge(sinks.Purge{Job: r.name}, sinks.Purged{Slices: 1, Rows: 5})
	r.expect(r.name, shape)
}

// purgedRun: the ledger says that there was a purge, and when.
func purgedRun(r *rule) {
	r.load(r.slice(0), r.content(some(2, "a")))
	r.purge(sinks.Purge{Job: r.name}, sinks.Purged{Slices: 1, Rows: 2})
	columns := []record.Column{{Name: "job", Type: record.Text}, {Name: "trigger", Type: record.Text}, {Name: "state", Type: record.Text}}
	found := false
	for _, row := range r.h.Ledger(r, "runs", columns) {
		found = found || row[0] == r.name && row[1] == "purge"
	}
	if !found {
		r.Error("the history of runs has no purge")
	}
}
