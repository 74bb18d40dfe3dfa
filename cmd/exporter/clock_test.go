package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clockVar names the file of a clock that a test turns for all its processes.
const clockVar = "CLOCK"

// wallClock is one clock for several processes, which goes on from where it is turned to.
// Its file has how far it is ahead of the machine's.
type wallClock struct {
	path  string
	ahead time.Duration
}

// newClock returns a clock that shows a time now.
func newClock(t *testing.T, at time.Time) *wallClock {
	t.Helper()
	c := &wallClock{path: filepath.Join(t.TempDir(), "clock"), ahead: time.Until(at)}
	c.turn(t, 0)
	return c
}

func (c *wallClock) env() string { return clockVar + "=" + c.path }

func (c *wallClock) now() time.Time { return time.Now().Add(c.ahead) }

// turn turns it.
func (c *wallClock) turn(t *testing.T, by time.Duration) {
	t.Helper()
	c.ahead += by
	err := os.WriteFile(c.path+".new", []byte(c.ahead.String()), 0o600)
	if err == nil {
		err = os.Rename(c.path+".new", c.path) // whoever looks sees one time or the other
	}
	if err != nil {
		t.Fatal(err)
	}
}

// clockOf returns the clock of a process: the one of a test, or one of its own that
// starts at today.
func clockOf(path string) func() time.Time {
	if path == "" {
		started := time.Now()
		return func() time.Time { return today.Add(time.Since(started)) }
	}
	var mu sync.Mutex
	var ahead time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		text, err := os.ReadFile(path)
		if err == nil {
			ahead, err = time.ParseDuration(string(text))
		}
		if err != nil {
			panic(fmt.Errorf("clock of the test: %w", err))
		}
		return time.Now().Add(ahead)
	}
}
