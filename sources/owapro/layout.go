package owapro

import (
	"slices"

	"exporter/record"
)

// newTyper prepares a block's columns: those of its table are filled, the others
// only tell rows apart. Amounts are rounded to so many decimals, nil keeps them.
func newTyper(table record.Table, b Block, d blockDefinition, probed bool, decimals *int) *typer {
	t := &typer{probed: probed}
	t.raw = t.reject
	for _, dim := range b.Dimensions {
		t.place(table, dim, dimensionKind(table, dim), true)
	}
	for _, m := range b.Metrics {
		t.place(table, m, metricKind(table, m, d.Formats[m], probed), false)
	}
	for _, dim := range b.Dimensions {
		if id := d.IDs[dim]; id != "" {
			i := t.place(table, id, asText, false)
			t.slots[t.slot(dim)].id = i
		}
	}
	t.date, t.account = t.slot(fieldDate), t.slot(fieldCustomerID)
	keyed := make([]bool, len(t.slots)) // what identifies a row
	for i, s := range t.slots {
		keyed[i] = keyed[i] || s.dim
		if s.id >= 0 {
			keyed[s.id] = true
			t.labelled = append(t.labelled, labelled{slot: i, id: s.id})
		}
	}
	for i := range t.slots {
		if keyed[i] {
			t.identifying = append(t.identifying, i)
		} else {
			t.others = append(t.others, i)
		}
	}
	for _, c := range table.Columns {
		cell := cell{slot: t.slot(c.Wire()), number: numeric(c.Type)}
		cell.day = cell.slot >= 0 && t.slots[cell.slot].kind == asDate
		if cell.slot >= 0 && t.slots[cell.slot].kind == asMoney && c.Type == record.Numeric {
			cell.decimals = decimals
		}
		t.cells = append(t.cells, cell)
	}
	t.row, t.pending = newCells(len(t.slots)), newCells(len(t.slots))
	t.sums = newSums(t.slots)
	return t
}

// place returns the slot of a name, which is made if there is none.
func (t *typer) place(table record.Table, name string, k kind, dim bool) int {
	if i := t.slot(name); i >= 0 {
		t.slots[i].dim = t.slots[i].dim || dim
		return i
	}
	masked := slices.ContainsFunc(table.Columns, func(c record.Column) bool { return c.Wire() == name && c.Mask != nil })
	t.slots = append(t.slots, slot{name: name, kind: k, dim: dim, id: -1, masked: masked})
	return len(t.slots) - 1
}

func (t *typer) slot(name string) int {
	return slices.IndexFunc(t.slots, func(s slot) bool { return s.name == name })
}

func (t *typer) names() []string {
	var names []string
	for _, s := range t.slots {
		names = append(names, s.name)
	}
	return names
}

func dimensionKind(table record.Table, name string) kind {
	if name == fieldDate {
		return asDate
	}
	return kindOf(table, name)
}

func metricKind(table record.Table, name, format string, probed bool) kind {
	switch format {
	case "integer":
		return asNumber
	case "float":
		if !probed { // it may be anything
			return asPercent
		}
		return asNumber
	case "percent":
		return asPercent
	case "currency":
		return asMoney
	case "date":
		return asDate
	}
	return kindOf(table, name)
}

// kindOf is how a job wants a column to be read of which nothing else is known.
func kindOf(table record.Table, name string) kind {
	for _, c := range table.Columns {
		switch {
		case c.Wire() != name:
		case numeric(c.Type):
			return asNumber
		case c.Type == record.Date:
			return asDate
		}
	}
	return asText
}

func numeric(t record.Type) bool {
	return t == record.Integer || t == record.Numeric || t == record.Float
}
