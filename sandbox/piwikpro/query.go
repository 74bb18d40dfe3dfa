package piwikpro

import "slices"

// cachedResult is the rows of a query that may be asked for page by page.
type cachedResult struct {
	key    string
	world  *world
	at     *snapshot
	cutoff int64
	rows   []*tableRow // in stable order
}

const resultsKept = 3

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
	h.mu.Lock()
	for _, r := range h.results {
		if r.key == p.key && r.world == v.world && r.at == v.snapshot && r.cutoff == v.cutoff {
			h.mu.Unlock()
			return r.rows
		}
	}
	h.mu.Unlock()
	rows := v.run(p)
	arrange(p, rows, 0)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.results = append(h.results, cachedResult{p.key, v.world, v.snapshot, v.cutoff, rows})
	if len(h.results) > resultsKept {
		h.results = slices.Delete(h.results, 0, 1)
	}
	return rows
}
