package piwikpro

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// writeCSV writes a page as CSV (sheet: §2 CSV).
func (c *call) writeCSV(w io.Writer, p *plan, each func(func([]cell) bool)) error {
	csv := c.st.cfg.CSV
	out := bufio.NewWriterSize(w, 64<<10)
	if csv.BOM {
		out.WriteString("\ufeff")
	}
	var line []string
	for i, label := range p.labels {
		if p.columns[i].isPair() && csv.Enums != CSVEnumsLabels && csv.Enums != CSVEnumsIDs {
			line = append(line, label+"_1", label+"_2")
		} else {
			line = append(line, label)
		}
	}
	err := csv.write(out, line)
	each(func(cells []cell) bool {
		line = line[:0]
		for i := range cells {
			line = csv.cells(line, &cells[i])
		}
		err = csv.write(out, line)
		return err == nil
	})
	return errors.Join(err, out.Flush())
}

// isPair reports whether the cells of the column have an id and a label.
func (c *column) isPair() bool {
	return c.dim != nil && !c.isMetric() && strings.HasPrefix(c.dim.typ, "[")
}

func (v CSV) cells(line []string, c *cell) []string {
	if c.kind != pair {
		if c.kind == null {
			return append(line, v.Null)
		}
		return append(line, string(c.appendText(nil)))
	}
	id, ok := c.idText()
	if !ok {
		id = v.Null
	}
	label := c.s
	if c.nullLabel {
		label = v.Null
	}
	switch v.Enums {
	case CSVEnumsLabels:
		return append(line, label)
	case CSVEnumsIDs:
		return append(line, id)
	}
	return append(line, id, label)
}

func (v CSV) write(out *bufio.Writer, line []string) error {
	for i, value := range line {
		if i > 0 {
			out.WriteByte(',')
		}
		if v.Quote == QuoteAll || strings.ContainsAny(value, ",\"\r\n") {
			value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		}
		out.WriteString(value)
	}
	if v.Newline != NewlineLF {
		out.WriteByte('\r')
	}
	return out.WriteByte('\n')
}
