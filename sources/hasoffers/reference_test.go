package hasoffers

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
	"exporter/record"
)

// reference decodes an answer with nothing but the library: what it makes of it, the
// decoder has to make of it too.
type reference struct {
	json  *jsontext.Decoder
	model string
	slots slots
	row   row
	each  func(*row) error
	out   answer
	name  []byte
}

func newReference(model string, names []string, each func(*row) error) *reference {
	return &reference{
		json: new(jsontext.Decoder), model: model, slots: newSlots(names), row: row{at: make([]span, len(names))}, each: each,
	}
}

// decode reads one answer to its end. Bytes that are no answer are transient:
// they come from broken connections and from the machines in front of the vendor.
func (d *reference) decode(body io.Reader) (answer, error) {
	d.out = answer{status: unknown, page: unknown, count: unknown, pages: unknown}
	d.json.Reset(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := d.object(d.top); err != nil {
		return d.out, d.broken(err)
	}
	// Reading on to the end proves that the answer is whole, its compression too.
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more than one JSON value")
		}
		return d.out, d.broken(err)
	}
	return d.out, nil
}

func (d *reference) broken(err error) error {
	var classified *fault.Error
	if errors.As(err, &classified) || errors.Is(err, errStopped) {
		return err
	}
	return fault.New(fault.Transient, "decode answer after byte %d: %w", d.json.InputOffset(), err)
}

// object reads an object and calls member with the name of every member, which
// is good until the next read and whose value member has to read.
func (d *reference) object(member func(name []byte) error) error {
	if k := d.json.PeekKind(); k != '{' && k != 0 {
		return fmt.Errorf("%s where an object was expected", k)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != '}' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if err := member(raw[1 : len(raw)-1]); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// top reads the members of the whole answer. The echoed request is skipped
// unread: it holds the caller's token.
func (d *reference) top(name []byte) error {
	switch string(name) {
	case "response":
		if d.json.PeekKind() != '{' {
			return d.json.SkipValue()
		}
		return d.object(d.response)
	case "message", "error", "error_description":
		return d.text()
	default:
		return d.json.SkipValue()
	}
}

func (d *reference) response(name []byte) error {
	switch string(name) {
	case "status":
		return d.number(&d.out.status)
	case "data":
		return d.data()
	case "errors", "errorMessage":
		return d.text()
	default:
		return d.json.SkipValue()
	}
}

// data reads response.data: an envelope with paging, rows by id, a list, or a
// scalar that stands for nothing.
func (d *reference) data() error {
	switch d.json.PeekKind() {
	case '{':
		paged := false
		return d.object(func(name []byte) error { return d.dataMember(name, &paged) })
	case '[':
		return d.list()
	default:
		return d.json.SkipValue()
	}
}

// dataMember reads a member of an object under data. Once a key of the paging
// envelope was seen, other objects than its data are additions to skip.
func (d *reference) dataMember(name []byte, paged *bool) error {
	d.name = append(d.name[:0], name...) // peeking gives up name
	kind := d.json.PeekKind()
	rows := kind == '{' || kind == '['
	switch string(d.name) {
	case "data":
		if rows {
			return d.rows(kind)
		}
	case "page":
		*paged = true
		return d.number(&d.out.page)
	case "count":
		*paged = true
		return d.number(&d.out.count)
	case "pageCount":
		*paged = true
		return d.number(&d.out.pages)
	case d.model:
		if kind == '{' {
			return d.fields(nil)
		}
	}
	switch {
	case kind == '{' && !*paged:
		return d.oneRow(d.name)
	case !*paged && len(d.name) > 0 && d.name[0] >= '0' && d.name[0] <= '9':
		return fault.New(fault.Data, "row %s is not an object", d.name)
	}
	return d.json.SkipValue()
}

func (d *reference) rows(kind jsontext.Kind) error {
	if kind == '[' {
		return d.list()
	}
	return d.object(d.oneRow)
}

func (d *reference) list() error {
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != ']' {
		if err := d.oneRow(nil); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// oneRow reads {"Conversion": {...}, other models}.
func (d *reference) oneRow(key []byte) error {
	d.name = append(d.name[:0], key...) // peeking gives up key
	if k := d.json.PeekKind(); k != '{' && k != 0 {
		return fault.New(fault.Data, "row %s is a JSON %s, not an object", d.name, k)
	}
	before := d.out.rows
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if string(name[1:len(name)-1]) == d.model && d.json.PeekKind() == '{' {
			err = d.fields(d.name)
		} else {
			err = d.json.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	if d.out.rows == before {
		return fault.New(fault.Data, "row %s holds no %s", d.name, d.model)
	}
	return nil
}

// fields reads the fields of one row and hands it out.
func (d *reference) fields(key []byte) error {
	d.row.reset(key)
	d.row.own = d.row.own[:0]
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		slot, ok := d.slots.index[string(name[1:len(name)-1])]
		if !ok {
			if err := d.json.SkipValue(); err != nil {
				return err
			}
			continue
		}
		value, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		from := len(d.row.own)
		d.row.own = append(d.row.own, value...)
		d.row.at[slot] = span{from, len(d.row.own), bytes.IndexByte(value, '\\') >= 0}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	d.out.rows++
	d.row.raw = d.row.own
	return d.each(&d.row)
}

// number reads a number that may be written as a string; anything else is unknown.
func (d *reference) number(to *int64) error {
	value, err := d.json.ReadValue()
	if err != nil {
		return err
	}
	if n := len(value); n > 1 && value[0] == '"' {
		value = value[1 : n-1]
	}
	n, err := record.ParseInteger(value)
	if err != nil {
		n = unknown
	}
	*to = n
	return nil
}

// text collects the strings of a value that tells what went wrong, whatever its shape.
func (d *reference) text() error {
	depth := d.json.StackDepth()
	for {
		name := false
		if kind, length := d.json.StackIndex(d.json.StackDepth()); kind == '{' && length%2 == 0 {
			name = d.json.StackDepth() > depth
		}
		token, err := d.json.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() == '"' && !name && token.String() != "" {
			d.out.texts = append(d.out.texts, token.String())
		}
		if d.json.StackDepth() == depth {
			return nil
		}
	}
}
