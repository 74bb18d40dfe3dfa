package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestMemoryIsBoundedByWhatIsInUse(t *testing.T) {
	env := map[string]string{"GOMEMLIMIT": "1GiB"}
	m := Main{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	before := debug.SetMemoryLimit(1 << 30)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	m.bound()
	if got := debug.SetMemoryLimit(-1); got != 1<<30 && before == math.MaxInt64 {
		t.Errorf("the user's limit became %d", got)
	}
	delete(env, "GOMEMLIMIT")
	m.bound()
	const much = 100 << 20
	held := make([]byte, much)
	limit := settled(func(limit int64) bool { return limit >= much*3/2 })
	if limit < much*3/2 || limit > much*5/2 {
		t.Errorf("with %d bytes in use the limit is %d", much, limit)
	}
	runtime.KeepAlive(held)
	if limit := settled(func(limit int64) bool { return limit < much }); limit < leastMemory || limit >= much {
		t.Errorf("with little in use the limit is %d", limit)
	}
}

// settled returns the limit that rounds of the collector end with.
func settled(enough func(int64) bool) int64 {
	for range 1000 {
		runtime.GC()
		runtime.Gosched()
		if enough(debug.SetMemoryLimit(-1)) {
			break
		}
	}
	return debug.SetMemoryLimit(-1)
}
