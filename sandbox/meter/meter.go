// Package meter counts what reaches a sandbox, as the server sees it: the proof
// that a client kept its limits is taken here and not in the client.
//
// A request is noted under one or more keys (an integrator, a network, an
// account) the moment its handler starts, refused or not. Times are offsets from
// the last reset on the monotonic clock, so a change of the wall clock does not
// disturb them. Memory: 8 bytes per request and key, and the last 10,000 pages.
package meter

import (
	"slices"
	"sync"
	"time"
)

// All is the key under which every request is counted.
const All = ""

const pagesKept = 10_000

// Meter is safe for concurrent use. Make one with [New].
type Meter struct {
	mu    sync.Mutex
	since time.Time
	keys  map[string]*tally
	ops   map[string]int
	pages []Page
}

type tally struct {
	arrivals    []time.Duration
	refused     int
	inFlight    int
	maxInFlight int
}

// Page is one page of rows that was answered.
type Page struct {
	Operation string `json:"operation"`
	Key       string `json:"key"`  // whose rows: the network, the site
	Page      string `json:"page"` // as the caller sent it, "" = not sent
	Rows      int    `json:"rows"`
	First     string `json:"first"` // key of the first row written, "" on an empty page
	Last      string `json:"last"`
}

// New returns an empty meter.
func New() *Meter {
	return &Meter{since: time.Now(), keys: map[string]*tally{}, ops: map[string]int{}}
}

// Call is one request between its arrival and its end.
type Call struct {
	m     *Meter
	tally []*tally
	done  bool
}

// Arrive notes a request for operation op under [All] and the given keys. The caller ends it with [Call.Done].
func (m *Meter) Arrive(op string, keys ...string) *Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := time.Since(m.since)
	c := &Call{m: m}
	m.ops[op]++
	for _, key := range append([]string{All}, keys...) {
		t := m.keys[key]
		if t == nil {
			t = &tally{}
			m.keys[key] = t
		}
		t.arrivals = append(t.arrivals, at)
		t.inFlight++
		t.maxInFlight = max(t.maxInFlight, t.inFlight)
		c.tally = append(c.tally, t)
	}
	return c
}

// Refuse notes that the request was turned away by a limit.
func (c *Call) Refuse() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	for _, t := range c.tally {
		t.refused++
	}
}

// Done ends the request; a second call does nothing.
func (c *Call) Done() {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.done {
		return
	}
	c.done = true
	for _, t := range c.tally {
		t.inFlight--
	}
}

// Served notes a page of rows.
func (m *Meter) Served(p Page) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pages) == pagesKept {
		m.pages = slices.Delete(m.pages, 0, pagesKept/10)
	}
	m.pages = append(m.pages, p)
}

// Reset forgets everything but the requests still in flight.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since = time.Now()
	clear(m.ops)
	m.pages = nil
	for key, t := range m.keys {
		if t.inFlight == 0 {
			delete(m.keys, key)
			continue
		}
		t.arrivals, t.refused, t.maxInFlight = nil, 0, t.inFlight
	}
}
