package main

import (
	"runtime/debug"
	"sync"

	"exporter/jobs"
)

// Beyond so much memory for itself and for every slice at work the program looks for
// what it can give back before it asks the machine for more. A slice takes no more
// with more rows, but the collector, left alone, lets as much garbage gather as there
// is in use.
const (
	memoryOfProgram = 40 << 20
	memoryOfSlice   = 40 << 20
)

// bounded keeps the limit of memory while it hands events on to notify. GOMEMLIMIT is
// the user's, and stays as it is.
func (m Main) bounded(notify func(jobs.Event)) func(jobs.Event) {
	if limit, _ := m.Env("GOMEMLIMIT"); limit != "" {
		return notify
	}
	var mu sync.Mutex
	slices := 0
	work := func(more int) {
		mu.Lock()
		defer mu.Unlock()
		slices += more
		debug.SetMemoryLimit(memoryOfProgram + int64(max(slices, 1))*memoryOfSlice)
	}
	return func(e jobs.Event) {
		switch e.Kind {
		case jobs.SliceBegan:
			work(1)
		case jobs.SliceEnded:
			work(-1)
		default:
		}
		notify(e)
	}
}
