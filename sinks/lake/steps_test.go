package lake_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
)

func sameNames(t testing.TB, when string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s there is (-want +got):\n%s", when, d)
	}
}

// TestRival: whenever another writer of the slice comes, it wins, and the one before
// has committed already or leaves nothing.
func TestRival(t *testing.T) {
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			won, lost := 0, 0
			for stop, came := 1, true; came; stop++ {
				p, at := newPlace(), ""
				if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
					t.Fatal(err)
				}
				first := p.open()
				stopBefore(first, stop, func(step string) error {
					at = step
					return loadTwo(t.Context(), p.open(), "rival", 1)
				})
				err := loadTwo(t.Context(), first, "new", 2)
				if came = at != ""; !came {
					break
				}
				switch {
				case err == nil:
					won++
				case fault.ClassOf(err) == fault.Interrupted:
					lost++
				default:
					t.Errorf("a rival came before %s: %v (%s)", at, err, fault.ClassOf(err))
				}
				p.sees(t)
				want := "rival"
				if err == nil && p.sees(t) == "new" { // it began when the rival had ended
					if won > 2 {
						t.Errorf("the rival that came before %s is gone", at)
					}
					continue
				}
				p.holds(t, "a rival came before "+at+";", want, 1)
				p.agrees(t, at)
			}
			if won < 4 || lost < 4 {
				t.Errorf("the first writer won %d times and lost %d, want both several times", won, lost)
			}
		})
	}
}

// TestFailedStep: a load that fails anywhere leaves nothing if it was not decided,
// and is finished by whoever looks next if it was.
func TestFailedStep(t *testing.T) {
	broken := fault.New(fault.Transient, "the store does not answer")
	t.Parallel()
	for name, newPlace := range places(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for stop, came := 1, true; came; stop++ {
				p, at := newPlace(), ""
				s := p.open()
				stopBefore(s, stop, func(step string) error { at = step; return broken })
				err := loadTwo(t.Context(), s, "new", 2)
				if came = at != ""; !came {
					break
				}
				if err != nil && (!errors.Is(err, broken) || fault.ClassOf(err) != fault.Transient) {
					t.Errorf("%s failed: %v (%s)", at, err, fault.ClassOf(err))
				}
				if p.sees(t) == "" {
					names, err := p.names()
					if err != nil {
						t.Fatal(err)
					}
					for _, n := range names {
						if n != "facts/_schema.json" && n != "facts_1/_schema.json" {
							t.Errorf("%s failed: %s is left", at, n)
						}
					}
				}
				p.agrees(t, "after "+at+" failed")
				if err := loadTwo(t.Context(), p.open(), "new", 2); err != nil {
					t.Fatalf("after %s failed: %v", at, err)
				}
				p.holds(t, "after "+at+" failed and a load", "new", 2)
			}
		})
	}
}
