package ratelimit_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/ratelimit"
)

func TestPaceSpreadsShortWindows(t *testing.T) {
	for limit, want := range map[string][]time.Duration{
		"10/10s": append(slices.Repeat([]time.Duration{0}, 5), seconds(1, 2, 3, 4, 5, 10, 10, 10, 10, 10, 11)...),
		"2/1s":   {0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond},
		"4/1m":   seconds(0, 0, 0, 0, 60, 60, 60, 60), // long windows are used when the work is there
	} {
		t.Run(limit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{window(t, limit)}}, ratelimit.Options{})
				start := time.Now()
				var got []time.Duration
				for range want {
					spend(t, l, 1)
					got = append(got, time.Since(start).Round(time.Millisecond))
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func seconds(s ...int) []time.Duration {
	var out []time.Duration
	for _, v := range s {
		out = append(out, time.Duration(v)*time.Second)
	}
	return out
}
