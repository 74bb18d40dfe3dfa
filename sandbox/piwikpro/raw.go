package piwikpro

import (
	"strconv"

	"exporter/sandbox/meter"
)

// begin checks a report request and takes the data it is answered from.
func (c *call) begin(rawOp string) (*plan, *view, *problem) {
	a, bad := readAsk(c.body)
	if bad != nil {
		return nil, nil, bad
	}
	p, bad := c.st.plan(a, rawOp, c.st.world.now())
	if bad != nil {
		return nil, nil, bad
	}
	return p, c.s.history.begin(c.st, c.cacheKey(p, rawOp)), nil
}

// cacheKey is the same for reports that are answered from one moment; only /query/ is cached.
func (c *call) cacheKey(p *plan, rawOp string) string {
	switch {
	case rawOp != "" || c.st.cfg.Answers.Cache == CacheOff || c.st.cfg.Answers.Cache == "":
		return ""
	case c.st.cfg.Answers.Cache == CachePage:
		return p.key + strconv.Itoa(p.offset) + "+" + strconv.Itoa(p.limit)
	}
	return p.key
}

// shuffle is another number in every answer, or 0.
func (c *call) shuffle(ties Ties) uint64 {
	if ties != TiesChanging {
		return 0
	}
	return mix(c.s.seed, c.number) | 1
}

// raw serves sessions and events.
func (c *call) raw() *problem {
	p, v, bad := c.begin(c.op)
	if bad != nil {
		return bad
	}
	c.send(p, c.s.history.count(v, p), func(yield func([]cell) bool) {
		v.rawRows(p, c.shuffle(c.st.cfg.Answers.RawOrder), p.offset, p.limit, yield)
	})
	return nil
}

// each yields the rows there are in the span, before columns are read.
func (v *view) each(p *plan, shuffle uint64, yield func(*row) bool) {
	sp := p.span
	r := row{clock: &sp.clock}
	get := func(c *column) cell { return c.cell(&r) }
	v.sessions(&sp, p.scope != sessionScope, shuffle, func(s *session) bool {
		r.s = s
		if p.scope == sessionScope {
			return !sp.has(s.start) || p.where != nil && !p.where(get) || yield(&r)
		}
		events := s.events()
		for i := range events {
			r.e = &events[i]
			if !sp.has(r.e.at) {
				continue
			}
			last := 0
			if p.scope == productScope {
				if r.e.typ != orderEvent {
					continue
				}
				last = len(productsOf(r.e)) - 1
			}
			for r.product = 0; r.product <= last; r.product++ {
				if (p.where == nil || p.where(get)) && !yield(&r) {
					return false
				}
			}
		}
		return true
	})
}

// countRaw is how many rows there are in all.
func (v *view) countRaw(p *plan) (n int) {
	v.each(p, 0, func(*row) bool {
		n++
		return true
	})
	return n
}

// rawRows yields the cells of a page; they are only good until the next row.
func (v *view) rawRows(p *plan, shuffle uint64, offset, limit int, yield func([]cell) bool) {
	cells := make([]cell, len(p.columns))
	at := 0
	v.each(p, shuffle, func(r *row) bool {
		at++
		if at <= offset {
			return true
		}
		if at > offset+limit {
			return false
		}
		for i := range p.columns {
			cells[i] = p.columns[i].cell(r)
		}
		return yield(cells)
	})
}

// served notes a page in the meter.
func (c *call) served(p *plan, rows int, first, last cell) {
	page := meter.Page{Operation: c.op, Key: p.sites[0].ID, Page: strconv.Itoa(p.offset), Rows: rows}
	if rows > 0 {
		page.First, page.Last = string(first.appendText(nil)), string(last.appendText(nil))
	}
	c.s.meter.Served(page)
}
