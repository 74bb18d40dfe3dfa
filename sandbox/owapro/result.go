package owapro

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// result is the rows of a query in order. It is never changed and may be shared.
type result struct {
	*query
	view   *view
	days   []int         // a day for each class of days that look the same in the query's dimensions
	groups []*trackgroup // likewise
	rows   []ref
	sums   []measures // of the rows, if a row is more than one cell

	stats func() []stat // of the metrics, over all rows
}

// ref is a row: a class of days, a class of trackgroups, and a place in sums.
type ref struct{ day, group, sum int32 }

// run finds the rows of q. A row of one day and one trackgroup is not stored but
// computed each time it is read.
func (v *view) run(q *query) *result {
	r := &result{query: q, view: v}
	days, dayClass := v.selectDays(q)
	groups, groupClass := v.selectGroups(q)
	r.days, r.groups = firsts(days, dayClass), firsts(groups, groupClass)
	plain := len(r.days) == len(days) && len(r.groups) == len(groups)
	var at []int32 // place in rows and sums, from 1
	if !plain {
		at = make([]int32, len(r.days)*len(r.groups))
	}
	for i, day := range days {
		for k, g := range groups {
			if !v.present(day, g) {
				continue
			}
			row := ref{day: dayClass[i], group: groupClass[k]}
			if plain {
				r.rows = append(r.rows, row)
				continue
			}
			place := &at[int(row.day)*len(r.groups)+int(row.group)]
			if *place == 0 {
				row.sum = int32(len(r.rows))
				r.rows, r.sums = append(r.rows, row), append(r.sums, measures{})
				*place = int32(len(r.rows))
			}
			_, rate := q.in(g.customer)
			m := v.cell(day, g, rate)
			r.sums[*place-1].add(&m)
		}
	}
	return r
}

// read returns the figures of a row.
func (r *result) read(row ref) measures {
	if r.sums != nil {
		return r.sums[row.sum]
	}
	g := r.groups[row.group]
	_, rate := r.in(g.customer)
	return r.view.cell(r.days[row.day], g, rate)
}

// text returns the value of a metric that is no figure.
func (r *result) text(m *metric, row ref) string {
	_, now := r.view.hashes(r.days[row.day], r.groups[row.group])
	return m.text(mix(now, hashText(m.name)), r.view.date(r.days[row.day]).Format(time.DateOnly))
}

// selectDays returns the days of q and which of them look the same.
func (v *view) selectDays(q *query) (days []int, class []int32) {
	classes := map[string]int32{}
	for day := range v.days {
		t := v.date(day)
		if !all(q.where, func(c condition) bool { return c.dim.day == nil || c.matchDay(t) }) {
			continue
		}
		var key strings.Builder
		for _, d := range q.dims {
			if d.day != nil {
				key.WriteString(d.day(t) + "\x00")
			}
		}
		days, class = append(days, day), append(class, classOf(classes, key.String()))
	}
	return days, class
}

// selectGroups returns the trackgroups of q and which of them look the same.
func (v *view) selectGroups(q *query) (groups []*trackgroup, class []int32) {
	classes := map[string]int32{}
	for _, g := range v.allowed() {
		if !all(q.where, func(c condition) bool { return c.dim.group == nil || c.matchGroup(g) }) {
			continue
		}
		var key strings.Builder
		for _, d := range q.dims {
			if d.group == nil {
				continue
			}
			label, ok := d.group(g)
			if d.id != nil {
				label = d.idText(g)
			}
			if ok {
				key.WriteString("=")
			}
			key.WriteString(label + "\x00")
		}
		groups, class = append(groups, g), append(class, classOf(classes, key.String()))
	}
	return groups, class
}

func all[T any](list []T, is func(T) bool) bool {
	return !slices.ContainsFunc(list, func(item T) bool { return !is(item) })
}

func classOf(classes map[string]int32, key string) int32 {
	n, known := classes[key]
	if !known {
		n = int32(len(classes))
		classes[key] = n
	}
	return n
}

// firsts returns the first item of each class.
func firsts[T any](items []T, class []int32) []T {
	var out []T
	for i, item := range items {
		if int(class[i]) == len(out) {
			out = append(out, item)
		}
	}
	return out
}

// arrange sorts the rows. Rows the sort does not tell apart stay in the order of
// day and trackgroup, or come in an order that shuffle decides if it is not 0.
func (r *result) arrange(shuffle uint64) {
	if shuffle != 0 {
		rand.New(rand.NewPCG(shuffle, shuffle)).Shuffle(len(r.rows), func(i, k int) { r.rows[i], r.rows[k] = r.rows[k], r.rows[i] })
	}
	for _, key := range slices.Backward(r.sort) { // each step is stable, so the last one decides first
		if key.dim != nil {
			r.sortByDimension(key)
		} else {
			r.sortByMetric(key)
		}
	}
}

// sortByDimension counts rows per rank of their value, which is linear in the rows.
func (r *result) sortByDimension(key sortKey) {
	values := r.values(key.dim)
	distinct := slices.Clone(values)
	slices.SortFunc(distinct, natural)
	distinct = slices.Compact(distinct)
	rank := make([]int32, len(values))
	for i, value := range values {
		n, _ := slices.BinarySearchFunc(distinct, value, natural)
		if key.desc {
			n = len(distinct) - 1 - n
		}
		rank[i] = int32(n)
	}
	class := func(row ref) int32 { return row.group }
	if key.dim.day != nil {
		class = func(row ref) int32 { return row.day }
	}
	start := make([]int, len(distinct)+1)
	for _, row := range r.rows {
		start[rank[class(row)]+1]++
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	sorted := make([]ref, len(r.rows))
	for _, row := range r.rows {
		n := &start[rank[class(row)]]
		sorted[*n] = row
		*n++
	}
	r.rows = sorted
}

func (r *result) sortByMetric(key sortKey) {
	type item struct {
		ref
		value int64
		text  string
	}
	items := make([]item, len(r.rows))
	for i, row := range r.rows {
		m := r.read(row)
		items[i] = item{ref: row}
		if key.metric.kind == told {
			items[i].text = r.text(key.metric, row)
		} else {
			items[i].value, _, _ = key.metric.value(&m, false)
		}
	}
	slices.SortStableFunc(items, func(a, b item) int {
		order := cmp.Or(cmp.Compare(a.value, b.value), strings.Compare(a.text, b.text))
		if key.desc {
			return -order
		}
		return order
	})
	for i, item := range items {
		r.rows[i] = item.ref
	}
}

// values returns what each class of days or trackgroups has in a dimension, "" for nothing.
func (r *result) values(d *dimension) []string {
	var out []string
	if d.day != nil {
		for _, day := range r.days {
			out = append(out, d.day(r.view.date(day)))
		}
		return out
	}
	for _, g := range r.groups {
		label, _ := d.group(g)
		out = append(out, label)
	}
	return out
}
