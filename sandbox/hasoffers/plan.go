package hasoffers

import (
	"cmp"
	"slices"
	"strings"
)

// sortKey is one entry of the sort parameter.
type sortKey struct {
	field Field
	desc  bool
}

// query is what a findAll asks for.
type query struct {
	window window // from the conditions on datetime and id
	filter filter // the other conditions
	sort   []sortKey
	// shuffled: no sort was asked for and none is given.
	shuffled bool
}

func parseSort(p *param, fields fieldSet) ([]sortKey, error) {
	var keys []sortKey
	if p == nil {
		return nil, nil
	}
	for _, m := range p.members {
		f, err := fields.named(m.key)
		if err != nil {
			return nil, err
		}
		keys = append(keys, sortKey{field: f, desc: strings.EqualFold(m.value, "desc")})
	}
	return keys, nil
}

// newQuery moves the conditions that bound datetime and id into the window.
func newQuery(f filter, keys []sortKey, order DefaultOrder) query {
	q := query{window: everything, sort: keys, shuffled: len(keys) == 0 && order != OrderByID}
	q.filter.groups = f.groups
	for _, c := range f.all {
		if !q.window.bound(c) {
			q.filter.all = append(q.filter.all, c)
		}
	}
	return q
}

// bound narrows the window by c and reports whether c says nothing more.
func (w *window) bound(c condition) bool {
	var target *span
	var value int64
	switch {
	case len(c.values) != 1:
		return false
	case c.field == fieldDatetime:
		target, value = &w.wall, parseWall(c.values[0])
	case c.field == fieldID && !strings.ContainsAny(c.values[0], ".-"):
		target, value = &w.ids, parseAmount(c.values[0])/100_000
	default:
		return false
	}
	switch c.op {
	case "":
		target.from, target.to = max(target.from, value), min(target.to, value+1)
	case "GREATER_THAN":
		target.from = max(target.from, value+1)
	case "GREATER_THAN_OR_EQUAL_TO":
		target.from = max(target.from, value)
	case "LESS_THAN":
		target.to = min(target.to, value)
	case "LESS_THAN_OR_EQUAL_TO":
		target.to = min(target.to, value+1)
	default:
		return false
	}
	return true
}

// result is a query's rows: how many, and a walk through them in order.
type result struct {
	count int64
	rows  walker
}

// run finds the rows of q. Windows of datetime and id in the order of id, or of
// datetime and id, are computed; everything else reads its window row by row.
func (n *network) run(v view, q query) result {
	plain := len(q.filter.all) == 0 && len(q.filter.groups) == 0
	if plain && q.ordered(sortKey{field: fieldID}) || plain && len(q.sort) == 0 && !q.shuffled {
		return result{v.count(q.window), v.byID(q.window)}
	}
	if plain && q.ordered(sortKey{field: fieldDatetime}, sortKey{field: fieldID}) && q.window.ids == everything.ids && !v.cal.repeats(q.window.wall) {
		times := v.cal.instants(q.window.wall)
		if len(times) == 1 {
			return result{v.count(q.window), v.byTime(times[0])}
		}
	}
	rows := n.scan(v, q)
	return result{int64(len(rows)), (*listWalk)(&rows)}
}

// ordered reports whether the sort is exactly keys, or keys without their last one, which only breaks ties.
func (q query) ordered(keys ...sortKey) bool {
	return slices.Equal(q.sort, keys) || len(keys) > 1 && slices.Equal(q.sort, keys[:len(keys)-1])
}

// read goes through the window, keeps what matches and sorts it.
func (n *network) read(v view, q query) []ref {
	m := newMaker(v, &n.parsed)
	var rows []ref
	scratch := make([]byte, 0, 512)
	walk := v.byID(q.window)
	for r, ok := walk.next(); ok; r, ok = walk.next() {
		full := m.row(r)
		if q.filter.match(m, &full, scratch) {
			rows = append(rows, r)
		}
	}
	if q.shuffled {
		slices.SortFunc(rows, func(a, b ref) int { return cmp.Compare(mix(v.seed+8, uint64(a.id)), mix(v.seed+8, uint64(b.id))) })
		return rows
	}
	m.sort(rows, q.sort)
	return rows
}

// sortable is a row with its sort values, numbers or texts.
type sortable struct {
	ref
	numbers []int64
	texts   []string
}

func (m *maker) sort(rows []ref, keys []sortKey) {
	if len(keys) == 0 || keys[0] == (sortKey{field: fieldID}) {
		return // they come by id
	}
	items := make([]sortable, len(rows))
	for i, r := range rows {
		items[i] = m.sortable(r, keys)
	}
	slices.SortFunc(items, func(a, b sortable) int {
		for i, key := range keys {
			order := cmp.Compare(a.numbers[i], b.numbers[i])
			if order == 0 {
				order = strings.Compare(a.texts[i], b.texts[i])
			}
			if key.desc {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return cmp.Compare(a.id, b.id)
	})
	for i, item := range items {
		rows[i] = item.ref
	}
}

// sortable computes the sort values of a row; null sorts first, as in MySQL.
func (m *maker) sortable(r ref, keys []sortKey) sortable {
	item := sortable{ref: r, numbers: make([]int64, len(keys)), texts: make([]string, len(keys))}
	full := m.row(r)
	for i, key := range keys {
		raw, ok := m.value(nil, &full, key.field, false)
		switch {
		case !ok:
			item.numbers[i] = -1 << 62
		case key.field.kind() == kindNumber:
			item.numbers[i] = parseAmount(string(raw))
		case key.field.kind() == kindTime:
			item.numbers[i] = parseWall(string(raw))
		default:
			item.texts[i] = strings.ToLower(string(raw))
		}
	}
	return item
}
