package main

import (
	"math"
	"runtime/debug"
	"testing"

	"exporter/jobs"
)

func TestMemoryIsBoundedByTheSlicesAtWork(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	env := map[string]string{}
	m := Main{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	handed := 0
	notify := m.bounded(func(jobs.Event) { handed++ })
	for i, step := range []struct {
		kind jobs.EventKind
		want int64
	}{
		{jobs.SliceRead, math.MaxInt64},
		{jobs.SliceBegan, 80 << 20},
		{jobs.SliceBegan, 120 << 20},
		{jobs.SliceEnded, 80 << 20},
		{jobs.SliceEnded, 80 << 20},
	} {
		notify(jobs.Event{Kind: step.kind})
		if got := debug.SetMemoryLimit(-1); got != step.want || handed != i+1 {
			t.Errorf("step %d: limit %d, want %d; %d events were handed on", i, got, step.want, handed)
		}
	}
	env["GOMEMLIMIT"] = "1GiB"
	debug.SetMemoryLimit(1 << 30)
	m.bounded(func(jobs.Event) {})(jobs.Event{Kind: jobs.SliceBegan})
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("the user's limit became %d", got)
	}
}
