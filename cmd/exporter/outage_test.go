package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"exporter/sinks/postgres/pgtest"
)

// A vendor, a database, or both are down from the firing at 05:00 on, for hours. The serve
// tries again by itself, ever more rarely; once they are back, the next time brings all of
// it, without a firing and without reading what it has read.
func TestDownForHours(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]struct{ vendor, database bool }{
		"vendor": {vendor: true}, "database": {database: true}, "both": {vendor: true, database: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gate{}
			vendor, url := newVendor(t, 30, 1, g.serve)
			srv := pgtest.Start(t)
			if down.database {
				srv = pgtest.New(t, nil)
			}
			dsn := srv.Database(t)
			c := newClock(t, today)
			p := newServed(t, url, dsn, c)
			g.setDown(down.vendor)
			if down.database {
				srv.Stop(t)
			}
			s := p.serve(t, nil)
			// 5, 15 and 45 minutes, then 2 hours, and a tenth of each at most.
			for n, pause := range []time.Duration{0, 6 * time.Minute, 17 * time.Minute, 50 * time.Minute} {
				c.turn(t, pause)
				s.await(t, n+1, `"msg":"run ended".*"state":"failed"`)
				s.await(t, n+1, fmt.Sprintf(`"msg":"what failed is tried again".*"at":"%s`, c.now().In(newYork(t)).Format("2006-01-02T")))
			}
			before := g.calls()
			if down.database && !down.vendor && before != 4 {
				t.Errorf("%d calls while the database was down, want the 4 of one reading", before)
			}
			g.setDown(false)
			if down.database {
				srv.Start(t)
			}
			c.turn(t, 135*time.Minute)
			s.await(t, 1, `"msg":"run ended".*"state":"succeeded"`)
			s.drain(t)
			if got := g.calls() - before; down.vendor && got != 4 || !down.vendor && got != 0 {
				t.Errorf("%d calls when all was back", got)
			}
			look := direct(t, dsn)
			wantConversions(t, vendor, look)
			want := strings.Repeat("again failed 1, ", 3) + "again succeeded 0, schedule failed 1"
			if got := value(t, look, `SELECT string_agg(concat_ws(' ', trigger, state, slices_failed), ', ' ORDER BY trigger, state) FROM exporter.runs`); got != want {
				t.Errorf("runs: %s", got)
			}
		})
	}
}

func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
