package piwikpro

import (
	"bytes"
	"io"

	"exporter/fault"
	"exporter/record"
	"exporter/sources/jsonbody"
)

const unknown int64 = -1

// answer is what a page says beside its rows.
type answer struct {
	rows    int64
	count   int64    // rows of all pages, unknown if it does not say
	columns []string // nil if it does not say
}

// decoder reads an answer: {"data": [...], "meta": {...}}, in either order. It is the
// shape of reports and of directories.
type decoder struct {
	*jsonbody.Decoder
	each func(raw []byte) error
	out  answer
	data bool // there was one
}

// decode reads one answer to its end and gives its rows to each, which may keep
// them until it returns.
func decode(body io.Reader, each func(raw []byte) error) (answer, error) {
	d := decoder{Decoder: jsonbody.New(body, "lower page_size of the job"), each: each}
	d.out.count = unknown
	err := d.Document(func() error { return d.Object(d.top) })
	if err == nil && !d.data {
		err = fault.New(fault.Data, "the answer has no data").WithHint("The vendor's answer has another shape than known; report it.")
	}
	return d.out, err
}

func (d *decoder) top(name string) error {
	switch {
	case name == "data" && d.PeekKind() == '[':
		d.data = true
		return d.Values(d.row)
	case name == "meta" && d.PeekKind() == '{':
		return d.Object(d.meta)
	}
	return d.SkipValue()
}

func (d *decoder) row(raw []byte) error {
	d.out.rows++
	return d.each(raw)
}

func (d *decoder) meta(name string) error {
	switch kind := d.PeekKind(); {
	case (name == "count" || name == "total") && kind == '0':
		raw, err := d.ReadValue()
		if err != nil {
			return err
		}
		if d.out.count, err = record.ParseInteger(raw); err != nil || d.out.count < 0 {
			return fault.New(fault.Data, "%s is %s rows", name, raw).WithHint("The vendor's answer has another shape than known; report it.")
		}
		return nil
	case name == "columns" && kind == '[':
		d.out.columns = []string{}
		return d.List(func() error {
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			if k := token.Kind(); k == '{' || k == '[' {
				return fault.New(fault.Data, "a name of a column is a JSON %s", k).WithHint("The vendor's answer has another shape than known; report it.")
			}
			d.out.columns = append(d.out.columns, token.String())
			return nil
		})
	}
	return d.SkipValue()
}

// split appends the elements of a JSON array to cells; they belong to raw. It
// reports false if raw is no array. raw must be valid JSON. For rows of
// short cells it makes the whole typing a quarter faster than jsonbody.Walk would.
func split(cells [][]byte, raw []byte) ([][]byte, bool) {
	if len(raw) < 2 || raw[0] != '[' {
		return cells, false
	}
	depth, start := 0, 1
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
		case '}':
			depth--
		case ']', ',':
			if depth > 0 {
				if raw[i] == ']' {
					depth--
				}
				continue
			}
			cell := bytes.TrimSpace(raw[start:i])
			if len(cell) > 0 { // an empty array has none
				cells = append(cells, cell)
			}
			start = i + 1
		}
	}
	return cells, true
}

var jsonNull = []byte("null") // never written to

func null(value []byte) bool { return string(value) == "null" }
