package main

import (
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
)

// Two hosts, each with a serve and a state of its own, fill one table twice. Where
// they meet, one of them wins; the other is named in the ledger, and nobody's rows are
// there twice.
func TestTwoHostsOnOneSink(t *testing.T) {
	t.Parallel()
	g := &gate{}
	vendor, url := newVendor(t, 30, 1, g.serve)
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	clocks := []*wallClock{newClock(t, today), newClock(t, today)}
	hosts := []process{newServed(t, url, dsn, clocks[0]), newServed(t, url, dsn, clocks[1])}
	hosts[0].run(t, "run", "conversions") // makes the table
	if _, err := vendor.HasOffers().Restate("2026-11-21", 3); err != nil {
		t.Fatal(err)
	}
	look := direct(t, dsn)
	release := locked(t, dsn, "marketing.conversions")
	var serves []*servant
	for i, waits := range []string{"DELETE %", "%pg_advisory_xact_lock%"} { // the second begins the slice later
		serves = append(serves, hosts[i].serve(t, nil))
		becomes(t, look, waitsIn(waits), "1")
	}
	release()
	serves[0].await(t, 1, `"msg":"slice not loaded".*was taken over by another writer that began later.*two exporters load the same job`)
	serves[0].await(t, 1, `"msg":"run ended".*"state":"failed"`)
	serves[1].await(t, 1, `"msg":"run ended".*"state":"succeeded"`)
	const runs = `SELECT string_agg(concat_ws(' ', state, slices_committed, slices_failed, error LIKE 'job conversions, slice 2026-11-21: sink warehouse: %was taken over by another writer that began later%'), ', ' ORDER BY state)
		FROM exporter.runs WHERE trigger = 'schedule'`
	if got := value(t, look, runs); got != "failed 0 1 t, succeeded 1 0" {
		t.Errorf("runs: %s", got)
	}
	const loaded = `SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(DISTINCT _loaded_at) FROM marketing.conversions`
	if got := value(t, look, loaded); got != "30 30 1" {
		t.Errorf("rows, ids and loads %s", got)
	}

	// The next time the one that had lost comes last. It does not bring its old rows.
	if _, err := vendor.HasOffers().Restate("2026-11-21", 3); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 0} {
		clocks[i].turn(t, 12*time.Hour)
		serves[i].await(t, 2, `"msg":"run ended"`)
	}
	for _, s := range serves {
		s.drain(t)
	}
	if got := value(t, look, loaded); got != "30 30 1" {
		t.Errorf("rows, ids and loads %s", got)
	}
	wantConversions(t, vendor, look)
}
