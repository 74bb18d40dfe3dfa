package main

import (
	"strings"
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
)

// A purge that is killed between two sinks is done by the same command, or by the next
// serve: the rest of it, and what the state knows.
func TestAPurgeThatIsKilled(t *testing.T) {
	t.Parallel()
	const yearly = `schedule = "0 3 1 1 *"`
	for name, again := range map[string]func(t *testing.T, p process, purge []string){
		"by the same command": func(t *testing.T, p process, purge []string) { p.run(t, purge...) },
		"by a serve": func(t *testing.T, p process, _ []string) {
			s := p.serve(t, nil)
			s.await(t, 1, `"msg":"a run that was cut short goes on"`)
			s.await(t, 1, `"msg":"run ended".*"state":"succeeded"`)
			s.drain(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := newVendor(t, 30, 3, (&gate{}).serve)
			dsn := pgtest.Start(t).Database(t)
			p := newServed(t, url, dsn, newClock(t, today), `sinks = ["warehouse"]`, `sinks = ["local", "warehouse"]`, `schedule = "@every 12h"`, yearly)
			p.run(t, "run", "conversions", "--from", "2026-11-19")
			purge := []string{"purge", "conversions", "--from", "2026-11-19", "--to", "2026-11-21", "--yes"}
			look, release := direct(t, dsn), locked(t, dsn, "marketing.conversions")
			first := p.command(purge...)
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			becomes(t, look, waitsIn("%"), "1")
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = first.Wait() // killed
			release()
			becomes(t, look, `SELECT count(*) FROM marketing.conversions`, "90")
			again(t, p, purge)
			if got := value(t, look, `SELECT concat_ws(' ', (SELECT count(*) FROM marketing.conversions), (SELECT count(*) FROM exporter.slices),
				(SELECT string_agg(state, ',' ORDER BY started_at) FROM exporter.runs WHERE trigger = 'purge'))`); got != "30 1 interrupted,succeeded" {
				t.Errorf("rows, slices and purges: %s", got)
			}
			out, err := p.command("slices", "conversions", "--json").Output()
			if err != nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), `"interval_start":"2026-11-21`) || strings.Count(string(out), `"loaded_at"`) != 2 {
				t.Errorf("slices: %v\n%s", err, out)
			}
		})
	}
}

// A backfill that works without a serve gives way to whatever is asked for beside it, and
// then does the rest: no more than the page it was at is read twice.
func TestABackfillGivesWayToAnotherProcess(t *testing.T) {
	t.Parallel()
	const other = "[jobs.other]\nsource = \"tune\"\nstream = \"conversions\"\nsinks = [\"warehouse\"]\nschedule = \"@every 12h\"\noptions = { page_size = 10, fields = [\"id\"] }\n\n"
	for _, job := range []string{"conversions", "other"} {
		t.Run(job, func(t *testing.T) {
			g := &gate{}
			vendor, url := newVendor(t, 30, 3, g.serve)
			dsn := pgtest.Start(t).Database(t)
			p := newServed(t, url, dsn, newClock(t, today), "[jobs.conversions]", other+"[jobs.conversions]")
			held, release := g.hold(t, 6) // of the second of two days
			backfill := p.command("backfill", "conversions", "--from", "2026-11-19", "--to", "2026-11-21", "--parallel", "1", "--yes")
			var said strings.Builder
			backfill.Stdout, backfill.Stderr = &said, &said
			if err := backfill.Start(); err != nil {
				t.Fatal(err)
			}
			<-held
			stuck := time.AfterFunc(20*time.Second, release) // spent only on failure
			p.run(t, "run", job)                             // ends although the backfill is held
			stuck.Stop()
			release()
			if err := backfill.Wait(); err != nil {
				t.Errorf("backfill: %v\n%s", err, said.String())
			}
			look := direct(t, dsn)
			if got := value(t, look, `SELECT string_agg(concat_ws(' ', trigger, state, slices_committed), ', ' ORDER BY finished_at) FROM exporter.runs`); got != "cli succeeded 1, backfill succeeded 2" {
				t.Errorf("runs: %s", got)
			}
			if got := g.calls(); got != 3*4+1 {
				t.Errorf("%d calls, want 13", got)
			}
			if job == "other" {
				p.run(t, "run", "conversions")
			}
			wantConversions(t, vendor, look)
		})
	}
}

// What a run that was killed leaves is to be tried again, also before any other process
// has looked after it.
func TestRetryAfterAKill(t *testing.T) {
	g := &gate{}
	_, url := newVendor(t, 30, 3, g.serve)
	dsn := pgtest.Start(t).Database(t)
	p := newServed(t, url, dsn, newClock(t, today), `schedule = "@every 12h"`, `schedule = "0 3 1 1 *"`)
	held, release := g.hold(t, 2) // before any slice has ended
	run := p.command("run", "conversions", "--from", "2026-11-19", "--to", "2026-11-21")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	<-held
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait() // killed
	release()
	out, err := p.command("retry", "--all").CombinedOutput()
	if err != nil || strings.Contains(string(out), "all of it is done again") || strings.Contains(string(out), "nothing failed") {
		t.Errorf("retry: %v\n%s", err, out)
	}
	if got := value(t, direct(t, dsn), `SELECT string_agg(concat_ws(' ', trigger, state, slices_committed), ', ' ORDER BY started_at) FROM exporter.runs`); got != "cli interrupted 0, retry succeeded 2" {
		t.Errorf("runs: %s", got)
	}
}
