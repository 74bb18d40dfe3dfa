package owapro

import (
	"io"

	"exporter/record"
	"exporter/sources/jsonbody"
)

const unknown int64 = -1

// decoder reads a JSON answer.
type decoder struct{ *jsonbody.Decoder }

func newDecoder(body io.Reader) decoder { return decoder{jsonbody.New(body, "ask their support")} }

// object is Object of what is known to be one, for rows: names come as they stand, in
// their quotes, and are good until the next read.
func (d decoder) object(member func(quoted []byte) error) error {
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

// integer reads a number that may be written as a string; anything else is unknown.
func (d decoder) integer(to *int64) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	var scratch []byte
	n, err := record.ParseInteger(jsonbody.Plain(&scratch, value))
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
	return string(jsonbody.Plain(&scratch, value)), nil
}
