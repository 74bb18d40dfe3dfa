package lake_test

import (
	"context"
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
