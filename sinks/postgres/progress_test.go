package postgres_test

import (
	"testing"
	"time"

	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/postgres/pgtest"
	"exporter/sinks/sinktest"
)

// counted compares progress with what a count of all slices gives.
const counted = `SELECT string_agg(x::text, '; ') FROM (
	(TABLE exporter.progress EXCEPT TABLE exporter.progress_counted) UNION ALL (TABLE exporter.progress_counted EXCEPT TABLE exporter.progress)) x`

func TestProgress(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	tell := func(query string) func() string { return func() string { return ask(t, db, query) } }
	sinktest.Progress{
		Sink: sink, Shape: facts, Differences: tell(counted),
		Jobs: tell("SELECT string_agg(DISTINCT job, ' ') FROM (SELECT job FROM exporter.progress UNION ALL SELECT job FROM exporter.runs UNION ALL SELECT job FROM exporter.restatements) x"),
		Drop: func() { execute(t, db, "DROP TABLE marketing.facts") },
		Kept: tell("SELECT count(*) FROM exporter.progress WHERE table_name = 'facts'"),
	}.Run(t)
}

// TestProgressInOneOrder: checks, loads and what counts anew take the rows of several
// tables in one order, wherever those lie, so that none waits for another in a circle.
func TestProgressInOneOrder(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	db, other := connect(t, dsn), connect(t, dsn)
	execute(t, db, "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET enable_indexscan = off', current_database()); EXECUTE format('ALTER DATABASE %I SET enable_bitmapscan = off', current_database()); END$$")
	sink := open(t, config(dsn))
	rows := batch(2, "a")
	load := func(tables int) error {
		l := loadOf(facts, rows)
		l.Tables[0].Name = "a"
		if tables > 1 {
			more := l.Tables[0]
			more.Name = "b"
			l.Tables, l.Read = append(l.Tables, more), 2*l.Read
		}
		second := *rows
		second.Table = 1
		return attempt(t, sink, l, []*record.Batch{rows, &second}[:tables]...)
	}
	if err := load(2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"check", func() error { return sink.Checked(t.Context(), loadOf(facts, rows).Slice, time.Now(), false) }},
		{"load", func() error { return load(2) }},
		{"load of other tables", func() error { return load(1) }},
		{"rename", func() error { return sink.(sinks.Renamer).Rename(t.Context(), []string{"facts"}, "figures") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := load(2); err != nil {
				t.Fatal(err)
			}
			execute(t, other, "UPDATE exporter.progress SET rows = rows WHERE table_name = 'a'", // now it lies behind b
				"BEGIN", "SELECT FROM exporter.progress WHERE table_name = 'a' FOR UPDATE")
			done := make(chan error, 1)
			go func() { done <- c.do() }()
			for ask(t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == "0" {
				if len(done) > 0 {
					t.Fatalf("does not wait: %v", <-done)
				}
			}
			_, locked := other.Exec(t.Context(), "SELECT FROM exporter.progress WHERE table_name = 'b' FOR UPDATE NOWAIT")
			execute(t, other, "COMMIT")
			if err := <-done; err != nil || locked != nil {
				t.Errorf("%v; row b was locked before a: %v", err, locked)
			}
		})
	}
}

// TestProgressMeets: a check makes a day final while the day behind it is loaded.
// Whichever is committed first, both are part of what is complete.
func TestProgressMeets(t *testing.T) {
	dsn := pgtest.Start(t).Database(t)
	sink, db := open(t, config(dsn)), connect(t, dsn)
	first := loadOf(facts, batch(1, "first"))
	first.Provisional = true
	w := begin(t, sink, first)
	if err := w.Write(t.Context(), batch(1, "first")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What a load of the next day does before its COMMIT.
	other := connect(t, dsn)
	execute(t, other, "BEGIN", `INSERT INTO exporter.slices (table_schema, job, part, interval_start, interval_end, state, tables, provisional, fence, loaded_at, checked_at)
		SELECT table_schema, job, part, interval_end, interval_end + interval '1 day', state, tables, false, 1, loaded_at, checked_at FROM exporter.slices`,
		"UPDATE exporter.progress SET rows = rows + 1")
	done := make(chan error)
	go func() { done <- sink.Checked(t.Context(), first.Slice, day.AddDate(1, 0, 0), false) }()
	for ask(t, db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == "0" {
	}
	execute(t, other, "COMMIT")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, counted); got != "" {
		t.Errorf("progress and its count differ: %s", got)
	}
}
