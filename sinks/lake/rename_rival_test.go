package lake_test

import (
	"context"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sinks"
)

// TestRenameBesideALoad: one exporter gives a slice to another job while a second one, of
// the old configuration, loads it under the old name. Wherever the one stops for the other,
// one job has the slice afterwards, and the rows are there once.
func TestRenameBesideALoad(t *testing.T) {
	t.Parallel()
	rename := func(ctx context.Context, s sinks.Sink) error {
		return s.(sinks.Renamer).Rename(ctx, []string{"facts"}, "fresh")
	}
	load := func(ctx context.Context, s sinks.Sink) error { return loadTwo(ctx, s, "new", 2) }
	for name, newPlace := range places(t) {
		for _, c := range []struct {
			name         string
			first, other func(context.Context, sinks.Sink) error
		}{
			{"a load stops for a rename", load, rename},
			{"a rename stops for a load", rename, load},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				stops, won := 0, map[string]int{}
				for came := true; came; stops++ {
					p, at := newPlace(), ""
					if err := loadTwo(t.Context(), p.open(), "old", 3); err != nil {
						t.Fatal(err)
					}
					var second error
					s := p.open()
					stopBefore(s, stops+1, func(step string) error {
						at = step
						second = c.other(t.Context(), p.open())
						return nil
					})
					first := c.first(t.Context(), s)
					came = at != ""
					for _, err := range []error{first, second} {
						if err != nil && fault.HintOf(err) == "" {
							t.Errorf("before %s: %v, without a hint", at, err)
						}
					}
					if first != nil && second != nil {
						t.Errorf("before %s both lose: %v; %v", at, first, second)
					}
					mark := p.sees(t)
					won[mark]++
					owners := ""
					for _, job := range []string{"facts", "fresh"} {
						list, err := p.open().Committed(t.Context(), job, day, day.AddDate(0, 0, 1))
						if err != nil {
							t.Fatal(err)
						}
						for range list {
							owners += job + " "
						}
					}
					if owners != "facts " && owners != "fresh " {
						t.Errorf("before %s: the slice belongs to %q (%v, %v)", at, owners, first, second)
					}
					if err := rename(t.Context(), p.open()); err != nil {
						t.Errorf("before %s: the next rename: %v", at, err)
					}
					parts := map[string]int{"old": 3, "new": 2}[mark]
					p.holdsFresh(t, "before "+at, parts)
					if t.Failed() {
						return
					}
				}
				if stops < 8 || won["new"] == 0 || won["old"] == 0 {
					t.Errorf("%d stops, and readers saw %v", stops, won)
				}
			})
		}
	}
}

// TestRenameBesideARename: of two exporters that rename at once one is killed. Wherever
// the other is about to write at that time and whatever the one has done by then, the slice has its new
// name alone after the next rename, and may have its old one back.
func TestRenameBesideARename(t *testing.T) {
	t.Parallel()
	killed := fault.New(fault.Transient, "killed")
	rename := func(s sinks.Sink, from, to string) error {
		return s.(sinks.Renamer).Rename(t.Context(), []string{from}, to)
	}
	for name, newPlace := range places(t) {
		if name == "files" && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for stop, came := 1, true; came; stop++ {
				came = false
				for kill, alive := 1, true; alive; kill++ {
					p, at := newPlace(), ""
					if err := loadTwo(t.Context(), p.open(), "new", 1); err != nil {
						t.Fatal(err)
					}
					alive = false
					s := p.open()
					stopBefore(s, stop, func(step string) error {
						at, came = step, true
						if !strings.HasPrefix(step, "put ") { // nothing of it is in doubt
							return nil
						}
						rival := p.open()
						stopBefore(rival, kill, func(step string) error {
							at, alive = at+", the rival before "+step, true
							return killed
						})
						_ = rename(rival, "facts", "fresh") // whatever comes of it
						return nil
					})
					_ = rename(s, "facts", "fresh") // likewise
					if err := rename(p.open(), "facts", "fresh"); err != nil {
						t.Fatalf("before %s: the next rename: %v", at, err)
					}
					p.holdsFresh(t, "before "+at, 1)
					if err := rename(p.open(), "fresh", "facts"); err != nil {
						t.Fatalf("before %s: back: %v", at, err)
					}
				}
			}
		})
	}
}
