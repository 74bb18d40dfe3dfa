package owapro

import (
	"fmt"
	"maps"
	"sync"
)

// Restatement changes what happened to a customer on a day (sheet: Late data):
// costs and sales of most rows, and some rows come or go.
type Restatement struct {
	Customer   int    `json:"customer"`    // 0 = all
	Day        string `json:"day"`         // YYYY-MM-DD
	AfterCalls int    `json:"after_calls"` // happens when so many reports have been answered from the data; 0 = at once
}

// history is what happened to the data since it was made, and what is known of it by heart.
type history struct {
	mu       sync.Mutex
	versions map[dayOf]uint64 // never changed, replaced
	pending  []Restatement
	calls    int // reports answered
	relative int // relative dates in filters
	cache    []cached
}

// cached is a result that may be asked for again.
type cached struct {
	key string
	*result
}

const resultsKept = 4

// begin counts a report and returns the data as it is for all of it.
func (h *history) begin(w *world, relative int) *view {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.relative += relative
	h.calls++
	v := &view{world: w, days: w.days(), versions: h.versions}
	var later []Restatement
	for _, r := range h.pending {
		if r.AfterCalls > h.calls {
			later = append(later, r)
		} else {
			h.apply(w, r)
		}
	}
	h.pending = later
	return v
}

// apply makes the days of r another version. The caller holds the lock.
func (h *history) apply(w *world, r Restatement) {
	day, err := w.day(r.Day)
	if err != nil {
		panic(err) // validated before
	}
	next := maps.Clone(h.versions)
	if next == nil {
		next = map[dayOf]uint64{}
	}
	for _, c := range w.customers {
		if r.Customer == 0 || r.Customer == c.ID {
			next[dayOf{c.ID, day}]++
		}
	}
	h.versions, h.cache = next, nil
}

func (h *history) restate(w *world, r Restatement) error {
	if _, err := w.day(r.Day); err != nil {
		return fmt.Errorf("restate: %w", err)
	}
	if r.Customer != 0 && w.customer(r.Customer) == nil || r.AfterCalls < 0 {
		return fmt.Errorf("restate: no customer %d, or a negative number", r.Customer)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.AfterCalls > h.calls {
		h.pending = append(h.pending, r)
		return nil
	}
	h.apply(w, r)
	return nil
}

// find returns a result that is known, or makes it; fresh says which.
func (h *history) find(v *view, q *query, shuffle uint64) (r *result, fresh bool) {
	key := fmt.Sprint(v.days, " ", q.key())
	h.mu.Lock()
	for _, c := range h.cache {
		if c.key == key && shuffle == 0 && sameVersions(c.view, v) && c.view.world == v.world {
			h.mu.Unlock()
			return &result{query: q, view: c.view, days: c.days, groups: c.groups, rows: c.rows, sums: c.sums, stats: c.stats}, false
		}
	}
	h.mu.Unlock()
	r = v.run(q)
	r.arrange(shuffle)
	r.stats = sync.OnceValue(r.figures)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cache = append(h.cache, cached{key, r})
	if len(h.cache) > resultsKept {
		h.cache = h.cache[1:]
	}
	return r, true
}

func sameVersions(a, b *view) bool { return maps.Equal(a.versions, b.versions) }

// Restate makes r happen, at once or later.
func (s *Server) Restate(r Restatement) error { return s.history.restate(s.state.Load().world, r) }

// Reports returns how many reports were answered from the data: what [Restatement].AfterCalls counts.
func (s *Server) Reports() int {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return s.history.calls
}

// RelativeDates returns how many relative words there were in filters: a load that can be repeated sends none.
func (s *Server) RelativeDates() int {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return s.history.relative
}
