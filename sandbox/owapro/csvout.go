package owapro

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
)

// sendCSV answers in text (sheet: Report response (CSV)).
func (c *call) sendCSV(b *block) {
	cfg := c.st.cfg.CSV
	d := cfg.Dialect
	if n := c.s.csv.Add(1); cfg.Then != nil && n > uint64(cfg.After) {
		d = *cfg.Then
	}
	contentType := cfg.ContentType
	if !cfg.NoCharset {
		contentType += "; charset=" + map[bool]string{false: "utf-8", true: "windows-1252"}[d.Encoding == EncodingWindows]
	}
	t := newTable(b.result, d, c.st.cfg.Answers)
	c.Body(http.StatusOK, contentType, func(w io.Writer) error {
		buf := make([]byte, 0, flushAt+4096)
		if d.Encoding == EncodingBOM {
			buf = append(buf, "\ufeff"...)
		}
		buf = t.header(buf)
		for _, row := range b.page {
			buf = t.row(buf, row)
			if len(buf) >= flushAt {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		if d.Summary.due(b) {
			buf = t.summary(buf)
		}
		_, err := w.Write(buf)
		return err
	})
}

// table writes rows in a dialect.
type table struct {
	r        *result
	d        Dialect
	a        Answers
	columns  []*column
	displays []string
	figures  []figureStyle // of the columns that are metrics
	newline  string
	null     []byte
	scratch  []byte
}

// figureStyle is what surrounds a number.
type figureStyle struct {
	before, after string
	group         []byte
	mark          byte
	decimals      int  // at least
	guarded       bool // a cell may hold what has to be quoted
}

func newTable(r *result, d Dialect, a Answers) *table {
	t := &table{r: r, d: d, a: a, newline: "\r\n"}
	if d.Newline == NewlineLF {
		t.newline = "\n"
	}
	t.null = t.cell(nil, d.Null)
	for _, dim := range r.dims {
		if !dim.hasID() || d.Labels != LabelsIDs {
			t.dimension(dim, false)
		}
		if dim.hasID() && (d.Labels == LabelsIDs || d.Labels == LabelsBoth) {
			t.dimension(dim, true)
		}
	}
	t.figures = make([]figureStyle, len(t.columns))
	for _, m := range r.metrics {
		t.columns = append(t.columns, &column{name: m.name, metric: m})
		t.displays = append(t.displays, m.display)
		t.figures = append(t.figures, t.style(m))
	}
	return t
}

func (t *table) dimension(dim *dimension, byID bool) {
	t.columns = append(t.columns, t.r.dimensionCells(dim, byID, t.a.Dates, func(value string, ok bool) []byte {
		if !ok {
			return t.null
		}
		return t.cell(nil, value)
	}))
	display := dim.display
	if byID {
		display += " ID"
	}
	t.displays = append(t.displays, display)
}

func (t *table) style(m *metric) figureStyle {
	s := figureStyle{mark: t.d.Decimal[0], group: t.encode(nil, t.d.Thousands)}
	symbol := cmp.Or(map[string]string{"EUR": "€", "USD": "$", "GBP": "£"}[t.r.code()], t.r.code())
	switch {
	case m.format == formatPercent:
		s.after = t.d.Percent
	case m.format != formatCurrency:
	case t.d.Currency == CurrencyBefore:
		s.before = string(t.encode(nil, symbol))
	case t.d.Currency == CurrencyAfter:
		s.after = " " + string(t.encode(nil, symbol))
	}
	if m.kind == money {
		s.decimals = 2
	}
	s.guarded = t.d.Quote == QuoteAll || t.d.Thousands == t.d.Delimiter
	return s
}

func (t *table) header(dst []byte) []byte {
	for i, col := range t.columns {
		if i > 0 {
			dst = append(dst, t.d.Delimiter...)
		}
		name := col.name
		if t.d.Header == HeaderDisplay {
			name = t.displays[i]
		}
		dst = t.cell(dst, name)
	}
	return append(dst, t.newline...)
}

func (t *table) row(dst []byte, row ref) []byte {
	m := t.r.read(row)
	for i, col := range t.columns {
		if i > 0 {
			dst = append(dst, t.d.Delimiter...)
		}
		switch {
		case col.metric == nil:
			dst = append(dst, col.cell(row)...)
		case col.metric.kind == told:
			dst = t.told(dst, col.metric, t.r.text(col.metric, row))
		default:
			dst = t.figure(dst, col.metric, &m, t.figures[i])
		}
	}
	return append(dst, t.newline...)
}

// summary writes the row of sums; its first cell says so.
func (t *table) summary(dst []byte) []byte {
	m := t.r.total()
	for i, col := range t.columns {
		if i > 0 {
			dst = append(dst, t.d.Delimiter...)
		}
		switch {
		case i == 0:
			dst = t.cell(dst, "Total")
		case col.metric == nil || col.metric.kind == told:
		default:
			dst = t.figure(dst, col.metric, &m, t.figures[i])
		}
	}
	return append(dst, t.newline...)
}

func (t *table) told(dst []byte, m *metric, text string) []byte {
	if m.format == "float" && t.d.Decimal == "," {
		text = string(bytes.Replace([]byte(text), []byte{'.'}, []byte{','}, 1))
	}
	return t.cell(dst, text)
}

func (t *table) figure(dst []byte, m *metric, row *measures, s figureStyle) []byte {
	units, scale, ok := m.value(row, t.a.EmptyRatios == RatiosNull)
	if !ok {
		return append(dst, t.null...)
	}
	if s.guarded {
		t.scratch = t.number(t.scratch[:0], m, units, scale, s)
		return t.quoted(dst, t.scratch)
	}
	return t.number(dst, m, units, scale, s)
}

func (t *table) number(dst []byte, m *metric, units int64, scale int, s figureStyle) []byte {
	dst = append(dst, s.before...)
	f, recoverable := 0.0, false
	if t.d.Noise && m.noisy {
		f, recoverable = noisy(units)
	}
	if !recoverable {
		return append(appendDecimal(dst, units, scale, s.decimals, s.mark, s.group), s.after...)
	}
	mark := len(dst)
	dst = appendFloat(dst, f)
	if at := bytes.IndexByte(dst[mark:], '.'); at >= 0 {
		dst[mark+at] = s.mark
	}
	return append(dst, s.after...)
}
