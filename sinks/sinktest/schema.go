package sinktest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// typed is a table whose column v has a type.
func typed(t record.Type) record.Table {
	return record.Table{Columns: []record.Column{{Name: "id", Type: record.Integer}, {Name: "v", Type: t}}, Key: []string{"id"}}
}

// keepsColumns reports whether columns outlive the loads that they were made for.
func (r *rule) keepsColumns() bool {
	_, ok := r.sink.(sinks.Fitter)
	return ok
}

// noticed loads a slice and returns what the sink has to say of columns.
func (r *rule) noticed(s sinks.Slice, c content) []sinks.Notice {
	r.Helper()
	var list []sinks.Notice
	l := r.loadOf(s, c)
	l.Notice = func(n sinks.Notice) { list = append(list, n) }
	w := r.begin(r.sink, l)
	r.write(w, c)
	r.commit(w)
	return list
}

// wideColumns: values that a column's type cannot hold go to another column, whose
// name says the type, until the type is as before.
func wideColumns(r *rule) {
	if !r.keepsColumns() {
		return
	}
	for i, c := range []struct {
		old, now   record.Type
		was, comes string
	}{
		{record.Integer, record.Numeric, "5", "5.25"},
		{record.Integer, record.Text, "5", "five"},
		{record.Text, record.Numeric, "5", "5.25"},
		{record.Date, record.Timestamp, "2026-03-01", "2026-03-01T10:00:00Z"},
		{record.Timestamp, record.LocalTime, "2026-03-01T10:00:00Z", "2026-03-01T10:00:00"},
		{record.Boolean, record.JSON, "true", `{"a": 1}`},
		{record.Numeric, record.Float, "1.5", "0.1"},
	} {
		name := r.name + "_" + c.now.String() + "_" + c.old.String()
		load := func(day int, t record.Type, rowsOf [][]string) []sinks.Notice {
			s := r.slice(10*i + day)
			s.Job = name
			return r.noticed(s, rows(name, typed(t), 0, rowsOf))
		}
		wide := "v__" + c.now.String()
		both := record.Table{Columns: append(typed(c.old).Columns, record.Column{Name: wide, Type: c.now})}
		if said := load(0, c.old, [][]string{{"1", c.was}}); len(said) > 0 {
			r.Errorf("%s: the first load says %v", name, said)
		}
		said := load(1, c.now, [][]string{{"2", c.comes}, {"3", Null}})
		r.expect(name, both, [][]string{{"1", c.was, Null}, {"2", Null, c.comes}, {"3", Null, Null}})
		if !slices.ContainsFunc(said, func(n sinks.Notice) bool { return strings.Contains(n.Text, wide) && n.Hint != "" }) {
			r.Errorf("%s: the load says %v, want where the values are and what the owner can do", name, said)
		}
		load(2, c.now, [][]string{{"4", c.comes}})
		load(3, c.old, [][]string{{"5", c.was}})
		r.expect(name, both, [][]string{{"1", c.was, Null}, {"2", Null, c.comes}, {"3", Null, Null}, {"4", Null, c.comes}, {"5", c.was, Null}})
	}
}

// integersInNumeric: a column that keeps every value as it is takes it.
func integersInNumeric(r *rule) {
	if !r.keepsColumns() {
		return
	}
	r.load(r.slice(0), rows(r.name, typed(record.Numeric), 0, [][]string{{"1", "2.5"}}))
	whole := [][]string{{"2", "0"}, {"3", "-9223372036854775808"}, {"4", "9223372036854775807"}, {"5", "10000"}, {"6", Null}}
	if said := r.noticed(r.slice(1), rows(r.name, typed(record.Integer), 0, whole)); len(said) > 0 {
		r.Errorf("the load says %v", said)
	}
	r.expect(r.name, typed(record.Numeric), [][]string{{"1", "2.5"}}, whole)
}

// columnsAreAnnounced: an added column is told of once, by the load that added it.
func columnsAreAnnounced(r *rule) {
	if !r.keepsColumns() {
		return
	}
	wider := typed(record.Text)
	wider.Columns = append(wider.Columns, record.Column{Name: "more", Type: record.Date})
	r.load(r.slice(0), rows(r.name, typed(record.Text), 0, [][]string{{"1", "a"}}))
	said := r.noticed(r.slice(1), rows(r.name, wider, 0, [][]string{{"2", "b", "2026-03-01"}}))
	if len(said) != 1 || !strings.Contains(said[0].Text, "more") || said[0].Hint != "" {
		r.Errorf("the load says %v, want that column more is new", said)
	}
	if said := r.noticed(r.slice(2), rows(r.name, wider, 0, [][]string{{"3", "c", Null}})); len(said) > 0 {
		r.Errorf("the next load says %v", said)
	}
}

// frozen: a table that is there gets no column, and says what it would need.
func frozen(r *rule) {
	f, ok := r.sink.(sinks.Fitter)
	if !ok {
		return
	}
	frozenLoad := func(day int, c content) sinks.Load {
		l := r.loadOf(r.slice(day), c)
		l.Freeze = true
		return l
	}
	fits := func(l sinks.Load) error {
		l.Tables = slices.Clone(l.Tables)
		l.Tables[0].Tally, l.Tables[0].Rejected = nil, 0
		return f.Fits(r.Context(), l)
	}
	first := rows(r.name, typed(record.Integer), 0, [][]string{{"1", "5"}})
	l := frozenLoad(0, first)
	if err := fits(l); err != nil {
		r.Errorf("a table that is not there yet: %v", err)
	}
	w := r.begin(r.sink, l)
	r.write(w, first)
	r.commit(w)
	wider := typed(record.Integer)
	wider.Columns = append(wider.Columns, record.Column{Name: "more", Type: record.Date})
	for name, c := range map[string]struct {
		shape record.Table
		row   []string
		named string
	}{
		"column":  {wider, []string{"2", "6", "2026-03-01"}, "more"},
		"type":    {typed(record.Text), []string{"2", "six"}, "v"},
		"the key": {record.Table{Columns: []record.Column{{Name: "id"}, {Name: "v", Type: record.Integer}}, Key: []string{"id"}}, []string{"two", "6"}, "id"},
	} {
		l := frozenLoad(1, rows(r.name, c.shape, 0, [][]string{c.row}))
		_, begin := r.sink.Begin(r.Context(), l)
		for when, err := range map[string]error{"fits": fits(l), "begin": begin} {
			if fault.ClassOf(err) != fault.Config || !strings.Contains(err.Error(), c.named) || !strings.Contains(fault.HintOf(err), cmp.Or(r.h.Alter, "ALTER TABLE")) {
				r.Errorf("another %s, %s: %v (class %s, hint %s)", name, when, err, fault.ClassOf(err), fault.HintOf(err))
			}
		}
	}
	fewer := record.Table{Columns: typed(record.Integer).Columns[:1], Key: []string{"id"}}
	c := rows(r.name, fewer, 0, [][]string{{"9"}})
	l = frozenLoad(2, c)
	if err := fits(l); err != nil {
		r.Errorf("fewer columns: %v", err)
	}
	w = r.begin(r.sink, l)
	r.write(w, c)
	r.commit(w)
	r.expect(r.name, typed(record.Integer), [][]string{{"1", "5"}, {"9", Null}})
}

// keyedWide: of a row that is there, the value under the other type goes.
func keyedWide(r *rule) {
	if !r.keepsColumns() {
		return
	}
	both := record.Table{Columns: append(typed(record.Integer).Columns, record.Column{Name: "v__text", Type: record.Text})}
	load := func(t record.Type, list ...[]string) { r.load(r.slice(0), rows(r.name, typed(t), 0, list)) }
	load(record.Integer, []string{"1", "5"}, []string{"2", Null})
	load(record.Text, []string{"1", "five"}, []string{"2", Null})
	r.expect(r.name, both, [][]string{{"1", Null, "five"}, {"2", Null, Null}})
	load(record.Text, []string{"1", Null}, []string{"2", "two"})
	r.expect(r.name, both, [][]string{{"1", Null, Null}, {"2", Null, "two"}})
	load(record.Integer, []string{"1", "5"}, []string{"2", Null})
	r.expect(r.name, both, [][]string{{"1", "5", Null}, {"2", Null, Null}})
	// A key that is of another type would find no row.
	key := record.Table{Columns: []record.Column{{Name: "id"}, {Name: "v", Type: record.Integer}}, Key: []string{"id"}}
	_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(0), rows(r.name, key, 0, [][]string{{"one", "1"}})))
	if fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" {
		r.Errorf("a key of another type: %v", err)
	}
}

// renamed: what a job loaded under an old name is its own.
func renamed(r *rule) {
	rename, ok := r.sink.(sinks.Renamer)
	if !ok {
		return
	}
	to := r.name + "_new"
	do := func(from ...string) error { return rename.Rename(r.Context(), from, to) }
	if err := do("nobody"); err != nil {
		r.Errorf("rename nothing: %v", err)
	}
	one, two := r.content(someFrom(0, 3, "old")), r.content(someFrom(10, 2, "old"))
	r.load(r.slice(0), one)
	r.load(r.slice(1), two)
	before := r.committed(time.Time{}, time.Time{})
	begun := r.slice(1)
	begun.Job = to // somebody ran the new job, and stopped it
	r.abort(r.begin(r.sink, r.loadOf(begun, two)))
	for range 2 {
		if err := do(r.name, "nobody"); err != nil {
			r.Fatalf("rename: %v (%s)", err, fault.HintOf(err))
		}
	}
	if left := r.committed(time.Time{}, time.Time{}); len(left) > 0 {
		r.Errorf("under the old name there is still %+v", left)
	}
	after, err := r.sink.Committed(r.Context(), to, time.Time{}, time.Time{})
	if err != nil || len(after) != len(before) {
		r.Fatalf("under the new name there is %+v, %v", after, err)
	}
	if r.mode != sinks.Append { // the slice's rows are found again
		s := r.slice(0)
		s.Job = to
		again := r.content(someFrom(0, 3, "new"))
		r.load(s, again)
		r.expect(r.name, shape, again.want, two.want)
	}
	// An older configuration would bring the rows a second time.
	_, err = r.sink.Begin(r.Context(), r.loadOf(r.slice(0), one))
	r.refusedLoad(err)
	if err != nil && !strings.Contains(fault.HintOf(err), to) {
		r.Errorf("hint %q, want the job's new name in it", fault.HintOf(err))
	}
	third := r.slice(1)
	third.Job += "_third"
	r.load(third, r.content(nil))
	if err := do(third.Job); fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" {
		r.Errorf("two jobs with one slice: %v", err)
	}
	if left, err := r.sink.Committed(r.Context(), third.Job, time.Time{}, time.Time{}); err != nil || len(left) != 1 {
		r.Errorf("after a refused rename the old job has %+v, %v", left, err)
	}
	if r.mode != sinks.Append {
		r.load(third, r.content(nil)) // and may be loaded
	}
	if err := rename.Rename(r.Context(), []string{to}, r.name); err != nil { // its name back
		r.Fatalf("rename back: %v (%s)", err, fault.HintOf(err))
	}
	r.load(r.slice(2), r.content(someFrom(20, 1, "back")))
	if left := r.committed(time.Time{}, time.Time{}); len(left) != 3 {
		r.Errorf("after the job has its name back it has %+v", left)
	}
}

// schemaRules are about tables whose columns outlive loads.
var schemaRules = []namedRule{
	{name: "another type", test: wideColumns},
	{name: "integers in a numeric column", test: integersInNumeric},
	{name: "new columns are told of", test: columnsAreAnnounced},
	{name: "frozen", test: frozen},
	{name: "renamed", test: renamed},
}
