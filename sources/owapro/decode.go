package owapro

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
	"exporter/record"
)

const unknown int64 = -1

// decoder walks a JSON answer without holding it.
type decoder struct{ *jsontext.Decoder }

func newDecoder(body io.Reader) decoder {
	return decoder{jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// document reads one value to its end, and that nothing follows it. Bytes that
// are no answer are transient: they come from broken connections.
func (d decoder) document(read func() error) error {
	err := read()
	if err == nil {
		// Reading on to the end proves that the answer is whole, its compression too.
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var classified *fault.Error
	if errors.As(err, &classified) || errors.Is(err, errStopped) {
		return err
	}
	return fault.New(fault.Transient, "decode answer after byte %d: %w", d.InputOffset(), err).
		WithHint("The vendor sent something that is not a whole JSON answer; it is asked again. If that stays so, ask their support.")
}

// object reads an object and calls member with the quoted name of every member,
// which is good until the next read and whose value member has to read.
func (d decoder) object(member func(quoted []byte) error) error {
	if k := d.PeekKind(); k != '{' && k != 0 {
		return fmt.Errorf("%s where an object was expected", k)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// named is object with names out of their quotes.
func (d decoder) named(member func(name string) error) error {
	return d.object(func(quoted []byte) error { return member(string(quoted[1 : len(quoted)-1])) })
}

// list reads an array and calls element, which has to read it, for each of its elements.
func (d decoder) list(element func() error) error {
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

// integer reads a number that may be written as a string; anything else is unknown.
func (d decoder) integer(to *int64) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	var scratch []byte
	n, err := record.ParseInteger(plain(&scratch, value))
	if err != nil {
		n = unknown
	}
	*to = n
	return nil
}

// text reads a scalar as text, "" for null and everything else.
func (d decoder) text() (string, error) {
	kind := d.PeekKind()
	value, err := d.ReadValue()
	if err != nil || kind == 'n' || kind == '{' || kind == '[' {
		return "", err
	}
	var scratch []byte
	return string(plain(&scratch, value)), nil
}

// plain returns the text of a raw JSON value: strings without quotes and escapes,
// everything else as it stands. The result may be in scratch.
func plain(scratch *[]byte, value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return value
	}
	for _, c := range value {
		if c == '\\' {
			// Bad UTF-8 is reported and replaced; replacing is what is wanted.
			*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], value)
			return *scratch
		}
	}
	return value[1 : len(value)-1]
}
