package ratelimit_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"exporter/ratelimit"
)

func BenchmarkPermit(b *testing.B) {
	limits := map[string]ratelimit.Limits{
		"three windows": {Windows: []ratelimit.Window{
			{N: 1 << 20, Per: 10 * time.Microsecond}, {N: 1 << 20, Per: 20 * time.Microsecond}, {N: 1 << 20, Per: 30 * time.Microsecond},
		}},
		"one place": {Concurrency: 1},
	}
	for name, limit := range limits {
		for _, workers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/%d", name, workers), func(b *testing.B) {
				l := newLimiter(b, limit, ratelimit.Options{})
				b.ReportAllocs()
				b.SetParallelism(max(workers/runtime.GOMAXPROCS(0), 1))
				cycle := func() {
					p, err := l.Acquire(b.Context(), ratelimit.Ask{})
					if err != nil {
						b.Error(err)
						return
					}
					p.FirstByte()
					p.Release()
				}
				if workers == 1 {
					for b.Loop() {
						cycle()
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						cycle()
					}
				})
			})
		}
	}
}
