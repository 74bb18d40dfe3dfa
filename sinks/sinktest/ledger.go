package sinktest

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"exporter/fault"
	"exporter/sinks"
)

func (r *rule) committed(from, to time.Time) []sinks.Committed {
	r.Helper()
	list, err := r.sink.Committed(r.Context(), r.name, from, to)
	if err != nil {
		r.Fatalf("committed: %v", err)
	}
	return list
}

func notCommitted(r *rule) {
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 0 {
		r.Errorf("before any load the ledger has %+v", list)
	}
}

func committed(r *rule) {
	one, two := r.pair(some(3, "a"), some(2, "b"))
	var want []sinks.Committed
	for _, n := range []int{1, 0, 2} { // the order of loading does not matter
		l := r.loadOf(r.slice(n), one, two)
		l.Announced, l.Provisional = -1, n == 2
		w := r.begin(r.sink, l)
		r.write(w, one, two)
		receipt := r.commit(w)
		want = append(want, sinks.Committed{
			Slice: l.Slice, Definition: l.Definition, Announced: -1, Read: 5, Written: 5, Provisional: n == 2,
			LoadedAt: receipt.At, CheckedAt: receipt.At,
			Tables: map[string]sinks.TableState{
				r.name + "_a": stateOf(one), r.name + "_b": stateOf(two),
			},
		})
	}
	want[0], want[1] = want[1], want[0]
	for name, c := range map[string]struct {
		from, to time.Time
		want     []sinks.Committed
	}{
		"all":       {time.Time{}, time.Time{}, want},
		"from":      {day.AddDate(0, 0, 1), time.Time{}, want[1:]},
		"to":        {time.Time{}, day.AddDate(0, 0, 1), want[:1]},
		"one":       {day.AddDate(0, 0, 1), day.AddDate(0, 0, 2), want[1:2]},
		"elsewhere": {day.AddDate(1, 0, 0), time.Time{}, nil},
	} {
		if d := cmp.Diff(c.want, r.committed(c.from, c.to), cmpopts.EquateEmpty()); d != "" {
			r.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	// A load on its way takes nothing back, neither does a failed one.
	w := r.begin(r.sink, r.loadOf(r.slice(0), one, two))
	r.write(w, one)
	if d := cmp.Diff(want, r.committed(time.Time{}, time.Time{})); d != "" {
		r.Errorf("while a load is on its way (-want +got):\n%s", d)
	}
	r.abort(w)
	if d := cmp.Diff(want, r.committed(time.Time{}, time.Time{})); d != "" {
		r.Errorf("after a failed load (-want +got):\n%s", d)
	}
}

func stateOf(c content) sinks.TableState {
	return sinks.TableState{
		Rows: c.table.Tally.Rows, Hash: c.table.Tally.Hash(), Schema: c.table.Shape.Fingerprint(), Sums: c.table.Tally.Sums(),
	}
}

func unchanged(r *rule) {
	r.load(r.slice(0), r.content(some(5, "a")))
	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 {
		r.Fatalf("ledger has %d slices, want 1", len(list))
	}
	same := some(5, "a")
	same[0], same[4] = same[4], same[0]
	if !list[0].Same(r.loadOf(r.slice(0), r.content(same))) {
		r.Error("the same rows in another order count as changed")
	}
	if list[0].Same(r.loadOf(r.slice(0), r.content(some(5, "b")))) {
		r.Error("other rows count as unchanged")
	}
	outdated := r.loadOf(r.slice(0), r.content(some(5, "a")))
	outdated.Definition = "definition-2"
	if list[0].Same(outdated) {
		r.Error("another definition counts as unchanged")
	}
}

func checked(r *rule) {
	l := r.loadOf(r.slice(0), r.content(some(2, "a")))
	l.Provisional = true
	w := r.begin(r.sink, l)
	r.write(w, r.content(some(2, "a")))
	receipt := r.commit(w)
	at := receipt.At.Add(time.Hour)
	if err := r.sink.Checked(r.Context(), r.slice(0), at, false); err != nil {
		r.Fatalf("checked: %v", err)
	}
	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 || !list[0].CheckedAt.Equal(at) || list[0].Provisional || !list[0].LoadedAt.Equal(receipt.At) {
		r.Errorf("ledger has %+v, want it checked at %s, final, loaded at %s", list, at, receipt.At)
	}
}

func checkedUnknown(r *rule) {
	r.load(r.slice(0), r.content(some(2, "a")))
	if err := r.sink.Checked(r.Context(), r.slice(5), day, false); err == nil {
		r.Error("a slice that was never loaded is recorded as checked")
	}
}

func check(r *rule) {
	r.load(r.slice(0), r.content(some(2, "a")))
	before := r.committed(time.Time{}, time.Time{})
	if err := r.sink.Check(r.Context()); err != nil {
		r.Fatalf("check: %v (%s)", err, fault.HintOf(err))
	}
	r.expect(r.name, shape, some(2, "a"))
	if d := cmp.Diff(before, r.committed(time.Time{}, time.Time{})); d != "" {
		r.Errorf("check changed the ledger:\n%s", d)
	}
}

// dropped: what was committed into a table that somebody drops is lost, also what
// other tables have of it; loading the slices again brings all of it back.
func dropped(r *rule) {
	var contents [2][2]content
	for n := range contents {
		one, two := r.pair(someFrom(10*n, 3, "row"), someFrom(10*n, 2, "item"))
		contents[n] = [2]content{one, two}
		r.load(r.slice(n), one, two)
	}
	r.h.Drop(r, r.name+"_b")
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 0 {
		r.Errorf("without its table the ledger has %+v", list)
	}
	r.load(r.slice(0), contents[0][0], contents[0][1])
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 1 || list[0].Slice != r.slice(0) {
		r.Errorf("with one slice loaded again the ledger has %+v", list)
	}
	r.expect(r.name+"_a", shape, contents[0][0].want, contents[1][0].want)
	r.expect(r.name+"_b", shape, contents[0][1].want)
	r.load(r.slice(1), contents[1][0], contents[1][1])
	r.expect(r.name+"_a", shape, contents[0][0].want, contents[1][0].want)
	r.expect(r.name+"_b", shape, contents[0][1].want, contents[1][1].want)
}
