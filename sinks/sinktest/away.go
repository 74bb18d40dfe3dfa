package sinktest

import (
	"strings"

	"exporter/fault"
)

// goesAway breaks the target between Write and Commit.
func goesAway(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	c := r.content(some(5000, strings.Repeat("new", 20)))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(w, c)
	r.h.Break(r)
	_, err := w.Commit(r.Context())
	r.transient("commit", err)
	if err := w.Abort(r.Context()); err != nil {
		r.Errorf("abort of a broken load: %v", err)
	}
	r.h.Restore(r)
	r.expect(r.name, shape, some(4, "old"))
	r.load(r.slice(0), c)
	r.expect(r.name, shape, c.want)
}

// isAway begins while nobody answers.
func isAway(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	r.h.Break(r)
	_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(0), r.content(some(2, "new"))))
	r.transient("begin", err)
	if fault.HintOf(err) == "" {
		r.Errorf("begin gives no hint: %v", err)
	}
	r.transient("check", r.sink.Check(r.Context()))
	r.h.Restore(r)
	r.load(r.slice(0), r.content(some(4, "new")))
	r.expect(r.name, shape, some(4, "new"))
}

func (r *rule) transient(what string, err error) {
	r.Helper()
	if fault.ClassOf(err) != fault.Transient {
		r.Errorf("%s on a target that is away: %v (class %q), want an error of class transient", what, err, fault.ClassOf(err))
	}
}
