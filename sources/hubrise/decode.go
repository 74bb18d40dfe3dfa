package hubrise

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
)

// decoder reads an answer without holding it: one element of a list at a time.
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
		WithHint("The vendor sent something that is not a whole JSON answer; it is asked again. If that stays so, look at base_url of the source, or ask their support.")
}

// list reads an array and calls element with every value of it, which is good
// until element returns.
func (d decoder) list(element func(value []byte) error) error {
	switch k := d.PeekKind(); k {
	case 'n':
		return d.SkipValue()
	case '[', 0:
	default:
		return otherShape("%s where a list was expected", k)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := element(value); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// object reads an object and calls member with every name, whose value it has to read.
func (d decoder) object(member func(name string) error) error {
	switch k := d.PeekKind(); k {
	case 'n':
		return d.SkipValue()
	case '{', 0:
	default:
		return otherShape("%s where an object was expected", k)
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

func otherShape(format string, args ...any) error {
	return fault.New(fault.Data, "the answer has another shape than documented: %w", fmt.Errorf(format, args...)).
		WithHint("Look at base_url of the source, which ends in /v1. If it is right, the vendor has changed its API.")
}
