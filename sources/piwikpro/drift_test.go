package piwikpro_test

import (
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
)

// streams are the three that are paged by reports.
var streams = map[string]func(int) sources.Options{"sessions": sessions, "events": events, "query": query}

// restated changes the day that tests read after so many answers.
func restated(after int, doubled bool) []sandbox.Restatement {
	return []sandbox.Restatement{{Site: sandbox.SiteID(shop), Day: oneDay, AfterCalls: after, Doubled: doubled}}
}

func TestRowsThatMoveBetweenPagesAreSeen(t *testing.T) {
	for name, options := range streams {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Restate: restated(2, false)})
			got := ofDay(t, v, options(10))
			if fault.ClassOf(got.err) != fault.Drift || len(got.marks) != 2 {
				t.Fatalf("got %v of class %q after %d pages, want class %q after 2", got.err, fault.ClassOf(got.err), len(got.marks), fault.Drift)
			}
			if says := strings.Contains(fault.HintOf(got.err), "10 minutes"); says != (name == "query") {
				t.Errorf("hint %q: only reports come from a cache", fault.HintOf(got.err))
			}
			ofDay(t, v, options(10)).whole(t, ofDay(t, v, options(0)))
		})
		t.Run(name+", after a stop", func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			s := overWire(t, v, v.config(), options(10))
			before := ofDay(t, v, options(10))
			if err := v.Restate(sandbox.Restatement{Site: sandbox.SiteID(shop), Day: oneDay}); err != nil {
				t.Fatal(err)
			}
			for i, mark := range before.marks {
				req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC"), After: mark}
				if got := collect(t.Context(), t, s, req); fault.ClassOf(got.err) != fault.Drift || got.rows > 0 {
					t.Errorf("after checkpoint %d: got %v and %d rows, want class %q and none", i, got.err, got.rows, fault.Drift)
				}
			}
		})
	}
}

// A row that goes and one that comes leave the count as it is. The pages show it.
func TestRowsThatMoveWithoutChangingTheirNumberAreSeen(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	shifted := &shift{vendor: v, after: 3}
	v.SetFront(shifted.serve)
	got := ofDay(t, v, sessions(10))
	if fault.ClassOf(got.err) != fault.Drift || !strings.Contains(got.err.Error(), "no longer what it was") {
		t.Errorf("got %v of class %q, want class %q", got.err, fault.ClassOf(got.err), fault.Drift)
	}
}

func TestCachedReportsAreOfOneMoment(t *testing.T) {
	cfg := sandbox.Config{Answers: sandbox.Answers{Cache: sandbox.CacheQuery}, Restate: restated(2, false)}
	ofDay(t, newVendor(t, cfg), query(10)).whole(t, clean(t, query(0)))
	cfg.Answers.Cache = sandbox.CachePage
	if got := ofDay(t, newVendor(t, cfg), query(10)); fault.ClassOf(got.err) != fault.Drift {
		t.Errorf("pages of two moments: got %v, want class %q", got.err, fault.Drift)
	}
}

func TestOrder(t *testing.T) {
	ties := sandbox.Config{Answers: sandbox.Answers{Ties: sandbox.TiesChanging}}
	ofDay(t, newVendor(t, ties), query(7)).whole(t, clean(t, query(0)))
	raw := sandbox.Config{Answers: sandbox.Answers{RawOrder: sandbox.TiesChanging}}
	if got := ofDay(t, newVendor(t, raw), sessions(10)); fault.ClassOf(got.err) != fault.Drift || !strings.Contains(fault.HintOf(got.err), "page_size") {
		t.Errorf("pages of no fixed order: got %v with hint %q, want class %q", got.err, fault.HintOf(got.err), fault.Drift)
	}
	ofDay(t, newVendor(t, raw), sessions(0)).whole(t, clean(t, sessions(0)))
}

func TestPagesThatAreShorterThanAskedFor(t *testing.T) {
	for name, options := range streams {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{SilentLimit: 9}})
			ofDay(t, v, options(0)).whole(t, clean(t, options(0)))
		})
	}
}

func TestTemporaryCopies(t *testing.T) {
	for _, name := range []string{"sessions", "events"} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Restate: restated(0, true)})
			got := ofDay(t, v, streams[name](11))
			if got.err != nil || !got.provisional || !strings.Contains(got.warning(), "twice") || got.announced != got.rows {
				t.Errorf("got %v, provisional %t, %d rows of %d, warnings %q: want copies to be told", got.err, got.provisional, got.rows, got.announced, got.warnings)
			}
			v.CleanUp()
			if got := ofDay(t, v, streams[name](11)); got.err != nil || got.provisional || len(got.warnings) > 0 {
				t.Errorf("after the clean-up: %v, provisional %t, warnings %q", got.err, got.provisional, got.warnings)
			}
		})
	}
}

// Copies are told wherever the reading stopped, between a row and its copy as well.
func TestTemporaryCopiesAfterAStop(t *testing.T) {
	v := newVendor(t, sandbox.Config{Restate: restated(0, true)})
	s := overWire(t, v, v.config(), sessions(1))
	req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
	whole := collect(t.Context(), t, s, req)
	if whole.err != nil || !whole.provisional || len(whole.marks) < 20 {
		t.Fatalf("%v, provisional %t, %d pages", whole.err, whole.provisional, len(whole.marks))
	}
	for i := 0; i < len(whole.marks); i += 4 { // some are between the two
		req.After = whole.marks[i]
		if got := collect(t.Context(), t, s, req); got.err != nil || !got.provisional || got.warning() != whole.warning() {
			t.Errorf("after page %d: %v, provisional %t, warnings %q, want %q", i+1, got.err, got.provisional, got.warnings, whole.warnings)
		}
	}
}
