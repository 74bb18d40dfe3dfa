package sinktest

import (
	"time"

	"exporter/fault"
)

// bad are two rows of shape that can be typed and two that cannot.
var bad = [][]string{{"1", "good", "1.0"}, {"x", "bad", "1.0"}, {"2", "good", Null}, {Null, "bad", "1.0"}}

var badRejected = [][]string{
	{`["x","bad","1.0"]`, "id", `"x" is not an integer`},
	{`["\u0000null","bad","1.0"]`, "id", "required, but empty"},
}

func rejects(r *rule) {
	c := r.content(bad)
	if c.table.Rejected != 2 {
		r.Fatalf("%d rejects, want 2", c.table.Rejected)
	}
	receipt := r.load(r.slice(0), c)
	if receipt.Rows != 2 {
		r.Errorf("receipt says %d rows, want 2: rejects are not counted", receipt.Rows)
	}
	r.expect(r.name, shape, c.want)
	r.expectRejects(2)
	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 || list[0].Rejected != 2 || list[0].Written != 2 || list[0].Read != 4 {
		r.Errorf("ledger has %+v, want 4 read, 2 rejected, 2 written", list)
	}
	if len(list) == 1 && list[0].Same(r.loadOf(r.slice(0), c)) {
		r.Error("a slice with rejects counts as unchanged")
	}
}

func rejectsReplaced(r *rule) {
	for range 2 {
		r.load(r.slice(0), r.content(bad))
		r.expectRejects(2)
	}
	r.load(r.slice(1), r.content(bad))
	r.expectRejects(4)
	r.load(r.slice(0), r.content(some(3, "clean")))
	r.expectRejects(2)
}

func rejectsMissing(r *rule) {
	r.load(r.slice(0), r.content(some(2, "old")))
	c := r.content(bad)
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	for _, b := range c.batches {
		if b.Rejects {
			continue
		}
		if err := w.Write(r.Context(), b); err != nil {
			r.Fatal(err)
		}
	}
	if _, err := w.Commit(r.Context()); fault.ClassOf(err) != fault.Data {
		r.Errorf("commit without the rejects: %v, want an error of class data", err)
	}
	r.abort(w)
	r.expect(r.name, shape, some(2, "old"))
	r.expectRejects(0)
}

// expectRejects looks for n rejects of the bad rows: what the sink keeps of a raw
// row may be of another form, but column and reason are as they are.
func (r *rule) expectRejects(n int) {
	r.Helper()
	var want [][]string
	for i := range n {
		want = append(want, badRejected[i%2])
	}
	t := shape.Rejects()
	// NUL cannot be stored; record drops it before, JSON may escape it.
	got := r.h.Rows(r, r.name+"_rejects", t.Columns)
	cells := func(list [][]string) [][]string {
		var out [][]string
		for _, row := range list {
			out = append(out, row[1:])
		}
		return out
	}
	for _, row := range got {
		if row[0] == Null {
			r.Errorf("a reject without its raw row: %q", row)
		}
	}
	if d := r.diff(t.Columns[1:], cells(want), cells(got)); d != "" {
		r.Errorf("rejects (-want +got):\n%s", d)
	}
}
