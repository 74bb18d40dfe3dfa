package owapro

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/record"
)

// cell tells how a column is filled.
type cell struct {
	slot     int    // -1 where the column holds a constant
	constant []byte // nil = null
	number   bool   // the column's type is one of numbers
	day      bool   // the slot is one of dates
	decimals *int   // that an amount is rounded to
}

func (t *typer) fill(c *cells) {
	for i := range t.cells {
		cell := &t.cells[i]
		text, known := cell.constant, read{}
		if cell.slot >= 0 {
			text, known = c.text[cell.slot], c.read[cell.slot]
		}
		switch {
		case text == nil:
			t.build.Null()
		case known.ok && cell.day:
			t.build.Days(int32(known.value))
		case known.ok && !cell.day && (cell.decimals == nil || int(known.scale) <= *cell.decimals):
			t.build.Decimal(text, known.value, int(known.scale))
		case cell.slot >= 0 && cell.number && c.wrong[cell.slot]:
			t.build.Raw(fmt.Appendf(nil, "%s (the decimal mark is %q)", text, string(rune(t.marks.decimal))))
		case cell.decimals != nil:
			t.amount = record.AppendRounded(t.amount[:0], text, *cell.decimals)
			t.build.Raw(t.amount)
		default:
			t.build.Raw(text)
		}
	}
	t.current = c
	t.build.EndRow(t.raw)
}

// reject is the row as JSON, without the cells of masked columns.
func (t *typer) reject() []byte {
	c := t.current
	out := []byte{'{'}
	for i, s := range t.slots {
		if s.masked || c.text[i] == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		// Bad UTF-8 is reported and replaced; replacing is what is wanted.
		out, _ = jsontext.AppendQuote(out, s.name)
		out = append(out, ':')
		out, _ = jsontext.AppendQuote(out, c.text[i])
	}
	return append(out, '}')
}
