package sinktest

import (
	"exporter/fault"
	"exporter/sinks"
)

// laterWins: both writers have begun before either writes.
func laterWins(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	other := r.open()
	early, late := r.content(some(5, "early")), r.content(some(6, "late"))
	w1 := r.begin(r.sink, r.loadOf(r.slice(0), early))
	w2 := r.begin(other, r.loadOf(r.slice(0), late))
	err := write(r.Context(), w1, early)
	if err == nil {
		_, err = w1.Commit(r.Context())
	}
	r.refused(w1, err)
	r.expect(r.name, shape, some(4, "old"))
	r.write(w2, late)
	r.commit(w2)
	r.expect(r.name, shape, late.want)
}

// laterWinsLate: the early writer has written all its rows when the later begins,
// and commits after the later one has, or tries to.
func laterWinsLate(r *rule) {
	other := r.open()
	early, late := r.content(some(5, "early")), r.content(some(6, "late"))
	w1 := r.begin(r.sink, r.loadOf(r.slice(0), early))
	r.write(w1, early)
	w2 := r.begin(other, r.loadOf(r.slice(0), late))
	done := make(chan error, 1)
	go func() { // it may have to wait for the first to end
		err := write(r.Context(), w2, late)
		if err == nil {
			_, err = w2.Commit(r.Context())
		}
		done <- err
	}()
	_, err := w1.Commit(r.Context())
	r.refused(w1, err)
	if err := <-done; err != nil {
		r.Errorf("the later writer: %v", err)
	}
	r.abort(w2)
	r.expect(r.name, shape, late.want)
}

// neverEnded: a writer that died after Begin stands in nobody's way.
func neverEnded(r *rule) {
	c := r.content(some(3, "new"))
	dead := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.load(r.slice(0), c)
	r.expect(r.name, shape, c.want)
	r.abort(dead)
	r.expect(r.name, shape, c.want)
}

// refused checks the error of a writer that was taken over, and aborts it.
func (r *rule) refused(w sinks.Writer, err error) {
	r.Helper()
	switch fault.ClassOf(err) {
	case "":
		r.Error("a writer commits although another began later")
	case fault.Transient, fault.Throttled, fault.Drift, fault.Mismatch, fault.Parked:
		r.Errorf("a writer that was taken over would be repeated: %v", err)
	default:
	}
	r.abort(w)
}
