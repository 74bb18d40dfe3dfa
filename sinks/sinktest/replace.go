package sinktest

import (
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

func replaceSame(r *rule) {
	for range 3 {
		r.load(r.slice(0), r.content(some(10, "same")))
		r.expect(r.name, shape, some(10, "same"))
	}
}

func replaceOthers(r *rule) {
	r.load(r.slice(0), r.content(some(10, "old")))
	r.load(r.slice(0), r.content(some(12, "new")))
	r.expect(r.name, shape, some(12, "new"))
}

func replaceFewer(r *rule) {
	r.load(r.slice(0), r.content(some(2500, "old")))
	r.load(r.slice(0), r.content(some(3, "new")))
	r.expect(r.name, shape, some(3, "new"))
}

func replaceNone(r *rule) {
	r.load(r.slice(0), r.content(some(10, "old")))
	receipt := r.load(r.slice(0), r.content(nil))
	if receipt.Rows != 0 || receipt.At.IsZero() {
		r.Errorf("receipt is %+v, want 0 rows at an instant", receipt)
	}
	r.expect(r.name, shape)
}

func firstEmpty(r *rule) {
	w := r.begin(r.sink, r.loadOf(r.slice(0), r.content(nil)))
	r.commit(w) // nothing is written, not even an empty batch
	r.expect(r.name, shape)
	if list := r.committed(time.Time{}, time.Time{}); len(list) != 1 || list[0].Written != 0 {
		r.Errorf("an empty slice is in the ledger as %+v", list)
	}
}

func sideBySide(r *rule) {
	north, south := r.slice(0), r.slice(0)
	south.Part = "south"
	r.load(north, r.content(some(3, "north")))
	r.load(south, r.content(some(3, "south")))
	r.load(r.slice(1), r.content(some(3, "tomorrow")))
	r.load(north, r.content(some(2, "north again")))
	r.expect(r.name, shape, some(2, "north again"), some(3, "south"), some(3, "tomorrow"))
}

func shareTable(r *rule) {
	one, two := r.slice(0), r.slice(0)
	two.Job += "_2"
	r.load(one, r.content(some(3, "one")))
	r.load(two, r.content(some(3, "two")))
	r.load(one, r.content(some(1, "one again")))
	r.expect(r.name, shape, some(1, "one again"), some(3, "two"))
}

func unbounded(r *rule) {
	s := sinks.Slice{Job: r.name}
	r.load(s, r.content(some(3, "old")))
	r.load(s, r.content(some(2, "new")))
	r.expect(r.name, shape, some(2, "new"))
	list := r.committed(time.Time{}, time.Time{})
	if len(list) != 1 || list[0].Slice != s {
		r.Errorf("ledger has %+v, want the slice %+v", list, s)
	}
}

func (r *rule) pair(a, b [][]string) (one, two content) {
	return rows(r.name+"_a", shape, 0, a), rows(r.name+"_b", shape, 1, b)
}

func twoTables(r *rule) {
	for _, mark := range []string{"old", "new"} {
		one, two := r.pair(some(1500, mark), some(7, mark+" item"))
		if receipt := r.load(r.slice(0), one, two); receipt.Rows != 1507 {
			r.Errorf("receipt says %d rows, want 1507", receipt.Rows)
		}
		r.expect(r.name+"_a", shape, one.want)
		r.expect(r.name+"_b", shape, two.want)
	}
}

func twoTablesOrNone(r *rule) {
	one, two := r.pair(some(5, "old"), some(5, "old item"))
	r.load(r.slice(0), one, two)

	fresh, missing := r.pair(some(2000, "new"), some(5, "new item"))
	w := r.begin(r.sink, r.loadOf(r.slice(0), fresh, missing))
	r.write(w, fresh) // the second table never comes
	if _, err := w.Commit(r.Context()); fault.ClassOf(err) != fault.Data {
		r.Errorf("commit of half a slice: %v, want an error of class data", err)
	}
	r.abort(w)
	r.expect(r.name+"_a", shape, one.want)
	r.expect(r.name+"_b", shape, two.want)
}

func columnAdded(r *rule) {
	r.load(r.slice(0), r.content(some(2, "before")))
	wider := shape
	wider.Columns = append(append([]record.Column(nil), shape.Columns[:1]...),
		record.Column{Name: "colour", Type: record.Text}, shape.Columns[1], shape.Columns[2])
	r.load(r.slice(1), rows(r.name, wider, 0, [][]string{{"9", "red", "after", "1.0"}}))
	r.expect(r.name, wider, [][]string{{"0", Null, "before 0", "0.50"}, {"1", Null, "before 1", "1.50"}, {"9", "red", "after", "1.0"}})

	// A job that asks for fewer columns leaves them empty.
	r.load(r.slice(1), r.content(some(1, "narrow")))
	r.expect(r.name, wider, [][]string{{"0", Null, "before 0", "0.50"}, {"1", Null, "before 1", "1.50"}, {"0", Null, "narrow 0", "0.50"}})
}

// tableLeftOut: a stream that no longer fills a table leaves no old rows of the slice there.
func tableLeftOut(r *rule) {
	one, two := r.pair(some(3, "old"), some(3, "old item"))
	r.load(r.slice(0), one, two)
	r.load(r.slice(1), one, two)
	only, _ := r.pair(some(2, "new"), nil)
	r.load(r.slice(0), only)
	r.expect(r.name+"_a", shape, only.want, one.want)
	r.expect(r.name+"_b", shape, two.want)
}
