package sinktest

import (
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
)

func keyedAgain(r *rule) {
	for range 3 {
		r.load(r.slice(0), r.content(some(1500, "same")))
		r.expect(r.name, shape, some(1500, "same"))
	}
	r.load(r.slice(0), r.content(some(1500, "other")))
	r.expect(r.name, shape, some(1500, "other"))
}

func keyedUnchanged(r *rule) {
	first := r.load(r.slice(0), r.content(named("1", "a", "2", "b", "3", "c")))
	second := r.load(r.slice(0), r.content(named("1", "a", "2", "B", "3", "c", "4", "d")))
	got := r.lineage(r.name)
	for id, at := range map[string]time.Time{"1": first.At, "2": second.At, "3": first.At, "4": second.At} {
		if got[id].loadedAt != cellOf(at) {
			r.Errorf("row %s was loaded at %s, want %s", id, got[id].loadedAt, cellOf(at))
		}
	}
}

// keyedNulls: null and a value differ, null and null do not.
func keyedNulls(r *rule) {
	first := r.load(r.slice(0), r.content([][]string{{"1", Null, "1"}, {"2", "b", Null}, {"3", Null, Null}}))
	want := [][]string{{"1", "a", "1"}, {"2", "b", "0"}, {"3", Null, Null}}
	r.load(r.slice(0), r.content(want))
	r.expect(r.name, shape, want)
	if got := r.lineage(r.name)["3"].loadedAt; got != cellOf(first.At) {
		r.Errorf("a row of nulls that did not change was loaded at %s, want %s", got, cellOf(first.At))
	}
	back := [][]string{{"1", Null, "1"}, {"2", "b", Null}, {"3", "", Null}}
	r.load(r.slice(0), r.content(back))
	r.expect(r.name, shape, back)
}

// longKey has a key of several columns and types, not in the order of the columns.
var longKey = record.Table{
	Columns: []record.Column{
		{Name: "value", Type: record.Text},
		{Name: "label", Type: record.Text},
		{Name: "on", Type: record.Date},
		{Name: "number", Type: record.Numeric},
		{Name: "sure", Type: record.Boolean},
		{Name: "at", Type: record.Timestamp},
	},
	Key: []string{"on", "label", "number", "sure", "at"},
}

func keyedLongKey(r *rule) {
	const at = "2026-10-25T00:30:00.000001Z"
	row := func(value, label, on, number, sure string) []string {
		return []string{value, label, on, number, sure, at}
	}
	old := [][]string{
		row("1", "", "2026-03-01", "12345678901234567890.5", "true"), row("2", "é", "2026-03-01", "1.5", "true"),
		row("3", "e\u0301", "2026-03-01", "1.5", "true"), row("4", "é", "2026-03-02", "1.5", "true"),
		row("5", "é", "2026-03-01", "-1.5", "true"), row("6", "é", "2026-03-01", "1.5", "false"),
	}
	r.load(r.slice(0), rows(r.name, longKey, 0, old))
	changed := make([][]string, len(old))
	for i, o := range old {
		changed[i] = append([]string{o[0] + " again"}, o[1:]...)
	}
	r.load(r.slice(0), rows(r.name, longKey, 0, changed))
	r.expect(r.name, longKey, changed)
}

func keyedOnlyKey(r *rule) {
	t := record.Table{Columns: shape.Columns[:1], Key: shape.Key}
	first := r.load(r.slice(0), rows(r.name, t, 0, [][]string{{"1"}, {"2"}}))
	r.load(r.slice(0), rows(r.name, t, 0, [][]string{{"1"}, {"2"}, {"3"}}))
	r.expect(r.name, t, [][]string{{"1"}, {"2"}, {"3"}})
	loaded := r.h.Rows(r, r.name, []record.Column{{Name: "_loaded_at", Type: record.Timestamp}})
	same := 0
	for _, row := range loaded {
		if row[0] == cellOf(first.At) {
			same++
		}
	}
	if same != 2 {
		r.Errorf("%d rows are of the first load, want 2", same)
	}
}

// refusedRows loads rows that may not be committed, after good ones.
func (r *rule) refusedRows(t record.Table, bad [][]string, mention string) {
	r.Helper()
	r.load(r.slice(0), r.content(some(5, "old")))
	c := rows(r.name, t, 0, bad)
	w := r.begin(r.sink, r.loadOf(r.slice(0), c))
	err := write(r.Context(), w, c)
	if err == nil {
		_, err = w.Commit(r.Context())
	}
	if fault.ClassOf(err) != fault.Data || fault.HintOf(err) == "" || !strings.Contains(err.Error(), mention) {
		r.Errorf("got %v (class %q, hint %q), want class data, a hint, and %q in it", err, fault.ClassOf(err), fault.HintOf(err), mention)
	}
	r.abort(w)
	r.expect(r.name, shape, some(5, "old"))
	r.load(r.slice(0), r.content(some(5, "new")))
	r.expect(r.name, shape, some(5, "new"))
}

// keyTwice: it does not matter whether the rows, or one of them, are there already.
func keyTwice(r *rule) {
	r.refusedRows(shape, append(some(6, "new"), []string{"4", "other", "1"}), "id=4")
	r.refusedRows(shape, append(some(5, "old"), []string{"2", "other", "1"}), "id=2")
}

func keyEmpty(r *rule) {
	t := shape
	t.Columns = append([]record.Column{{Name: "id", Type: record.Integer}}, shape.Columns[1:]...)
	r.refusedRows(t, append(some(3, "new"), []string{Null, "nobody", "1"}), "id")
}

func noKey(r *rule) {
	without, dropped := shape, shape
	without.Key = nil
	dropped.Columns = shape.Columns[1:]
	for _, c := range []content{rows(r.name, without, 0, some(1, "a")), rows(r.name, dropped, 0, [][]string{{"a", "1"}})} {
		_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(0), c))
		r.refusedLoad(err)
	}
}

func unsupported(r *rule) {
	_, err := r.sink.Begin(r.Context(), r.loadOf(r.slice(0), r.content(some(1, "a"))))
	r.refusedLoad(err)
}

func (r *rule) refusedLoad(err error) {
	r.Helper()
	if fault.ClassOf(err) != fault.Config || fault.HintOf(err) == "" {
		r.Errorf("begin: %v (class %q, hint %q), want class config and a hint", err, fault.ClassOf(err), fault.HintOf(err))
	}
}

// keyedColumnAdded: a new column makes rows differ; one that a load does not have
// stays as it is.
func keyedColumnAdded(r *rule) {
	first := r.load(r.slice(0), r.content(named("1", "a", "2", "b")))
	wider := shape
	wider.Columns = append(append([]record.Column(nil), shape.Columns...), record.Column{Name: "colour", Type: record.Text})
	r.load(r.slice(0), rows(r.name, wider, 0, [][]string{{"1", "a", "1.5", "red"}, {"2", "b", "1.5", Null}}))
	r.expect(r.name, wider, [][]string{{"1", "a", "1.5", "red"}, {"2", "b", "1.5", Null}})
	r.load(r.slice(0), r.content(named("1", "A", "2", "b")))
	r.expect(r.name, wider, [][]string{{"1", "A", "1.5", "red"}, {"2", "b", "1.5", Null}})
	if d := cmp.Diff(cellOf(first.At), r.lineage(r.name)["2"].loadedAt); d != "" {
		r.Errorf("the row that never changed (-want +got):\n%s", d)
	}
}
