package owapro

import (
	"encoding/json"
	"time"
)

// column is one column of an answer: cells that are ready for each class of days
// or trackgroups, or a metric that is written anew for each row.
type column struct {
	name   string
	cells  [][]byte
	day    bool // the classes are those of days
	metric *metric
}

func (col *column) cell(row ref) []byte {
	if col.day {
		return col.cells[row.day]
	}
	return col.cells[row.group]
}

// dimensionCells writes a cell for each class; byID asks for ids instead of labels.
func (r *result) dimensionCells(d *dimension, byID bool, dates Dates, write func(value string, ok bool) []byte) *column {
	col := &column{name: d.name, day: d.day != nil}
	if byID {
		col.name = d.nameID
	}
	if col.day {
		for _, day := range r.days {
			t := r.view.date(day)
			text := d.day(t)
			if d.name == "date" {
				text = dates.format(t)
			}
			col.cells = append(col.cells, write(text, true))
		}
		return col
	}
	for _, g := range r.groups {
		text, ok := d.group(g)
		if byID {
			text, ok = d.idText(g), true
		}
		col.cells = append(col.cells, write(text, ok))
	}
	return col
}

func (f Dates) format(t time.Time) string {
	switch f {
	case DatesDMY:
		return t.Format("02/01/2006")
	case DatesMDY:
		return t.Format("01/02/2006")
	default:
		return t.Format(time.DateOnly)
	}
}

// appendJSON writes any value as JSON; what it is given can always be written.
func appendJSON(dst []byte, v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(dst, doc...)
}
