package piwikpro

import "slices"

// source is what an answer was made from.
type source struct {
	key    string // of the plan
	world  *world
	at     *snapshot
	cutoff int64
}

// cachedResult is the rows of a query that may be asked for page by page, in stable order.
type cachedResult struct {
	source
	rows []*tableRow
}

// cachedCount is how many rows sessions or events have.
type cachedCount struct {
	source
	n int
}

const (
	resultsKept = 3
	cellsKept   = 2_000_000 // of a result; larger ones are made again for each page
	countsKept  = 64
)

// source is the same for answers with the same rows.
func (v *view) source(p *plan) source {
	out := source{p.key, v.world, v.snapshot, v.cutoff}
	if p.to+secondsOfDay < v.cutoff { // nothing in the span is too young, at no place
		out.cutoff = 1 << 62
	}
	return out
}

// query serves /query/.
func (c *call) query() *problem {
	p, v, bad := c.begin("")
	if bad != nil {
		return bad
	}
	rows := c.s.history.rows(v, p)
	if shuffle := c.shuffle(c.st.cfg.Answers.Ties); shuffle != 0 {
		rows = slices.Clone(rows)
		arrange(p, rows, shuffle)
	}
	page := rows[min(p.offset, len(rows)):min(p.offset+p.limit, len(rows))]
	c.send(p, len(rows), func(yield func([]cell) bool) {
		for _, g := range page {
			if !yield(g.cells) {
				return
			}
		}
	})
	return nil
}

// rows returns the rows of a query, made before or now.
func (h *history) rows(v *view, p *plan) []*tableRow {
	from := v.source(p)
	h.mu.Lock()
	for _, r := range h.results {
		if r.source == from {
			h.mu.Unlock()
			return r.rows
		}
	}
	h.mu.Unlock()
	rows := v.run(p)
	arrange(p, rows, 0)
	if len(rows)*len(p.columns) > cellsKept {
		return rows
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results = append(h.results, cachedResult{from, rows}); len(h.results) > resultsKept {
		h.results = slices.Delete(h.results, 0, 1)
	}
	return rows
}

// count returns how many rows sessions or events have, counted before or now.
func (h *history) count(v *view, p *plan) int {
	from := v.source(p)
	h.mu.Lock()
	for _, c := range h.counts {
		if c.source == from {
			h.mu.Unlock()
			return c.n
		}
	}
	h.mu.Unlock()
	n := v.countRaw(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts = append(h.counts, cachedCount{from, n}); len(h.counts) > countsKept {
		h.counts = slices.Delete(h.counts, 0, 1)
	}
	return n
}
