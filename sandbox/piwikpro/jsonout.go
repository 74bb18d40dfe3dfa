package piwikpro

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// send answers a report whose page has the rows of each, of count in all.
func (c *call) send(p *plan, count int, each func(func([]cell) bool)) {
	n := 0
	var first, last cell
	seen := func(cells []cell) {
		last = cells[0]
		if n++; n == 1 {
			first = last
		}
	}
	if p.format == formatCSV {
		c.Body(http.StatusOK, c.st.cfg.CSV.ContentType, func(w io.Writer) error {
			return c.writeCSV(w, p, func(yield func([]cell) bool) {
				each(func(cells []cell) bool { seen(cells); return yield(cells) })
			})
		})
		c.served(p, n, first, last)
		return
	}
	c.Body(http.StatusOK, "application/json", func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 64<<10)
		out.WriteString(`{"data":[`)
		var buf []byte
		var err error
		each(func(cells []cell) bool {
			buf = buf[:0]
			if n > 0 {
				buf = append(buf, ',')
			}
			seen(cells)
			buf = c.appendRow(buf, p, cells)
			_, err = out.Write(buf)
			return err == nil
		})
		if err != nil {
			return err
		}
		c.writeMeta(out, p, count)
		return out.Flush()
	})
	c.served(p, n, first, last)
}

func (c *call) writeMeta(out *bufio.Writer, p *plan, count int) {
	out.WriteString(`],"meta":{`)
	if c.op != opQuery || c.st.cfg.Answers.QueryColumns != MetaColumnsNone {
		names, err := json.Marshal(p.labels)
		if err != nil {
			panic(err) // strings can be written
		}
		out.WriteString(`"columns":`)
		out.Write(names)
		out.WriteByte(',')
	}
	out.WriteString(`"count":` + strconv.Itoa(count) + "}}")
}

// appendRow writes a row: an array, or in json-kv an object.
func (c *call) appendRow(buf []byte, p *plan, cells []cell) []byte {
	ids := c.st.cfg.Answers.IDs
	if p.format == formatJSON {
		buf = append(buf, '[')
		for i := range cells {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = cells[i].appendJSON(buf, ids)
		}
		return append(buf, ']')
	}
	buf = append(buf, '{')
	for i, label := range p.labels {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendQuoted(buf, label)
		buf = append(buf, ':')
		if cell := &cells[i]; cell.kind == pair && c.st.cfg.Answers.KeyValues == KeyValuesTexts {
			buf = appendQuoted(buf, cell.s)
		} else {
			buf = cell.appendJSON(buf, ids)
		}
	}
	return append(buf, '}')
}
