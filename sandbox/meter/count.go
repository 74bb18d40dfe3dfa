package meter

import (
	"maps"
	"slices"
	"time"
)

// Count is what a meter knows about one key.
type Count struct {
	Requests    int `json:"requests"` // refused ones included
	Refused     int `json:"refused"`
	InFlight    int `json:"in_flight"`
	MaxInFlight int `json:"max_in_flight"`
	// MaxInWindow holds, per asked window ("10s"), the largest number of requests in any sliding window of that length.
	MaxInWindow map[string]int `json:"max_in_window,omitempty"`
}

// Snapshot is the whole meter as it is served to other processes.
type Snapshot struct {
	Since      time.Time        `json:"since"`
	All        Count            `json:"all"`
	Keys       map[string]Count `json:"keys"`
	Operations map[string]int   `json:"operations"`
	Pages      []Page           `json:"pages"`
}

// Arrivals returns when each request of key arrived, counted from the last reset.
func (m *Meter) Arrivals(key string) []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.keys[key]; t != nil {
		return slices.Clone(t.arrivals)
	}
	return nil
}

// MaxInWindow returns the largest number of requests of key that arrived in any
// sliding window of length d. Two requests exactly d apart are in different windows.
func (m *Meter) MaxInWindow(key string, d time.Duration) int {
	return maxInWindow(m.Arrivals(key), d)
}

// Count returns the figures of key, with the maximum for each of the windows.
func (m *Meter) Count(key string, windows ...time.Duration) Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.keys[key]; t != nil {
		return t.count(windows)
	}
	return Count{}
}

// Operations returns how often each operation was called.
func (m *Meter) Operations() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.ops)
}

// Pages returns the pages served, oldest first.
func (m *Meter) Pages() []Page {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pages)
}

// Snapshot returns all figures at one moment.
func (m *Meter) Snapshot(windows ...time.Duration) Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Snapshot{
		Since: m.since.UTC(), Keys: map[string]Count{},
		Operations: maps.Clone(m.ops), Pages: slices.Clone(m.pages),
	}
	for key, t := range m.keys {
		if key == All {
			s.All = t.count(windows)
			continue
		}
		s.Keys[key] = t.count(windows)
	}
	return s
}

func (t *tally) count(windows []time.Duration) Count {
	c := Count{Requests: len(t.arrivals), Refused: t.refused, InFlight: t.inFlight, MaxInFlight: t.maxInFlight}
	for _, d := range windows {
		if c.MaxInWindow == nil {
			c.MaxInWindow = map[string]int{}
		}
		c.MaxInWindow[d.String()] = maxInWindow(t.arrivals, d)
	}
	return c
}

// maxInWindow expects ascending arrivals; they are, being noted under one lock.
func maxInWindow(arrivals []time.Duration, d time.Duration) int {
	most, from := 0, 0
	for to, at := range arrivals {
		for at-arrivals[from] >= d {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}
