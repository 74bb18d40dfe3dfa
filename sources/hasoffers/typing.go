package hasoffers

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/record"
)

// cell tells how a column is filled.
type cell struct {
	slot     int    // of the field, -1 where the column holds a constant
	constant []byte // nil = null
	typ      record.Type
	utc      bool // a wall time of UTC whatever the network's zone
	secret   bool // masked: may not stand in a reject's raw form
	change   bool // the constant is the pass's
}

// typer turns rows into batches.
type typer struct {
	cells []cell
	names []string // of the slots
	id    int      // slot of id
	build *record.Builder
	row   *row
	raw   func() []byte
}

// change sets what the column of that name holds from now on.
func (t *typer) change(to []byte) {
	for i := range t.cells {
		if t.cells[i].change {
			t.cells[i].constant = to
		}
	}
}

func (t *typer) add(r *row) {
	t.row = r
	for i := range t.cells {
		c := &t.cells[i]
		switch {
		case c.slot >= 0:
			t.cell(c, r)
		case c.constant == nil:
			t.build.Null()
		default:
			t.build.Raw(c.constant)
		}
	}
	t.build.EndRow(t.raw)
}

func (t *typer) cell(c *cell, r *row) {
	text := r.text(c.slot)
	if len(text) == 0 && c.slot == t.id {
		if _, err := record.ParseInteger(r.key); err == nil {
			text = r.key // rows are keyed by it even where it is not among their fields
		}
	}
	if len(text) == 0 {
		t.build.Null()
		return
	}
	switch c.typ {
	case record.Text, record.JSON, record.Boolean:
	case record.Date, record.Timestamp, record.LocalTime:
		if text[0] == '0' && bytes.HasPrefix(text, []byte("0000-00-00")) {
			t.build.Null()
			return
		}
		if c.utc && c.typ == record.Timestamp {
			if wall, err := record.ParseWall(text); err == nil {
				t.build.Timestamp(time.UnixMicro(wall))
				return
			}
		}
	default:
		if r.isFalse(c.slot) { // some numbers are false where there is none
			t.build.Null()
			return
		}
	}
	t.build.Raw(text)
}

// rawRow is the row as the vendor sent it, without the values of masked columns.
func (t *typer) rawRow() []byte {
	out := []byte{'{'}
	for slot, name := range t.names {
		at := t.row.at[slot]
		if at.from == at.to || slices.ContainsFunc(t.cells, func(c cell) bool { return c.slot == slot && c.secret }) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, name) // field names are ASCII
		out = append(out, ':')
		out = append(out, t.row.raw[at.from:at.to]...)
	}
	return append(out, '}')
}
