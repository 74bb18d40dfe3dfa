package piwikpro

import (
	"encoding/binary"
	"math"
	"slices"
)

// tableRow is one row of a query on its way: the dimensions, and what the metrics are made of.
type tableRow struct {
	dims  []cell // the cells of the columns that are dimensions, zero for the others
	parts []tally
	last  uint64 // the session counted last, plus one
	tie   uint64
	cells []cell
}

// tally is what one metric is made of.
type tally struct {
	n, over  int64
	seen     map[string]bool
	overSeen map[string]bool
	values   []float64
	cents    bool
}

// run makes the rows of a query, not in order.
func (v *view) run(p *plan) []*tableRow {
	groups := map[string]*tableRow{}
	var key []byte
	var turn, before uint64 // sessions so far, and the id of the last one
	dims := make([]cell, len(p.columns))
	v.each(p, 0, func(r *row) bool {
		key = key[:0]
		for i := range p.columns {
			if c := &p.columns[i]; !c.isMetric() {
				dims[i] = c.cell(r)
				key = dims[i].appendKey(key)
			}
		}
		g := groups[string(key)]
		if g == nil {
			g = &tableRow{dims: slices.Clone(dims), parts: make([]tally, len(p.columns)), tie: hashText(string(key))}
			groups[string(key)] = g
		}
		if r.e == nil || r.s.id != before {
			turn++
			before = r.s.id
		}
		g.add(p, r, g.last != turn)
		g.last = turn
		return true
	})
	rows := make([]*tableRow, 0, len(groups))
	for _, g := range groups {
		g.finish(p)
		if p.having == nil || p.having(g.of(p)) {
			rows = append(rows, g)
		}
	}
	if len(rows) == 0 && !slices.ContainsFunc(p.columns, func(c column) bool { return !c.isMetric() }) {
		g := &tableRow{dims: dims, parts: make([]tally, len(p.columns))}
		g.finish(p)
		rows = append(rows, g) // without dimensions there is always a row
	}
	return rows
}

// of reads a metric of the group by its column.
func (g *tableRow) of(p *plan) func(*column) cell {
	return func(want *column) cell {
		for i := range p.columns {
			if &p.columns[i] == want {
				return g.cells[i]
			}
		}
		return cell{}
	}
}

// add takes a row; fresh reports whether it is the first one of its session in this group.
func (g *tableRow) add(p *plan, r *row, fresh bool) {
	for i := range p.columns {
		c, t := &p.columns[i], &g.parts[i]
		switch {
		case c.metric != nil:
			t.n += amount(c.measure, r, c.goal, fresh, &t.seen)
			if c.over != mNone {
				t.over += amount(c.over, r, -1, fresh, &t.overSeen)
			}
		case c.isMetric():
			if fresh || c.dim.scope != sessionScope { // what a session has counts once, however many of its events there are
				t.fold(c.turn.fold, c.dim.cell(r))
			}
		}
	}
}

// amount is what a row adds to a measure.
func amount(m measure, r *row, goal int, fresh bool, seen *map[string]bool) int64 {
	switch m {
	case mSessions:
		return flag(fresh).n
	case mVisitors, mUsers, mReturning:
		if m == mReturning && visits(r) == 0 {
			return 0
		}
		who := string(binary.BigEndian.AppendUint64(nil, mix(r.s.site.seed, r.s.visitor)))
		if m == mUsers {
			who = userID(r)
		}
		if who == "" || (*seen)[who] {
			return 0
		}
		if *seen == nil {
			*seen = map[string]bool{}
		}
		(*seen)[who] = true
		return 1
	}
	if r.e == nil {
		return m.inSession(r.s, goal)
	}
	return m.inEvent(r.s, r.e, goal)
}

// fold takes a value of a dimension.
func (t *tally) fold(how fold, c cell) {
	if c.kind == null || c.kind == pair && c.nullID {
		return
	}
	if how == foldCount {
		key := string(c.appendKey(nil))
		if t.seen == nil {
			t.seen = map[string]bool{}
		}
		t.seen[key] = true
		return
	}
	t.cents = c.kind == money
	first := t.over == 0
	t.over++
	switch how {
	case foldSum, foldAverage:
		t.n += c.n
	case foldMin:
		if first || c.n < t.n {
			t.n = c.n
		}
	case foldMax:
		if first || c.n > t.n {
			t.n = c.n
		}
	case foldMedian:
		t.values = append(t.values, float64(c.n))
	}
}

// finish makes the cells.
func (g *tableRow) finish(p *plan) {
	g.cells = slices.Clone(g.dims)
	for i := range p.columns {
		c, t := &p.columns[i], &g.parts[i]
		switch {
		case c.metric != nil && c.over != mNone:
			g.cells[i] = realCell(ratio(t.n, t.over))
		case c.metric != nil && c.cents:
			g.cells[i] = moneyCell(t.n)
		case c.metric != nil:
			g.cells[i] = numberCell(t.n)
		case c.isMetric():
			g.cells[i] = t.folded(c.turn.fold)
		}
	}
	g.dims, g.parts = nil, nil
}

func ratio(n, over int64) float64 {
	if over == 0 {
		return 0
	}
	return float64(n) / float64(over)
}

// folded is the figure a dimension became; nothing of nothing, but for sums and counts.
func (t *tally) folded(how fold) cell {
	value := numberCell
	scale := 1.0
	if t.cents {
		value, scale = moneyCell, 100
	}
	switch {
	case how == foldCount:
		return numberCell(int64(len(t.seen)))
	case how == foldSum:
		return value(t.n)
	case t.over == 0:
		return cell{}
	case how == foldAverage:
		return realCell(float64(t.n) / float64(t.over) / scale)
	case how == foldMedian:
		slices.Sort(t.values)
		middle := t.values[(len(t.values)-1)/2]
		return value(int64(math.Round(middle)))
	}
	return value(t.n)
}

// arrange puts rows in the order asked for. What it does not tell apart comes in
// the order of another number for each shuffle, with 0 always in the same.
func arrange(p *plan, rows []*tableRow, shuffle uint64) {
	slices.SortFunc(rows, func(a, b *tableRow) int {
		for _, k := range p.order {
			if n := a.cells[k.column].compare(&b.cells[k.column]); n != 0 {
				if k.desc {
					return -n
				}
				return n
			}
		}
		if shuffle == 0 {
			return compareRows(a, b)
		}
		return compareOrdered(mix(shuffle, a.tie), mix(shuffle, b.tie))
	})
}

func compareRows(a, b *tableRow) int {
	for i := range a.cells {
		if n := a.cells[i].compare(&b.cells[i]); n != 0 {
			return n
		}
	}
	return compareOrdered(a.tie, b.tie)
}
