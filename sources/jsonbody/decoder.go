// Package jsonbody reads the JSON answers of vendors without holding them: an object a
// member at a time, a list an element at a time. What these mean is the source's
// business; what all sources have in common is here.
//
// Memory is one value, whose size is bounded. Names that come twice and bad UTF-8
// pass: vendors send both, and a text is mended where it becomes a cell. Every error
// has a class of package fault: bytes that are no JSON, or not all of it, are
// transient, because they come from broken connections and from the machines in front
// of a vendor; JSON of another shape is Data, and the error says where in the answer.
package jsonbody

import (
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/fault"
)

// maxValue bounds one value that is held: a row, a document. What vendors are known to
// send is a thousandth of it.
const maxValue = 64 << 20

// Decoder reads one answer. Values are good until the next read.
type Decoder struct {
	*jsontext.Decoder
	advice string
}

// New returns a decoder of an answer. Advice is what helps where answers stay broken,
// as it goes on after "If that stays so,".
func New(body io.Reader, advice string) *Decoder { return newDecoder(body, advice, maxValue) }

func newDecoder(body io.Reader, advice string, most int64) *Decoder {
	b := &bounded{body: body, most: most}
	b.decoder = jsontext.NewDecoder(b, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return &Decoder{b.decoder, advice}
}

// Document calls read, which has to read one value, and looks that nothing follows it:
// reading on to the end proves that the answer is whole, its compression too. Errors
// that are not about its bytes are returned as read returns them.
func (d *Decoder) Document(read func() error) error {
	err := read()
	if err == nil {
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = d.broken(errors.New("more than one JSON value"))
		}
	}
	var syntax *jsontext.SyntacticError
	var classified *fault.Error
	if !errors.As(err, &classified) && (errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return d.broken(err)
	}
	return err
}

func (d *Decoder) broken(err error) error {
	return fault.New(fault.Transient, "decode answer after byte %d: %w", d.InputOffset(), err).
		WithHint("The vendor sent something that is not a whole JSON answer; it is asked again. If that stays so, %s.", d.advice)
}

// Object reads an object and calls member with the name of every member, whose value
// member has to read. A null has no members.
func (d *Decoder) Object(member func(name string) error) error {
	if null, err := d.open('{'); null || err != nil {
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

// List reads a list and calls element, which has to read it, for every element. A null
// has no elements.
func (d *Decoder) List(element func() error) error {
	if null, err := d.open('['); null || err != nil {
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

// Values is List with every element read.
func (d *Decoder) Values(element func(value []byte) error) error {
	return d.List(func() error {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		return element(value)
	})
}

// ReadObject is ReadValue of a value that has to be an object.
func (d *Decoder) ReadObject() ([]byte, error) {
	if kind := d.PeekKind(); kind != '{' && kind != 0 {
		return nil, d.otherShape(kind, '{')
	}
	return d.ReadValue()
}

// open reads the beginning of an object or a list.
func (d *Decoder) open(want jsontext.Kind) (null bool, err error) {
	switch kind := d.PeekKind(); kind {
	case 'n':
		return true, d.SkipValue()
	case want, 0: // 0 is an error, which reading returns
		_, err := d.ReadToken()
		return false, err
	default:
		return false, d.otherShape(kind, want)
	}
}

// kinds are what values are called in messages.
var kinds = map[jsontext.Kind]string{'{': "an object", '[': "a list", '"': "a text", '0': "a number", 't': "true", 'f': "false", 'n': "null"}

// otherShape is the failure of an answer that is JSON and not what was expected. It
// names the place of the value that would be read next, as a JSON pointer.
func (d *Decoder) otherShape(kind, want jsontext.Kind) error {
	at := d.StackPointer()
	if list, n := d.StackIndex(d.StackDepth()); list == '[' { // the pointer is that of the element before
		if n > 0 {
			at = at.Parent()
		}
		at = at.AppendToken(strconv.FormatInt(n, 10))
	}
	if at == "" {
		at = "its top"
	}
	return fault.New(fault.Data, "the answer has another shape than known: at %s is %s and not %s", at, kinds[kind], kinds[want]).
		WithHint("Look at the addresses of the source. If they are right, the vendor has changed its API: report it.")
}

// bounded is a body of which the decoder holds no more than so much.
type bounded struct {
	body    io.Reader
	decoder *jsontext.Decoder
	most    int64
	came    int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	// The decoder asks for more with all it has not given out yet in its buffer.
	if held := b.came - b.decoder.InputOffset(); held > b.most {
		return 0, fault.New(fault.Data, "a value after byte %d of the answer is larger than %d bytes", b.decoder.InputOffset(), b.most).
			WithHint("No vendor is known to send such rows. Look at the addresses of the source, or report it.")
	}
	n, err := b.body.Read(p)
	b.came += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failed(err)
	}
	return n, err
}

// failed gives the failure of a body a class if it has none.
func failed(err error) error {
	var classified *fault.Error
	if errors.As(err, &classified) {
		return err
	}
	return fault.New(fault.Transient, "read answer: %w", err)
}
