package sinktest

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"exporter/record"
)

// Glance reads relations as one reader sees them at one instant, in statements that
// come after each other.
type Glance struct {
	Rows   func(table string, columns []record.Column) [][]string // as [Harness.Rows]
	Ledger func(relation string, columns []record.Column) [][]string
}

// readersTogether: whoever looks at both tables of a slice, at a view over one of them
// and at the ledger in one transaction sees one load, entire, whatever becomes of the
// loads that come meanwhile: committed, given up, cancelled, killed.
func readersTogether(r *rule) {
	const generations = 8
	gen := func(n int) (one, two content) {
		mark := fmt.Sprintf("load %d", n)
		return r.pair(some(200+n, mark), some(20+n, mark)) // so that the ledger tells them apart
	}
	bring := func(n int) {
		one, two := gen(n)
		r.load(r.slice(0), one, two)
	}
	bring(0)
	r.h.View(r, r.name+"_view", r.name+"_a")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	looks := make([]int, 2)
	for i := range looks {
		wg.Go(func() {
			for last := 0; ; looks[i]++ {
				select {
				case <-stop:
					return
				default:
				}
				n := r.glance(func(n int) [3][][]string {
					one, two := gen(n)
					return [3][][]string{one.want, one.want, two.want}
				})
				if n < last {
					r.Errorf("a reader sees load %d after load %d", n, last)
				}
				if last = n; r.Failed() {
					return
				}
			}
		})
	}
	for n := 1; n <= generations; n++ {
		r.failToLoad(n, gen)
		bring(n)
	}
	close(stop)
	wg.Wait()
	if looks[0] == 0 || looks[1] == 0 {
		r.Errorf("the readers looked %v times", looks)
	}
}

// glance looks once, and returns which load it saw.
func (r *rule) glance(want func(n int) [3][][]string) (n int) {
	relations := [3]string{r.name + "_a", r.name + "_view", r.name + "_b"}
	var got [3][][]string
	ledger := ""
	r.h.Glance(r, func(g Glance) {
		for i, name := range relations {
			got[i] = g.Rows(name, shape.Columns)
		}
		for _, row := range g.Ledger("slices", columns("job", "rows_written")) {
			if row[0] == r.name {
				ledger = row[1]
			}
		}
	})
	if len(got[0]) == 0 {
		r.Error("a reader sees no rows")
		return 0
	}
	if _, err := fmt.Sscanf(got[0][0][1], "load %d", &n); err != nil {
		r.Errorf("a row that was never written: %q", got[0][0])
		return 0
	}
	for i, rows := range want(n) {
		if d := r.diff(shape.Columns, rows, got[i]); d != "" {
			r.Errorf("a reader of load %d sees %d rows of %s that are not of it:\n%.2000s", n, len(got[i]), relations[i], d)
		}
	}
	if want := strconv.Itoa(220 + 2*n); ledger != want {
		r.Errorf("a reader of load %d sees %s rows in the ledger, want %s", n, ledger, want)
	}
	return n
}

// failToLoad begins a load that never commits.
func (r *rule) failToLoad(n int, gen func(int) (one, two content)) {
	one, two := gen(n)
	switch n % 4 {
	case 0:
		r.kill(task{Target: r.h.Target, Name: r.name, Stop: stepsHalf, Mode: r.mode})
	case 1:
		w := r.begin(r.sink, r.loadOf(r.slice(0), one, two))
		r.write(w, one, two)
		r.abort(w)
	case 2:
		w := r.begin(r.sink, r.loadOf(r.slice(0), one, two))
		r.write(w, one) // and the second table never comes
		if _, err := w.Commit(r.Context()); err == nil {
			r.Error("half a slice commits")
		}
		r.abort(w)
	case 3:
		ctx, cancel := context.WithCancel(r.Context())
		w := r.begin(r.sink, r.loadOf(r.slice(0), one, two))
		r.write(w, one, two)
		cancel()
		if _, err := w.Commit(ctx); err == nil {
			r.Error("a load that was cancelled commits")
		}
		r.abort(w)
	}
}
