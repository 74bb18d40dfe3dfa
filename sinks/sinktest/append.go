package sinktest

import (
	"time"

	"exporter/fault"
)

// appendOnce: a committed slice is refused, and nothing of that is left.
func appendOnce(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	before := r.committed(time.Time{}, time.Time{})
	for _, again := range []content{r.content(some(4, "old")), r.content(some(2, "new"))} {
		_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(0), again))
		r.refusedLoad(err)
	}
	r.expect(r.name, shape, some(4, "old"))
	if after := r.committed(time.Time{}, time.Time{}); len(after) != 1 || !after[0].LoadedAt.Equal(before[0].LoadedAt) {
		r.Errorf("ledger has %+v, want %+v", after, before)
	}
	empty := r.begin(r.sink, r.loadOf(r.slice(1), r.content(nil)))
	r.commit(empty)
	_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(1), r.content(some(1, "late"))))
	r.refusedLoad(err)
}

// appendAfterFailures: loads that did not commit leave nothing to be added to.
func appendAfterFailures(r *rule) {
	c := r.content(some(3000, "new"))
	written := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(written, c)
	r.abort(written)
	half := r.begin(r.sink, r.loadOf(r.slice(0), c))
	if err := half.Write(r.Context(), c.batches[0]); err != nil {
		r.Fatal(err)
	}
	if _, err := half.Commit(r.Context()); fault.ClassOf(err) != fault.Data {
		r.Errorf("commit of half a slice: %v, want an error of class data", err)
	}
	r.abort(half)
	r.expect(r.name, shape)

	early := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.load(r.slice(0), c)
	err := write(r.Context(), early, c)
	if err == nil {
		_, err = early.Commit(r.Context())
	}
	r.refused(early, err)
	r.expect(r.name, shape, c.want)
}

// appendAddsUp: the same rows may come with several slices.
func appendAddsUp(r *rule) {
	north, south := r.slice(0), r.slice(0)
	south.Part = "south"
	r.load(north, r.content(some(3, "a")))
	r.load(south, r.content(some(3, "a")))
	r.load(r.slice(1), r.content(some(2, "b")))
	one, two := r.pair(some(2, "x"), some(3, "y"))
	r.load(r.slice(2), one, two)
	r.expect(r.name, shape, some(3, "a"), some(3, "a"), some(2, "b"))
	r.expect(r.name+"_a", shape, one.want)
	r.expect(r.name+"_b", shape, two.want)
}
