package sinktest

import (
	"context"
	"errors"
	"strings"
	"time"

	"exporter/fault"
	"exporter/sinks"
)

func abort(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	c := r.content(some(3000, strings.Repeat("new", 20)))
	begun := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.abort(begun)
	r.abort(begun)

	written := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(written, c)
	r.abort(written)
	r.abort(written)

	part := r.begin(r.sink, r.loadOf(r.slice(0), c))
	if err := part.Write(r.Context(), c.batches[0]); err != nil {
		r.Fatal(err)
	}
	r.abort(part)

	fresh := r.begin(r.sink, r.loadOf(r.slice(1), c))
	r.write(fresh, c)
	ended, cancel := context.WithCancel(r.Context())
	cancel()
	if err := fresh.Abort(ended); err != nil { // a context that has ended is no excuse
		r.Errorf("abort with an ended context: %v", err)
	}
	r.expect(r.name, shape, some(4, "old"))
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 1 || list[0].Written != 4 {
		r.Errorf("after aborted loads the ledger has %+v, want the old load alone", list)
	}
}

func abortAfterCommit(r *rule) {
	c := r.content(some(3, "new"))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(w, c)
	r.commit(w)
	r.abort(w)
	r.expect(r.name, shape, c.want)
}

func commitTwice(r *rule) {
	c := r.content(some(3, "new"))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(w, c)
	first := r.commit(w)
	if second := r.commit(w); second != first {
		r.Errorf("the second commit says %+v, the first %+v", second, first)
	}
	r.expect(r.name, shape, c.want)
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 1 {
		r.Errorf("ledger has %d slices, want 1", len(list))
	}
}

func nothingAfter(r *rule) {
	c := r.content(some(3, "new"))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(w, c)
	r.commit(w)
	if err := write(r.Context(), w, c); err == nil {
		r.Error("rows are taken after commit")
	}
	r.commit(w) // and it stays committed

	aborted := r.begin(r.sink, r.loadOf(r.slice(1), c))
	r.abort(aborted)
	if err := write(r.Context(), aborted, c); err == nil {
		r.Error("rows are taken after abort")
	}
	if _, err := aborted.Commit(r.Context()); err == nil {
		r.Error("an aborted load commits")
	}
	r.expect(r.name, shape, c.want)
}

// reconciled: a load whose figures contradict each other is not committed.
func reconciled(r *rule) {
	one, two := r.pair(bad, some(3, "item"))
	for what, change := range map[string]func(*sinks.Load){
		"more read than kept and rejected": func(l *sinks.Load) { l.Read++ },
		"fewer read":                       func(l *sinks.Load) { l.Read-- },
		"more announced":                   func(l *sinks.Load) { l.Announced++ },
		"fewer announced":                  func(l *sinks.Load) { l.Announced-- },
		"none announced":                   func(l *sinks.Load) { l.Announced = 0 },
	} {
		l := r.loadOf(r.slice(0), one, two)
		change(&l)
		w := r.begin(r.sink, l)
		r.write(w, one, two)
		if _, err := w.Commit(r.Context()); fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" {
			r.Errorf("%s: %v, want an error of class data with a hint", what, err)
		}
		r.abort(w)
		r.expect(r.name+"_a", shape)
	}
	// A count that is not known, or would not settle, says nothing.
	r.bring(r.slice(0), func(l *sinks.Load) { l.Announced = -1 }, one, two)
	r.bring(r.slice(1), func(l *sinks.Load) { l.Announced, l.Provisional = 99, true }, one, two)
}

func tooFew(r *rule)  { miscounted(r, some(10, "new"), some(9, "new")) }
func tooMany(r *rule) { miscounted(r, some(9, "new"), some(10, "new")) }

// miscounted tallies some rows and writes others.
func miscounted(r *rule, tallied, written [][]string) {
	r.load(r.slice(0), r.content(some(4, "old")))
	w := r.begin(r.sink, r.loadOf(r.slice(0), r.content(tallied)))
	err := write(r.Context(), w, r.content(written))
	if err == nil {
		_, err = w.Commit(r.Context())
	}
	if fault.ClassOf(err) != fault.Data {
		r.Errorf("%d rows tallied, %d written: %v, want an error of class data", len(tallied), len(written), err)
	}
	if _, err := w.Commit(r.Context()); err == nil {
		r.Error("the second commit succeeds")
	}
	r.abort(w)
	r.abort(w)
	r.expect(r.name, shape, some(4, "old"))
	r.load(r.slice(0), r.content(written))
	r.expect(r.name, shape, written)
}

func cancelledWrite(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	c := r.content(some(5000, strings.Repeat("new", 20)))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	ctx, cancel := context.WithCancelCause(r.Context())
	if err := w.Write(ctx, c.batches[0]); err != nil {
		r.Fatal(err)
	}
	cancel(errors.New("the operator changed his mind"))
	if err := write(ctx, w, c); fault.ClassOf(err) != fault.Interrupted {
		r.Errorf("write with a cancelled context: %v, want an error of class interrupted", err)
	}
	if err := w.Abort(ctx); err != nil {
		r.Errorf("abort: %v", err)
	}
	r.expect(r.name, shape, some(4, "old"))
	r.load(r.slice(0), c)
	r.expect(r.name, shape, c.want)
}

func cancelledCommit(r *rule) {
	r.load(r.slice(0), r.content(some(4, "old")))
	c := r.content(some(5, "new"))
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	r.write(w, c)
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	if _, err := w.Commit(ctx); fault.ClassOf(err) != fault.Interrupted {
		r.Errorf("commit with a cancelled context: %v, want an error of class interrupted", err)
	}
	r.abort(w)
	r.expect(r.name, shape, some(4, "old"))
}
