package hasoffers

import (
	"io"
	"net/http"
	"slices"
	"strconv"

	"exporter/sandbox/meter"
)

// flushAt is how many bytes of a document are collected before they are written.
const flushAt = 32 << 10

// document collects an answer and writes it in large pieces.
type document struct {
	w   io.Writer
	buf []byte
	err error // of the first write that went wrong; nothing is written after it
}

func (d *document) text(s string) { d.buf = append(d.buf, s...) }

func (d *document) int(n int64) { d.buf = strconv.AppendInt(d.buf, n, 10) }

// flush writes what was collected if it is at least so many bytes.
func (d *document) flush(atLeast int) {
	if len(d.buf) < atLeast || d.err != nil {
		return
	}
	_, d.err = d.w.Write(d.buf)
	d.buf = d.buf[:0]
}

// send writes a successful answer around the data that fill writes. It has no error of its own.
func (c *call) send(fill func(*document)) error {
	c.Body(http.StatusOK, "application/json", func(w io.Writer) error {
		d := &document{w: w, buf: make([]byte, 0, flushAt+4096)}
		d.buf = c.openEnvelope(d.buf)
		d.text(`"response":{"status":1,"httpStatus":200,"data":`)
		fill(d)
		d.text(`,"errors":[],"errorMessage":null}}`)
		d.flush(0)
		return d.err
	})
	return nil
}

// renderer writes rows of one shape.
type renderer struct {
	m       *maker
	fields  []Field
	names   []string // of the fields, with quotes, colon and the comma before
	tail    string   // what follows the fields of a row
	byEvent bool     // rows are keyed by tune_event_id
}

func newRenderer(m *maker, s shape, byEvent bool) *renderer {
	out := &renderer{m: m, fields: s.fields, byEvent: byEvent, tail: "}"}
	for i, f := range s.fields {
		name := `"` + f.String() + `":`
		if i > 0 {
			name = "," + name
		}
		out.names = append(out.names, name)
	}
	for _, model := range s.contain {
		out.tail += `,"` + model + `":[]`
	}
	out.tail += "}"
	return out
}

// appendModels writes {"Conversion":{...}}.
func (out *renderer) appendModels(dst []byte, r ref) []byte {
	full := out.m.row(r)
	dst = append(dst, `{"Conversion":{`...)
	for i, f := range out.fields {
		dst = append(dst, out.names[i]...)
		mark := len(dst)
		dst = append(dst, '"')
		var ok bool
		if dst, ok = out.m.value(dst, &full, f, true); ok {
			dst = append(dst, '"')
		} else {
			dst = append(dst[:mark], "null"...)
		}
	}
	return append(dst, out.tail...)
}

func (out *renderer) appendKey(dst []byte, r ref) []byte {
	if out.byEvent {
		return out.m.eventID(dst, r.id)
	}
	return strconv.AppendInt(dst, r.id, 10)
}

// page answers rows in one of the two envelopes (§4).
func (c *call) page(v view, found result, p paging, s shape) error {
	out := newRenderer(newMaker(v, &c.net.parsed), s, c.st.cfg.Answers.NoID)
	if p.limit == 0 {
		return c.send(func(d *document) { c.rows(d, out, found.rows, found.count) })
	}
	pageCount := (found.count + p.limit - 1) / p.limit
	if p.page > max(pageCount, 1) {
		switch c.st.cfg.Answers.PastEnd {
		case PastEndError:
			return pastEnd(p.page, pageCount)
		case PastEndLast:
			p.page = max(pageCount, 1)
		}
	}
	take := int64(0)
	if p.page > 0 && p.page <= pageCount {
		take = min(p.limit, found.count-(p.page-1)*p.limit)
		found.rows.skip((p.page - 1) * p.limit)
	}
	return c.send(func(d *document) {
		d.text(`{"page":`)
		d.buf = c.appendPage(d.buf, p)
		d.text(`,"current":0,"count":`)
		d.int(found.count)
		d.text(`,"pageCount":`)
		d.int(pageCount)
		d.text(`,"data":`)
		c.rows(d, out, found.rows, take)
		d.text("}")
	})
}

// appendPage echoes the page: a number when it was not sent, a string when it was (§4).
func (c *call) appendPage(dst []byte, p paging) []byte {
	echo := c.st.cfg.Answers.PageEcho
	if echo == PageEchoString || p.sent != "" && echo != PageEchoNumber {
		if p.sent == "" {
			return append(dst, `"1"`...)
		}
		return appendString(dst, p.sent)
	}
	return strconv.AppendInt(dst, p.page, 10)
}

// rows writes so many rows as an object keyed by id, none as an empty array (§0 no 3).
func (c *call) rows(d *document, out *renderer, walk walker, count int64) {
	served := meter.Page{Operation: c.op, Key: NetworkKey(c.net.ID), Page: c.params.text("page")}
	defer func() { c.s.meter.Served(served) }()
	if count == 0 {
		d.text("[]")
		return
	}
	if c.st.cfg.Answers.RowOrder == RowsShuffled {
		walk = shuffled(walk, count, out.m.seed)
	}
	open := byte('{')
	for range count {
		r, ok := walk.next()
		if !ok || d.err != nil {
			break
		}
		d.buf = append(d.buf, open, '"')
		mark := len(d.buf)
		d.buf = out.appendKey(d.buf, r)
		served.Rows++
		if open == '{' {
			served.First = string(d.buf[mark:])
		}
		if int64(served.Rows) == count {
			served.Last = string(d.buf[mark:])
		}
		d.buf = append(d.buf, '"', ':')
		d.buf = out.appendModels(d.buf, r)
		open = ','
		d.flush(flushAt)
	}
	d.text("}")
}

// shuffled returns the next rows of a walk in an order of no meaning, the same every time.
func shuffled(walk walker, count int64, seed uint64) walker {
	var rows []ref
	for range count {
		if r, ok := walk.next(); ok {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b ref) int {
		if mix(seed+13, uint64(a.id)) < mix(seed+13, uint64(b.id)) {
			return -1
		}
		return 1
	})
	return (*listWalk)(&rows)
}
