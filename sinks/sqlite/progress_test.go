package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/sqlite"
)

// differences compares progress with what a count of all slices gives.
var differences = `WITH counted AS (` + sqlite.Counted + `)
	SELECT coalesce(group_concat(job || part || table_name || starts_at || ' ' || complete_through || ' ' || last_load || ' ' || last_check || ' ' || rows, '; '), '') FROM (
	SELECT * FROM (SELECT * FROM exporter_progress EXCEPT SELECT * FROM counted)
	UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM exporter_progress))`

// TestProgress: whatever is loaded and checked, in whatever order, what is kept of the
// parts is what a count of all slices gives.
func TestProgress(t *testing.T) {
	path := newFile(t)
	sink, db := open(t, path), connect(t, path)
	const seed = 4
	random := rand.New(rand.NewPCG(seed, seed))
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	loaded := map[sinks.Slice]bool{}
	for n := range rounds {
		at := day.AddDate(0, 0, random.IntN(9))
		slice := sinks.Slice{Job: "facts", Part: []string{"north", "south"}[random.IntN(2)], Start: at, End: at.AddDate(0, 0, 1)}
		final := random.IntN(4) > 0
		what := fmt.Sprintf("%s %s, final %v", slice.Part, at.Format(time.DateOnly), final)
		if loaded[slice] && random.IntN(3) == 0 {
			what = "check of " + what
			if err := sink.Checked(t.Context(), slice, time.Now(), !final); err != nil {
				t.Fatal(err)
			}
		} else {
			rows := batch(random.IntN(4), fmt.Sprint(n))
			l := loadOf(facts, rows)
			l.Slice, l.Provisional = slice, !final
			batches := []*record.Batch{rows}
			if random.IntN(8) == 0 { // another table beside
				what += ", two tables"
				more := l.Tables[0]
				more.Name = "more"
				l.Tables, l.Read = append(l.Tables, more), 2*l.Read
				second := *rows
				second.Table = 1
				batches = append(batches, &second)
			}
			if err := try(t, sink, l, batches...); err != nil {
				t.Fatal(err)
			}
			loaded[slice] = true
		}
		if got := ask(t, db, differences); got != "" {
			t.Fatalf("round %d, %s: progress and its count differ: %s", n, what, got)
		}
	}
	const names = "SELECT group_concat(DISTINCT job) FROM (SELECT job FROM exporter_progress UNION ALL SELECT job FROM exporter_runs UNION ALL SELECT job FROM exporter_restatements)"
	begun := loadOf(facts, batch(2, "begun"))
	begun.Slice = sinks.Slice{Job: "facts", Part: "north", Start: day, End: day.AddDate(0, 0, 1)}
	w, err := sink.Begin(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.(sinks.Renamer).Rename(t.Context(), []string{"facts"}, "figures"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, differences) + ask(t, db, names); got != "figures" {
		t.Errorf("after a rename: %s", got)
	}
	if err := w.Write(t.Context(), batch(2, "begun")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, differences) + ask(t, db, names); got != "figures" {
		t.Errorf("after a load that had begun before the rename: %s", got)
	}
	execute(t, db, "DROP TABLE facts")
	l := loadOf(facts, batch(0, ""))
	l.Slice.Job = "figures"
	if err := try(t, sink, l); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, differences) + ask(t, db, "SELECT count(*) FROM exporter_progress WHERE table_name = 'facts'"); got != "1" {
		t.Errorf("after a table was made anew: %s", got)
	}
}
