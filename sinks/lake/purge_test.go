package lake_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sinks"
	"exporter/sinks/lake"
)

func purge(ctx context.Context, s sinks.Sink) error {
	_, err := s.(sinks.Purger).Purge(ctx, sinks.Purge{Job: "facts"})
	return err
}

// empty checks that nothing is left of the slice.
func (p place) empty(t testing.TB, when string) {
	t.Helper()
	p.agrees(t, when)
	got, err := p.names()
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(name string) bool {
		return strings.HasPrefix(name, "_restatements/") || strings.HasSuffix(name, "/_schema.json")
	})
	sameNames(t, when, []string{}, got)
}

// TestPurgeStops: a purge that ends between any two steps has left the slice as it was
// or taken it from readers as a whole. The next purge does the rest, and a load goes
// over it, also after one that has failed.
func TestPurgeStops(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dies := errors.New("the process ended")
			for stop, came := 1, true; came; stop++ {
				for _, next := range []string{"purge", "load", "load after one that failed"} {
					p, at := newPlace(), ""
					if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
						t.Fatal(err)
					}
					dying := p.open()
					stopBefore(dying, stop, func(step string) error { at = step; return dies })
					err := purge(t.Context(), dying)
					if came = at != ""; !came {
						p.empty(t, "after a purge")
						break
					}
					if !errors.Is(err, dies) {
						t.Fatalf("stopped before %s: %v", at, err)
					}
					when := "a purge stopped before " + at + ", then " + next + ":"
					p.agrees(t, when)
					if next == "purge" {
						if err := purge(t.Context(), p.open()); err != nil {
							t.Fatalf("%s %v", when, err)
						}
						p.empty(t, when)
						continue
					}
					if strings.Contains(next, "failed") {
						failing := p.open()
						stopBefore(failing, 3, func(string) error { return fault.New(fault.Permanent, "the disk is gone") })
						if err := loadTwo(t.Context(), failing, "rival", 1); err == nil {
							t.Fatal("the load did not fail")
						}
					}
					if err := loadTwo(t.Context(), p.open(), "new", 2); err != nil {
						t.Fatalf("%s %v (%s)", when, err, fault.HintOf(err))
					}
					p.holds(t, when, "new", 2)
				}
			}
		})
	}
}

// TestPurgeMeetsLoads: whenever one comes between any two steps of the other, readers
// see one load or nothing, and so they do after a further purge and load.
func TestPurgeMeetsLoads(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, purgeComes := range []bool{true, false} {
				for stop, came := 1, true; came; stop++ {
					p, at := newPlace(), ""
					if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
						t.Fatal(err)
					}
					load := func(s sinks.Sink) error { return loadTwo(t.Context(), s, "new", 2) }
					first, second := load, func(s sinks.Sink) error { return purge(t.Context(), s) }
					if !purgeComes {
						first, second = second, first
					}
					held := p.open()
					stopBefore(held, stop, func(step string) error {
						at = step
						return second(p.open())
					})
					err := first(held)
					if came = at != ""; !came {
						break
					}
					when := "something else came before " + at + ";"
					if class := fault.ClassOf(err); err != nil && class != fault.Interrupted && class != fault.Transient {
						t.Fatalf("%s %v (%s)", when, err, class)
					}
					p.agrees(t, when)
					if purgeComes && err != nil && p.sees(t) != "" {
						t.Fatalf("%s the load has failed (%v), and readers see %q", when, err, p.sees(t))
					}
					if err := purge(t.Context(), p.open()); err != nil {
						t.Fatalf("%s a further purge: %v", when, err)
					}
					p.empty(t, when)
					if err := load(p.open()); err != nil {
						t.Fatalf("%s a further load: %v", when, err)
					}
					p.holds(t, when, "new", 2)
				}
			}
		})
	}
}

// TestPurgeUnderALoadThatPublishes: a load begins after a purge has taken the slice, and
// is decided before the purge has removed the objects that both know. The load is
// there in the end.
func TestPurgeUnderALoadThatPublishes(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace()
			if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
				t.Fatal(err)
			}
			decided, purged, loaded := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			loading := p.open()
			waited := false
			lake.OnStep(loading, func(step string) error {
				if strings.HasPrefix(step, "publish ") && !waited {
					waited = true
					close(decided)
					<-purged
				}
				return nil
			})
			purging := p.open()
			stopBefore(purging, 2, func(step string) error {
				if !strings.HasPrefix(step, "remove facts") {
					t.Errorf("the second step of a purge is %s", step)
				}
				go func() { loaded <- loadTwo(t.Context(), loading, "new", 2) }()
				<-decided
				return nil
			})
			if err := purge(t.Context(), purging); err != nil {
				t.Error(err)
			}
			close(purged)
			if err := <-loaded; err != nil {
				t.Fatalf("the load that began later: %v (%s)", err, fault.HintOf(err))
			}
			p.holds(t, "after both", "new", 2)
		})
	}
}
