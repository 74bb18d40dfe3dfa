package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// leastMemory is what the program may have for its data without looking for what it can
// give back. A night of days takes a half of it, however many rows they have and however
// many of them are at work.
const leastMemory = 64 << 20

// bound keeps the memory of the process to leastMemory, or to half as much again as is
// really in use: left alone, the collector lets as much garbage gather as there is in
// use, and held to less than is in use it would do nothing else. GOMEMLIMIT is the
// user's, and stays as it is.
func (m Main) bound() {
	if limit, _ := m.Env("GOMEMLIMIT"); limit == "" {
		boundOnce()
	}
}

var boundOnce = sync.OnceFunc(func() {
	debug.SetMemoryLimit(leastMemory)
	afterCollection()
})

// limitFor is the limit while so much is in use.
func limitFor(used uint64) int64 { return int64(max(leastMemory, used+used/2)) }

// afterCollection sets the limit after each round of the collector, by what that left.
func afterCollection() {
	type unused struct{ _ [16]byte } // large enough not to share its memory with others
	runtime.AddCleanup(new(unused), func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(live)
		debug.SetMemoryLimit(limitFor(live[0].Value.Uint64() + live[1].Value.Uint64()))
		afterCollection()
	}, struct{}{})
}
