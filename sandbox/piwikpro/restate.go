package piwikpro

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// Restatement is what comes late to a day of a site (sheet: §4 late events): some
// sessions come, some get more events, and the first time a few go.
type Restatement struct {
	Site       string `json:"site"`        // id; "" = all
	Day        string `json:"day"`         // YYYY-MM-DD, in the zone of the site
	AfterCalls int    `json:"after_calls"` // happens when so many reports have been answered; 0 = at once
	Doubled    bool   `json:"doubled"`     // the old copy of what changed stays too, until [Server.CleanUp]
}

type dayOf struct{ site, day int }

// snapshot is what has happened to the data. It is never changed, only replaced.
type snapshot struct {
	versions map[dayOf]uint64
	doubled  map[dayOf]bool
}

// history is what happened to the data since it was made, and the answers that are kept.
type history struct {
	mu      sync.Mutex
	now     *snapshot
	pending []Restatement
	calls   int // reports answered
	kept    map[string]kept
	results []cachedResult
	counts  []cachedCount
}

// kept is the moment a cached answer is from.
type kept struct {
	*snapshot
	cutoff int64
	until  time.Time
}

const momentsKept = 1000

// begin counts a report and returns the data as it is for all of it. With another
// key than "", reports with the same key see the same data for a while.
func (h *history) begin(st *state, key string) *view {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	var later []Restatement
	for _, r := range h.pending {
		if r.AfterCalls >= h.calls {
			later = append(later, r)
		} else {
			h.apply(st.world, r)
		}
	}
	h.pending = later
	v := h.view(st)
	if key == "" {
		return v
	}
	now := time.Now()
	if old, ok := h.kept[key]; ok && now.Before(old.until) {
		v.snapshot, v.cutoff = old.snapshot, old.cutoff
		return v
	}
	if h.kept == nil || len(h.kept) >= momentsKept {
		h.kept = map[string]kept{}
	}
	h.kept[key] = kept{v.snapshot, v.cutoff, now.Add(time.Duration(st.cfg.Answers.CacheSeconds) * time.Second)}
	return v
}

// view is the data as it is now. The caller holds the lock.
func (h *history) view(st *state) *view {
	cutoff := st.world.now().Unix() - int64(st.cfg.Data.DelayMinutes)*60
	if st.world.Days > 0 && st.world.Now == "" {
		cutoff = 1 << 62 // all days there are meant to be
	}
	return &view{world: st.world, snapshot: h.now, cutoff: cutoff, duplicate: uint64(st.cfg.Answers.DuplicateEvery)}
}

// apply makes the days of r another version. The caller holds the lock.
func (h *history) apply(w *world, r Restatement) {
	day, err := time.Parse(time.DateOnly, r.Day)
	if err != nil {
		panic(err) // validated before
	}
	next := &snapshot{versions: maps.Clone(h.now.versions), doubled: maps.Clone(h.now.doubled)}
	if next.versions == nil {
		next.versions, next.doubled = map[dayOf]uint64{}, map[dayOf]bool{}
	}
	for _, s := range w.sites {
		if r.Site == "" || r.Site == s.ID {
			key := dayOf{s.n, dayNumber(day)}
			next.versions[key]++
			next.doubled[key] = r.Doubled
		}
	}
	h.now = next
}

func (h *history) restate(w *world, r Restatement) error {
	if _, err := time.Parse(time.DateOnly, r.Day); err != nil {
		return fmt.Errorf("restate: day: %w", err)
	}
	if r.Site != "" && w.site(r.Site) == nil || r.AfterCalls < 0 {
		return fmt.Errorf("restate: no site %q, or a negative number", r.Site)
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

// Restate makes r happen, at once or later.
func (s *Server) Restate(r Restatement) error { return s.history.restate(s.state.Load().world, r) }

// CleanUp ends the old copies of sessions that [Restatement].Doubled left.
func (s *Server) CleanUp() {
	h := &s.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = &snapshot{versions: h.now.versions, doubled: map[dayOf]bool{}}
}

// ForgetCache ends the life of all cached answers, as ten minutes would.
func (s *Server) ForgetCache() {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	s.history.kept = nil
}

// Reports returns how many reports were answered: what [Restatement].AfterCalls counts.
func (s *Server) Reports() int {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return s.history.calls
}
