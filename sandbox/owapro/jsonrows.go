package owapro

import (
	"cmp"
	"slices"
	"strings"
)

// jsonRows writes rows as JSON objects. Their members come in an order of no meaning, the same for all rows.
type jsonRows struct {
	r       *result
	a       Answers
	columns []*column
	names   [][]byte // of the columns, with the comma before and the colon
}

func newJSONRows(r *result, a Answers) *jsonRows {
	out := &jsonRows{r: r, a: a}
	for _, d := range r.dims {
		out.columns = append(out.columns, r.dimensionCells(d, d.hasID(), a.Dates, func(value string, ok bool) []byte {
			if !ok {
				return []byte("null")
			}
			return appendJSON(nil, value)
		}))
	}
	for _, m := range r.metrics {
		out.columns = append(out.columns, &column{name: m.name, metric: m})
	}
	slices.SortStableFunc(out.columns, func(a, b *column) int { return cmp.Compare(hashText(a.name), hashText(b.name)) })
	for i, col := range out.columns {
		name := append(appendJSON(nil, col.name), ':')
		if i > 0 {
			name = append([]byte{','}, name...)
		}
		out.names = append(out.names, name)
	}
	return out
}

func (out *jsonRows) append(dst []byte, row ref) []byte {
	m := out.r.read(row)
	dst = append(dst, '{')
	for i, col := range out.columns {
		dst = append(dst, out.names[i]...)
		switch {
		case col.metric == nil:
			dst = append(dst, col.cell(row)...)
		case col.metric.kind == told:
			dst = out.told(dst, col.metric, out.r.text(col.metric, row))
		default:
			dst = out.figure(dst, col.metric, &m)
		}
	}
	return append(dst, '}')
}

// summary writes the row of sums: no dimension has a value, nor have texts.
func (out *jsonRows) summary(dst []byte) []byte {
	m := out.r.total()
	dst = append(dst, '{')
	for i, col := range out.columns {
		dst = append(dst, out.names[i]...)
		if col.metric == nil || col.metric.kind == told {
			dst = append(dst, "null"...)
		} else {
			dst = out.figure(dst, col.metric, &m)
		}
	}
	return append(dst, '}')
}

// figure writes a number, mostly as a string (sheet: Report response (JSON)).
func (out *jsonRows) figure(dst []byte, m *metric, row *measures) []byte {
	units, scale, ok := m.value(row, out.a.EmptyRatios == RatiosNull)
	if !ok {
		return append(dst, "null"...)
	}
	quoted := out.a.Numbers == NumbersStrings || out.a.Numbers != NumbersNumbers && units != 0
	if quoted {
		dst = append(dst, '"')
	}
	dst = appendFigure(dst, m, units, scale, out.a.Noise != NoiseOff)
	if quoted {
		dst = append(dst, '"')
	}
	return dst
}

// appendFigure writes a figure plainly, with the noise of a 32-bit float where the vendor has it.
func appendFigure(dst []byte, m *metric, units int64, scale int, withNoise bool) []byte {
	if m.noisy && withNoise {
		if f, ok := noisy(units); ok {
			return appendFloat(dst, f)
		}
	}
	return appendDecimal(dst, units, scale, 0, '.', nil)
}

func (out *jsonRows) told(dst []byte, m *metric, text string) []byte {
	switch {
	case m.format == "text_array":
		return appendJSON(dst, strings.Split(text, ","))
	case out.a.Numbers == NumbersNumbers && (m.format == "float" || m.format == "boolean"):
		return append(dst, text...)
	}
	return appendJSON(dst, text)
}
