package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
)

// A serve that stands still for longer than its lease lasts, wherever it is, has lost its
// work to the next one: it commits nothing of what that one has begun, and ends.
func TestAPausedServeCommitsNothing(t *testing.T) {
	t.Parallel()
	const loaded = `SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(DISTINCT _loaded_at) FROM marketing.conversions`
	for name, where := range map[string]struct {
		pause func(t *testing.T, dsn string, g *gate) (there func(), release func()) // where the first one is to be paused
		begun string                                                                 // asks whether the second has begun the slice
	}{
		"reading": {
			pause: func(t *testing.T, _ string, g *gate) (func(), func()) {
				held, release := g.hold(t, 2)
				return func() { <-held }, release
			},
			begun: `SELECT count(*) FROM exporter.slices WHERE fence = 2`, // and has loaded it
		},
		"loading": {
			pause: func(t *testing.T, dsn string, _ *gate) (func(), func()) {
				release := locked(t, dsn, "marketing.conversions")
				look := direct(t, dsn)
				return func() { becomes(t, look, waitsIn("DELETE %"), "1") }, release
			},
			begun: `SELECT count(*) FROM exporter.slices WHERE fence = 3`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{}
			vendor, url := newVendor(t, 30, 1, g.serve)
			srv := pgtest.Start(t)
			dsn := srv.Database(t)
			c := newClock(t, today)
			p := newServed(t, url, dsn, c)
			p.run(t, "run", "conversions") // makes the table
			if _, err := vendor.HasOffers().Restate("2026-11-21", 3); err != nil {
				t.Fatal(err)
			}
			look := direct(t, dsn)

			there, release := where.pause(t, dsn, g)
			paused := p.serve(t, []string{"--log-level", "debug"})
			there()
			paused.signal(t, syscall.SIGSTOP)
			c.turn(t, time.Minute)
			second := p.serve(t, nil)
			if name == "reading" {
				second.await(t, 1, `"msg":"run ended".*"state":"succeeded"`)
			}
			becomes(t, look, where.begun, "1")
			if name == "loading" {
				becomes(t, look, waitsIn("%pg_advisory_xact_lock%"), "1")
			}
			release()
			paused.signal(t, syscall.SIGCONT)
			log, code := paused.text(t)
			if code != 130 || !strings.Contains(log, "another process took the state over") {
				t.Errorf("the one that was paused ended with %d:\n%s", code, log)
			}
			if strings.Contains(log, `"msg":"slice loaded"`) {
				t.Errorf("the one that was paused loaded:\n%s", log)
			}
			second.await(t, 1, `"msg":"run ended".*"state":"succeeded"`)
			second.drain(t)
			if got := value(t, look, loaded); got != "30 30 1" {
				t.Errorf("rows, ids and loads %s", got)
			}
			if got := value(t, look, `SELECT string_agg(trigger || ' ' || state || ' ' || slices_committed, ', ' ORDER BY id) FROM exporter.runs`); got != "cli succeeded 1, schedule interrupted 0, schedule succeeded 1" {
				t.Errorf("runs: %s", got)
			}
			if got := value(t, look, `SELECT string_agg(r.id || ' ' || r.state, ', ') FROM exporter.slices s JOIN exporter.runs r ON r.id = s.run`); !strings.HasSuffix(got, " succeeded") || strings.Contains(got, ",") {
				t.Errorf("the slice is of run %s", got)
			}
		})
	}
}
