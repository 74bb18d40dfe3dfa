package sinktest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"exporter/record"
	"exporter/sinks"
)

func hasLedger(h Harness) bool { return h.Ledger != nil }

// columns returns columns by name; what is no text is told by its name.
func columns(names ...string) []record.Column {
	types := map[string]record.Type{
		"was_provisional": record.Boolean, "redefined": record.Boolean,
		"sums_before": record.JSON, "sums_after": record.JSON, "sums_difference": record.JSON, "warnings": record.JSON,
	}
	for _, n := range []string{"started_at", "finished_at", "restated_at", "interval_start", "complete_through", "provisional_from", "last_load", "last_check", "starts_at"} {
		types[n] = record.Timestamp
	}
	for _, n := range []string{"rows", "rows_before", "rows_after", "calls", "parts", "slices_committed", "slices_unchanged", "slices_failed", "slices_waiting", "rows_rejected"} {
		types[n] = record.Integer
	}
	list := make([]record.Column, len(names))
	for i, n := range names {
		list[i] = record.Column{Name: n, Type: types[n]}
	}
	return list
}

// ledger reads the rows of the rule's jobs, whose column must be the first.
func (r *rule) ledger(relation string, columns []record.Column) []string {
	r.Helper()
	rows := slices.DeleteFunc(r.h.Ledger(r, relation, columns), func(row []string) bool { return row[0] != r.name })
	return r.canonical(columns, rows)
}

func line(cells ...string) string {
	return strings.ReplaceAll(strings.Join(cells, " | "), Null, "NULL")
}

func sumsOf(c content) string {
	text, err := json.Marshal(c.table.Tally.Sums())
	if err != nil {
		panic("sinktest: " + err.Error())
	}
	return string(text)
}

// expectRestated compares what was restated: lines of table, rows and differences.
func (r *rule) expectRestated(when string, want ...string) {
	r.Helper()
	got := r.ledger("restatements", columns("job", "table_name", "rows_before", "rows_after", "sums_difference", "was_provisional", "redefined"))
	for i := range want {
		want[i] = r.name + " | " + want[i]
	}
	slices.Sort(want)
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		r.Fatalf("restatements %s (-want +got):\n%s", when, d)
	}
}

// bring loads a slice as change wants it.
func (r *rule) bring(s sinks.Slice, change func(*sinks.Load), contents ...content) sinks.Receipt {
	r.Helper()
	l := r.loadOf(s, contents...)
	change(&l)
	w := r.begin(r.sink, l)
	r.write(w, contents...)
	return r.commit(w)
}

// restated: what a slice was loaded with last, against what it is loaded with now.
func restated(r *rule) {
	s := r.slice(0)
	old, fresh := r.content(named("1", "a", "2", "b")), r.content([][]string{{"1", "a", "1.5"}, {"3", "c", "12345678901234567890.5"}, {"4", "d", Null}})
	r.load(s, old)
	r.expectRestated("after the first load")
	r.load(s, r.content(named("2", "b", "1", "a")))
	r.load(r.slice(1), r.content(someFrom(10, 2, "other")))
	if err := r.sink.Checked(r.Context(), s, day, false); err != nil {
		r.Fatal(err)
	}
	r.expectRestated("after the same rows and another slice")
	dead := r.begin(r.sink, r.loadOf(s, fresh))
	r.write(dead, fresh)
	r.abort(dead)
	r.expectRestated("after a load that was aborted")

	run := "run of " + r.name
	receipt := r.bring(s, func(l *sinks.Load) { l.Run = run }, fresh)
	first := r.name + ` | 2 | 3 | {"amount":"12345678901234567889.0","id":"5"} | false | false`
	r.expectRestated("after other rows", first)
	start := "-infinity"
	if !s.Start.IsZero() {
		start = s.Start.Format(time.DateOnly)
	}
	cells := columns("job", "part", "interval_start", "restated_at", "run", "sums_before", "sums_after", "hash_before", "hash_after")
	cells[2].Type = record.Text
	got := r.h.Ledger(r, "restatements", cells)
	got = slices.DeleteFunc(got, func(row []string) bool { return row[0] != r.name })
	if !s.Start.IsZero() {
		got[0][2] = got[0][2][:len(time.DateOnly)]
	}
	want := line(r.name, s.Part, start, cellOf(receipt.At), run, sumsOf(old), sumsOf(fresh), old.table.Tally.Hash(), fresh.table.Tally.Hash())
	if d := cmp.Diff([]string{want}, r.canonical(cells, got)); d != "" {
		r.Errorf("the restatement (-want +got):\n%s", d)
	}

	other := r.content(named("1", "z"))
	r.bring(s, func(l *sinks.Load) { l.Definition, l.Provisional = "definition-2", true }, other)
	second := r.name + ` | 3 | 1 | {"amount":"-12345678901234567890.5","id":"-7"} | false | true`
	r.expectRestated("under another definition", first, second)
	r.bring(s, func(l *sinks.Load) { l.Definition = "definition-2" }, r.content(named("1", "y")))
	r.expectRestated("of provisional rows", first, second, r.name+` | 1 | 1 | {} | true | false`)
}

// restatedTables: of several tables those that changed.
func restatedTables(r *rule) {
	one, two := r.pair(some(3, "a"), some(2, "item"))
	r.load(r.slice(0), one, two)
	_, changed := r.pair(nil, someFrom(1, 2, "item"))
	r.load(r.slice(0), one, changed)
	want := []string{r.name + `_b | 2 | 2 | {"amount":"2.00","id":"2"} | false | false`}
	r.expectRestated("of the table that changed", want[0])
	r.load(r.slice(0), one)
	if r.mode != sinks.Merge { // there they stay
		want = append(want, r.name+`_b | 2 | 0 | {} | false | true`)
	}
	r.expectRestated("of a table left out", want...)
}

// restatedNothing: what is lost was not restated, and neither is what was not there.
func restatedNothing(r *rule) {
	r.load(r.slice(0), r.content(nil))
	r.load(r.slice(1), r.content(some(3, "old")))
	r.h.Drop(r, r.name)
	r.load(r.slice(1), r.content(some(4, "new")))
	r.expectRestated("after a table was dropped")
}

func (r *rule) expectRuns(when string, want ...string) {
	r.Helper()
	got := r.ledger("runs", columns("job", "id", "trigger", "state", "started_at", "finished_at", "slices_committed", "slices_unchanged", "slices_failed", "slices_waiting", "rows", "rows_rejected", "calls", "error", "warnings"))
	if d := cmp.Diff(want, got); d != "" {
		r.Fatalf("runs %s (-want +got):\n%s", when, d)
	}
}

// runs: a load counts in the row of its run, with its data or not at all; the end
// of a run is recorded once.
func runs(r *rule) {
	began, ended := day.Add(time.Hour), day.Add(2*time.Hour)
	of := func(id string) func(*sinks.Load) {
		return func(l *sinks.Load) { l.Run, l.Trigger, l.RunStarted = r.name+id, "cli", began }
	}
	r.bring(r.slice(0), of("1"), r.content(some(3, "a")))
	head := func(id, state string) string { return line(r.name, r.name+id, "cli", state, cellOf(began)) }
	during := func(committed, rows, rejected int) string {
		return line(head("1", "running"), Null, strconv.Itoa(committed), Null, Null, Null, strconv.Itoa(rows), strconv.Itoa(rejected), Null, Null, Null)
	}
	r.expectRuns("after a slice", during(1, 3, 0))
	r.bring(r.slice(1), of("1"), r.content(bad))
	r.expectRuns("after two slices", during(2, 5, 2))
	lost := r.loadOf(r.slice(2), r.content(someFrom(20, 1, "c")))
	of("1")(&lost)
	w := r.begin(r.sink, lost)
	r.write(w, r.content(someFrom(20, 1, "c")))
	r.abort(w)
	r.expectRuns("after a load that was aborted", during(2, 5, 2))

	recorder, ok := r.sink.(sinks.RunRecorder)
	if !ok {
		r.Fatalf("%T has no runs", r.sink)
	}
	run := sinks.Run{
		ID: r.name + "1", Job: r.name, Trigger: "cli", State: "partial", Started: began, Finished: ended,
		Committed: 3, Unchanged: 4, Failed: 5, Waiting: 6, Rows: 1 << 40, Calls: 9, Error: `it's "broken" – \`,
		Warnings: []string{`a "b"`, "c"},
	}
	idle := sinks.Run{ID: r.name + "0", Job: r.name, Trigger: "cli", State: "succeeded", Started: began, Finished: ended, Unchanged: 1}
	want := []string{
		line(head("0", "succeeded"), cellOf(ended), "0", "1", "0", "0", "0", "0", "0", Null, Null),
		line(head("1", "partial"), cellOf(ended), "3", "4", "5", "6", "1099511627776", "2", "9", `it's "broken" – \`, `["a \"b\"","c"]`),
	}
	for range 2 {
		if err := recorder.RecordRuns(r.Context(), []sinks.Run{run, idle}); err != nil {
			r.Fatalf("record runs: %v", err)
		}
		r.expectRuns("after their end", want...)
		run.State, run.Rows = "failed", 0 // no longer counts
	}
	r.bring(r.slice(2), of("1"), r.content(someFrom(20, 1, "c")))
	r.expectRuns("with a load after the end", want...)
	if err := recorder.RecordRuns(r.Context(), nil); err != nil {
		r.Errorf("record no runs: %v", err)
	}
}

// runsPruned: a run goes when a later one of its job has ended so long after it, and
// does not come back when it is handed in again. Those of other jobs stay.
func runsPruned(r *rule) {
	r.load(r.slice(0), r.content(some(1, "a"))) // else there is no ledger
	other := r.slice(1)
	other.Job += "_other"
	r.load(other, r.content(someFrom(10, 1, "a")))
	recorder, ok := r.sink.(sinks.RunRecorder)
	if !ok {
		r.Fatalf("%T has no runs", r.sink)
	}
	run := func(job, id string, began time.Time) sinks.Run {
		return sinks.Run{ID: r.name + id, Job: job, Trigger: "cli", State: "succeeded", Started: began, Finished: began.Add(time.Minute)}
	}
	old, next := day.AddDate(-3, 0, 0), day.AddDate(-3, 0, 1)
	last := next.Add(sinks.RunsKept - time.Minute) // ends when the second is as old as may be
	first, second := run(r.name, "1", old), run(r.name, "2", next)
	left := func(job string) (ids []string) {
		for _, row := range r.h.Ledger(r, "runs", columns("job", "id", "state")) {
			if row[0] == job && row[2] == "succeeded" {
				ids = append(ids, strings.TrimPrefix(row[1], r.name))
			}
		}
		slices.Sort(ids)
		return ids
	}
	for _, c := range []struct {
		runs []sinks.Run
		want []string
	}{
		{[]sinks.Run{first, run(other.Job, "3", old)}, []string{"1"}},
		{[]sinks.Run{first, second}, []string{"1", "2"}},
		{[]sinks.Run{run(r.name, "4", last), second, first}, []string{"2", "4"}},
	} {
		if err := recorder.RecordRuns(r.Context(), c.runs); err != nil {
			r.Fatalf("record runs: %v", err)
		}
		if d := cmp.Diff(c.want, left(r.name)); d != "" {
			r.Errorf("runs after %d were handed in (-want +got):\n%s", len(c.runs), d)
		}
	}
	if d := cmp.Diff([]string{"3"}, left(other.Job)); d != "" {
		r.Errorf("runs of another job (-want +got):\n%s", d)
	}
}

// expectFresh compares the rule's one line of freshness with the given cells.
func (r *rule) expectFresh(when string, change map[string]string) {
	r.Helper()
	names := []string{"job", "table_name", "complete_through", "provisional_from", "rows", "starts_at", "parts", "oldest_part", "last_load", "last_check"}
	want := map[string]string{"job": r.name, "table_name": r.name, "provisional_from": Null}
	maps.Copy(want, change)
	var cells []string
	for _, n := range names {
		cells = append(cells, want[n])
	}
	if d := cmp.Diff([]string{line(cells...)}, r.ledger("freshness", columns(names...))); d != "" {
		r.Fatalf("freshness %s, of %v (-want +got):\n%s", when, names, d)
	}
}

func freshness(r *rule) {
	if r.mode == sinks.Snapshot {
		freshState(r)
	} else {
		freshDays(r)
	}
}

// freshDays is about a table with intervals.
func freshDays(r *rule) {
	bring := func(s sinks.Slice, n int, provisional bool) sinks.Receipt {
		return r.bring(s, func(l *sinks.Load) { l.Provisional = provisional }, r.content(someFrom(10*n, 2, "a")))
	}
	at := func(n int) string { return cellOf(day.AddDate(0, 0, n)) }
	bring(r.slice(3), 3, false)
	bring(r.slice(0), 0, false)
	last := bring(r.slice(1), 1, false)
	want := map[string]string{
		"complete_through": at(2), "rows": "6", "starts_at": at(0), "parts": "1", "oldest_part": "north",
		"last_load": cellOf(last.At), "last_check": cellOf(last.At),
	}
	r.expectFresh("with a day missing", want)
	last = bring(r.slice(2), 2, true)
	maps.Copy(want, map[string]string{"rows": "8", "provisional_from": at(2), "last_load": cellOf(last.At), "last_check": cellOf(last.At)})
	r.expectFresh("with a provisional day", want)
	check := last.At.Add(time.Hour)
	if err := r.sink.Checked(r.Context(), r.slice(2), check, false); err != nil {
		r.Fatal(err)
	}
	maps.Copy(want, map[string]string{"complete_through": at(4), "provisional_from": Null, "last_check": cellOf(check)})
	r.expectFresh("when that day is final", want)
	w := r.begin(r.sink, r.loadOf(r.slice(4), r.content(nil)))
	r.expectFresh("while a load is on its way", want)
	r.abort(w)
	south := r.slice(1)
	south.Part = "south"
	last = bring(south, 5, true)
	maps.Copy(want, map[string]string{
		"complete_through": at(1), "provisional_from": at(1), "rows": "10", "parts": "2", "oldest_part": "south", "last_load": cellOf(last.At),
	})
	r.expectFresh("with a part that has only a provisional day", want)
	r.h.Drop(r, r.name)
	if got := r.ledger("freshness", columns("job", "rows")); len(got) > 0 {
		r.Errorf("of a table that was dropped: %q", got)
	}
}

// freshState: the current state is as fresh as the part that was read longest ago.
func freshState(r *rule) {
	first := r.load(r.slice(0), r.content(some(2, "a")))
	last := r.load(r.slice(1), r.content(some(3, "b")))
	want := map[string]string{
		"complete_through": cellOf(first.At), "rows": "5", "starts_at": Null, "parts": "2", "oldest_part": r.slice(0).Part,
		"last_load": cellOf(last.At), "last_check": cellOf(last.At),
	}
	r.expectFresh("of two parts", want)
	check := last.At.Add(time.Hour)
	if err := r.sink.Checked(r.Context(), r.slice(0), check, false); err != nil {
		r.Fatal(err)
	}
	maps.Copy(want, map[string]string{"complete_through": cellOf(last.At), "oldest_part": r.slice(1).Part, "last_check": cellOf(check)})
	r.expectFresh("when one was read again", want)
}
