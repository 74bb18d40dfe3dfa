package sinktest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/sinks"
)

// absences returns _absent_since of every row of shape by id, "" where it is there.
func (r *rule) absences(table string) map[string]string {
	r.Helper()
	list := make(map[string]string)
	for id, f := range r.lineage(table) {
		if list[id] = f.absent; f.absent == Null {
			list[id] = ""
		}
	}
	return list
}

func (r *rule) expectAbsences(when, table string, want map[string]string) {
	r.Helper()
	if d := cmp.Diff(want, r.absences(table)); d != "" {
		r.Errorf("_absent_since %s (-want +got):\n%s", when, d)
	}
}

func snapshotReturns(r *rule) {
	s := r.slice(0)
	first := r.load(s, r.content(named("1", "a", "2", "b", "3", "c")))
	second := r.load(s, r.content(named("1", "a", "3", "C")))
	r.expect(r.name, shape, named("1", "a", "2", "b", "3", "C"))
	r.expectAbsences("of a row that vanished", r.name, map[string]string{"1": "", "2": cellOf(second.At), "3": ""})
	if got := r.lineage(r.name)["1"].loadedAt; got != cellOf(first.At) {
		r.Errorf("an unchanged row was loaded at %s, want %s", got, cellOf(first.At))
	}

	third := r.load(s, r.content(named("3", "C")))
	r.expectAbsences("of a row that is absent still", r.name, map[string]string{"1": cellOf(third.At), "2": cellOf(second.At), "3": ""})

	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 || !list[0].Same(r.loadOf(s, r.content(named("3", "C")))) {
		r.Errorf("the same rows count as changed: %+v", list)
	}
	back := r.loadOf(s, r.content(named("1", "a", "2", "B", "3", "C")))
	if list[0].Same(back) {
		r.Error("rows that came back count as unchanged")
	}
	r.load(s, r.content(named("1", "a", "2", "B", "3", "C")))
	r.expect(r.name, shape, named("1", "a", "2", "B", "3", "C"))
	r.expectAbsences("of rows that came back", r.name, map[string]string{"1": "", "2": "", "3": ""})
}

// drop loads rows of which those before are removed.
func (r *rule) drop(s sinks.Slice, contents ...content) {
	r.Helper()
	l := r.loadOf(s, contents...)
	l.Absent = sinks.AbsentDrop
	w := r.begin(r.sink, l)
	r.write(w, contents...)
	r.commit(w)
}

func snapshotDrops(r *rule) {
	s := r.slice(0)
	r.drop(s, r.content(named("1", "a", "2", "b", "3", "c")))
	r.drop(s, r.content(named("1", "a", "3", "C", "4", "d")))
	r.expect(r.name, shape, named("1", "a", "3", "C", "4", "d"))
	// One that was marked before goes too; one that comes back is there.
	r.load(s, r.content(named("1", "a")))
	r.drop(s, r.content(named("1", "a", "4", "d")))
	r.expectAbsences("after rows were dropped", r.name, map[string]string{"1": "", "4": ""})
	r.drop(s, r.content(nil))
	r.expect(r.name, shape)
}

// snapshotApart: rows of one key may be there once per job and part.
func snapshotApart(r *rule) {
	one, two, other := r.slice(0), r.slice(1), r.slice(0)
	other.Job += "_2"
	for _, s := range []sinks.Slice{one, two, other} {
		r.load(s, r.content(named("1", "of "+s.Job+s.Part, "2", "x")))
	}
	r.drop(two, r.content(named("1", "changed")))
	r.expect(r.name, shape, named("1", "of "+one.Job+one.Part, "2", "x", "1", "changed", "1", "of "+other.Job+other.Part, "2", "x"))
	r.drop(other, r.content(nil))
	r.expect(r.name, shape, named("1", "of "+one.Job+one.Part, "2", "x", "1", "changed"))
}

func snapshotEmpty(r *rule) {
	r.load(r.slice(0), r.content(some(1500, "old")))
	receipt := r.load(r.slice(0), r.content(nil))
	r.expect(r.name, shape, some(1500, "old"))
	for id, at := range r.absences(r.name) {
		if at != cellOf(receipt.At) {
			r.Fatalf("row %s is absent since %q, want %s", id, at, cellOf(receipt.At))
		}
	}
}

// snapshotLeftOut: a table that a stream no longer fills has no row any more.
func snapshotLeftOut(r *rule) {
	one, two := r.pair(named("1", "a"), named("1", "item"))
	r.load(r.slice(0), one, two)
	r.load(r.slice(1), one, two)
	only, _ := r.pair(named("1", "a"), nil)
	r.drop(r.slice(0), only)
	r.expect(r.name+"_b", shape, two.want)
	receipt := r.load(r.slice(1), only)
	r.expectAbsences("in a table that is left out", r.name+"_b", map[string]string{"1": cellOf(receipt.At)})
}

func snapshotUnbounded(r *rule) {
	s := r.slice(0)
	receipt := r.load(s, r.content(named("1", "a")))
	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 || list[0].Slice != s {
		r.Fatalf("ledger has %+v, want the slice %+v", list, s)
	}
	at := receipt.At.Add(time.Hour)
	if err := r.sink.Checked(r.Context(), s, at, false); err != nil {
		r.Fatalf("checked: %v", err)
	}
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 1 || !list[0].CheckedAt.Equal(at) {
		r.Errorf("ledger has %+v, want it checked at %s", list, at)
	}
}
