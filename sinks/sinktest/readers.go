package sinktest

import (
	"fmt"
	"sync"

	"exporter/record"
	"exporter/sinks"
)

func (r *rule) diff(columns []record.Column, want, got [][]string) string {
	return difference(r.canonical(columns, want), r.canonical(columns, got))
}

// readers look at the table without pause while its slice is replaced: what they
// see is one load, entire.
func readers(r *rule) {
	const generations, size = 6, 300
	mark := func(n int) string { return fmt.Sprintf("load %d", n) }
	r.load(r.slice(0), r.content(some(size, mark(0))))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for last := 0; ; {
				select {
				case <-stop:
					return
				default:
				}
				got := r.h.Rows(r, r.name, shape.Columns)
				var n int
				if len(got) > 0 {
					if _, err := fmt.Sscanf(got[0][1], "load %d", &n); err != nil {
						r.Errorf("a row that was never written: %q", got[0])
						return
					}
				}
				if d := r.diff(shape.Columns, some(size, mark(n)), got); d != "" {
					r.Errorf("a reader sees %d rows that are not load %d:\n%.2000s", len(got), n, d)
					return
				}
				if n < last {
					r.Errorf("a reader sees load %d after load %d", n, last)
					return
				}
				last = n
			}
		})
	}
	for n := 1; n <= generations; n++ {
		c := r.content(some(size, mark(n)))
		w := r.begin(r.sink, r.loadOf(r.slice(0), c))
		r.write(w, c)
		if n%3 == 0 { // some loads fail
			r.abort(w)
			w = r.begin(r.sink, r.loadOf(r.slice(0), c))
			r.write(w, c)
		}
		r.commit(w)
	}
	close(stop)
	wg.Wait()
}

// parallel writes many slices at once, through two sinks, each twice if the mode lets it.
func parallel(r *rule) {
	const days = 12
	marks := []string{"old", "new"}
	if r.mode == sinks.Append {
		marks = marks[1:]
	}
	other := r.open()
	var wg sync.WaitGroup
	for n := range days {
		wg.Go(func() {
			sink := r.sink
			if n%2 == 1 {
				sink = other
			}
			for _, mark := range marks {
				c := r.content(someFrom(300*n, 300, fmt.Sprint(mark, n)))
				w, err := sink.Begin(r.Context(), r.loadOf(r.slice(n), c))
				if err != nil {
					r.Errorf("begin slice %d: %v", n, err)
					return
				}
				if err = write(r.Context(), w, c); err == nil {
					_, err = w.Commit(r.Context())
				}
				if err != nil {
					r.Errorf("load slice %d: %v", n, err)
				}
				if err := w.Abort(r.Context()); err != nil {
					r.Errorf("abort slice %d: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	var want [][]string
	for n := range days {
		want = append(want, someFrom(300*n, 300, fmt.Sprint("new", n))...)
	}
	r.expect(r.name, shape, want)
}
