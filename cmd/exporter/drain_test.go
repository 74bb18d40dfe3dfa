package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"exporter/sinks/postgres/pgtest"
)

// SIGTERM ends a serve with 0 in whatever phase its run is. What could end within the grace
// period is complete; what could not is done by the next serve, which reads no page again.
// TestSIGTERMDrainsAServe has the serve that is idle.
func TestSIGTERMInEachPhase(t *testing.T) {
	t.Parallel()
	const (
		pages     = 4 // of ten rows, and the empty one that ends it
		whole     = `"msg":"run ended".*"state":"succeeded"`
		unlimited = `limits = ["10000/1s"]`
		cutShort  = `"msg":"run ended".*"state":"interrupted"`
	)
	type stage struct {
		*testing.T
		g     *gate
		dsn   string
		serve func(grace string) *servant
	}
	inLoad := func(s *stage, grace string) (*servant, func()) {
		release := locked(s.T, s.dsn, "marketing.conversions")
		first := s.serve(grace)
		becomes(s.T, direct(s.T, s.dsn), waitsIn("DELETE %"), "1")
		return first, release
	}
	for name, phase := range map[string]func(s *stage) (first *servant, left bool){
		"reading": func(s *stage) (*servant, bool) {
			held, release := s.g.hold(s.T, 2)
			first := s.serve("10m")
			<-held
			first.signal(s.T, syscall.SIGTERM)
			first.await(s.T, 1, `"msg":"draining`)
			release()
			first.await(s.T, 1, whole)
			return first, false
		},
		"reading for too long": func(s *stage) (*servant, bool) {
			held, _ := s.g.hold(s.T, 2)
			first := s.serve("1ms")
			<-held
			first.signal(s.T, syscall.SIGTERM)
			first.await(s.T, 1, cutShort)
			return first, true
		},
		"waiting for quota": func(s *stage) (*servant, bool) {
			first := s.serve("1ms")
			first.await(s.T, 1, `"msg":"waiting for quota"`)
			first.signal(s.T, syscall.SIGTERM)
			first.await(s.T, 1, cutShort)
			return first, true
		},
		"loading": func(s *stage) (*servant, bool) {
			first, release := inLoad(s, "10m")
			first.signal(s.T, syscall.SIGTERM)
			first.await(s.T, 1, `"msg":"draining`)
			release()
			first.await(s.T, 1, whole)
			return first, false
		},
		"loading for too long": func(s *stage) (*servant, bool) {
			first, release := inLoad(s, "1ms")
			first.signal(s.T, syscall.SIGTERM)
			first.await(s.T, 1, cutShort)
			release()
			return first, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gate{}
			vendor, url := newVendor(t, 30, 1, g.serve)
			srv := pgtest.Start(t)
			dsn := srv.Database(t)
			c := newClock(t, today)
			newServed(t, url, dsn, c).run(t, "run", "conversions") // makes the table
			if _, err := vendor.HasOffers().Restate("2026-11-21", 3); err != nil {
				t.Fatal(err)
			}
			limits := unlimited
			if name == "waiting for quota" {
				limits = "limits = [\"2/1h\"]\nmax_wait = \"2h\""
			}
			p := newServed(t, url, dsn, c, unlimited, limits)
			before := g.calls()
			first, left := phase(&stage{t, g, dsn, func(grace string) *servant { return p.serve(t, []string{"--grace", grace}) }})
			if log, code := first.text(t); code != 0 {
				t.Errorf("ended with %d:\n%s", code, log)
			}
			look := direct(t, dsn)
			if left {
				if got := value(t, look, `SELECT count(*) FROM exporter.slices WHERE run IN (SELECT id FROM exporter.runs WHERE trigger = 'cli')`); got != "1" {
					t.Errorf("what was there is not there any more")
				}
				if err := os.WriteFile(filepath.Join(p.dir, "jobs.toml"), []byte(servedTOML), 0o600); err != nil { // the vendor grants more
					t.Fatal(err)
				}
				next := p.serve(t, nil)
				next.await(t, 1, whole)
				next.drain(t)
			}
			want := pages
			if name == "reading for too long" {
				want++ // the page in flight
			}
			if got := g.calls() - before; got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
			wantConversions(t, vendor, look)
		})
	}
}
