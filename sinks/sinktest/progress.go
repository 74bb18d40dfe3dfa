package sinktest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks"
)

// Progress is a sink whose ledger keeps what is complete of each part, beside what tells
// of that whether it is right.
type Progress struct {
	Sink  sinks.Sink
	Shape record.Table // Facts, maybe with a key
	// Differences compares what is kept with a count of all slices; "" = none.
	Differences func() string
	// Jobs are the names in the ledger's progress, runs and restatements.
	Jobs func() string
	// Drop removes the table facts, and Kept counts what is kept of it.
	Drop func()
	Kept func() string
}

// Run checks that whatever is loaded, checked and renamed, in whatever order, what is kept
// of the parts is what a count of all slices gives.
func (p Progress) Run(t *testing.T) {
	const seed = 4
	random := rand.New(rand.NewPCG(seed, seed))
	rounds := 150
	if testing.Short() || underRace {
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
			if err := p.Sink.Checked(t.Context(), slice, time.Now(), !final); err != nil {
				t.Fatal(err)
			}
		} else {
			l, batches := p.load(n, random, &what)
			l.Slice, l.Provisional = slice, !final
			if err := Attempt(t, p.Sink, l, batches...); err != nil {
				t.Fatal(err)
			}
			loaded[slice] = true
		}
		if got := p.Differences(); got != "" {
			t.Fatalf("round %d, %s: progress and its count differ: %s", n, what, got)
		}
	}
	p.renamed(t)
	p.Drop()
	l := LoadOf(p.Shape, Batch(0, ""))
	l.Slice.Job = "figures"
	if err := Attempt(t, p.Sink, l); err != nil {
		t.Fatal(err)
	}
	if got := p.Differences() + p.Kept(); got != "1" {
		t.Errorf("after a table was made anew: %s", got)
	}
}

// load is one of a few rows, at times into another table too.
func (p Progress) load(n int, random *rand.Rand, what *string) (sinks.Load, []*record.Batch) {
	rows := Batch(random.IntN(4), fmt.Sprint(n))
	l := LoadOf(p.Shape, rows)
	batches := []*record.Batch{rows}
	if random.IntN(8) == 0 {
		*what += ", two tables"
		more := l.Tables[0]
		more.Name = "more"
		l.Tables, l.Read = append(l.Tables, more), 2*l.Read
		second := *rows
		second.Table = 1
		batches = append(batches, &second)
	}
	return l, batches
}

// renamed gives the slices to another job while one of them is being loaded.
func (p Progress) renamed(t *testing.T) {
	t.Helper()
	rows := Batch(2, "begun")
	w, err := p.Sink.Begin(t.Context(), LoadOf(p.Shape, rows))
	if err != nil {
		t.Fatal(err)
	}
	renamer, ok := p.Sink.(sinks.Renamer)
	if !ok {
		t.Fatalf("%T does not rename", p.Sink)
	}
	if err := renamer.Rename(t.Context(), []string{"facts"}, "figures"); err != nil {
		t.Fatal(err)
	}
	if got := p.Differences() + p.Jobs(); got != "figures" {
		t.Errorf("after a rename: %s", got)
	}
	if err := w.Write(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Differences() + p.Jobs(); got != "figures" {
		t.Errorf("after a load that had begun before the rename: %s", got)
	}
}
