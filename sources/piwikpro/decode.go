package piwikpro

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
	"exporter/record"
)

const unknown int64 = -1

// answer is what a page says beside its rows.
type answer struct {
	rows    int64
	count   int64    // rows of all pages, unknown if it does not say
	columns []string // nil if it does not say
}

// decoder walks an answer without holding it: {"data": [...], "meta": {...}}, in
// either order. It is the shape of reports and of directories.
type decoder struct {
	*jsontext.Decoder
	each func(raw []byte) error
	out  answer
	data bool // there was one
}

// decode reads one answer to its end and gives its rows to each, which may keep
// them until it returns. Bytes that are no answer are transient: they come from
// broken connections and from the machines in front of the vendor.
func decode(body io.Reader, each func(raw []byte) error) (answer, error) {
	d := decoder{Decoder: jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), each: each}
	d.out.count = unknown
	err := d.object(d.top)
	if err == nil {
		// Reading on to the end proves that the answer is whole, its compression too.
		if _, err = d.ReadToken(); err == nil {
			err = errors.New("more than one JSON value")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err == nil && !d.data {
		err = fault.New(fault.Data, "the answer has no data").WithHint("The vendor's answer has another shape than known; report it.")
	}
	var classified *fault.Error
	if err == nil || errors.As(err, &classified) || errors.Is(err, errStopped) {
		return d.out, err
	}
	return d.out, fault.New(fault.Transient, "decode answer after byte %d: %w", d.InputOffset(), err).
		WithHint("The vendor sent something that is not a whole JSON answer; it is asked again. If that stays so, lower page_size of the job.")
}

// object reads an object and calls member with the name of every member, whose
// value member has to read.
func (d *decoder) object(member func(name string) error) error {
	if k := d.PeekKind(); k != '{' && k != 0 {
		return fmt.Errorf("%s where an object was expected", k)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// array reads an array and calls element, which has to read it, for each element.
func (d *decoder) array(element func() error) error {
	if k := d.PeekKind(); k != '[' && k != 0 {
		return fmt.Errorf("%s where a list was expected", k)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (d *decoder) top(name string) error {
	switch {
	case name == "data" && d.PeekKind() == '[':
		d.data = true
		return d.array(d.row)
	case name == "meta" && d.PeekKind() == '{':
		return d.object(d.meta)
	}
	return d.SkipValue()
}

func (d *decoder) row() error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
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
		return d.array(func() error {
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
// reports false if raw is no array. raw must be valid JSON.
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

// plain returns the text of a raw JSON value: strings without quotes and escapes,
// everything else as it stands. The result may be in scratch.
func plain(scratch *[]byte, value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return value
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1]
	}
	// Bad UTF-8 is reported and replaced; replacing is what is wanted.
	*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], value)
	return *scratch
}

var jsonNull = []byte("null") // never written to

func null(value []byte) bool { return string(value) == "null" }
