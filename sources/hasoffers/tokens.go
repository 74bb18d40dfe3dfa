package hasoffers

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// tokens reads JSON in pieces. What is plain, which answers usually are from their first
// byte to their last, it reads where it lies in the input; other values are the library's.
type tokens struct {
	input
	json *jsontext.Decoder
	name []byte // of the member that was read last
}

func newTokens() tokens { return tokens{json: new(jsontext.Decoder)} }

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// library reads one value, which has to be one from its begin to its end.
func (t *tokens) library(read func(*jsontext.Decoder) error) error {
	t.json.Reset(&t.input, lenient...)
	err := read(t.json)
	t.giveBack(len(t.json.UnreadBuffer()))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// kind returns what the next value is, by the first byte of it.
func (t *tokens) kind() (jsontext.Kind, error) {
	c, err := t.next()
	switch {
	case err != nil:
		return 0, err
	case c == '-' || c >= '0' && c <= '9':
		return '0', nil
	case strings.IndexByte(`"{[ntf`, c) < 0:
		return 0, fmt.Errorf("%q where a value was expected", c)
	}
	return jsontext.Kind(c), nil
}

// value returns a value as it stands. It is good until the next read.
func (t *tokens) value() ([]byte, error) {
	if _, err := t.next(); err != nil {
		return nil, err
	}
	for {
		n, _ := scan(t.unread())
		if n > 0 {
			t.at += n
			return t.buf[t.at-n : t.at], nil
		}
		if n == notPlain || !t.more() {
			break
		}
	}
	var value []byte
	err := t.library(func(json *jsontext.Decoder) (err error) {
		value, err = json.ReadValue()
		return err
	})
	return value, err
}

func (t *tokens) skip() error {
	k, err := t.kind()
	switch {
	case err != nil:
		return err
	case k == '{' || k == '[':
		return t.library((*jsontext.Decoder).SkipValue)
	}
	_, err = t.value()
	return err
}

// object reads an object and calls member with the name of every member, which
// is good until the next name and whose value member has to read.
func (t *tokens) object(member func(name []byte) error) error {
	k, err := t.kind()
	if err != nil {
		return err
	}
	if k != '{' {
		return fmt.Errorf("%s where an object was expected", k)
	}
	t.at++
	for first := true; ; first = false {
		if end, err := t.ends('}', first); end || err != nil {
			return err
		}
		c, err := t.next()
		if err != nil {
			return err
		}
		if c != '"' {
			return fmt.Errorf("%q where a name was expected", c)
		}
		name, err := t.value()
		if err != nil {
			return err
		}
		t.name = append(t.name[:0], name[1:len(name)-1]...)
		if err := t.byte(':'); err != nil {
			return err
		}
		if err := member(t.name); err != nil {
			return err
		}
	}
}

// elements reads an array and calls element for every element, which it has to read.
func (t *tokens) elements(element func() error) error {
	if err := t.byte('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		if end, err := t.ends(']', first); end || err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// ends reads what stands in front of a member or element: the end of them all, or the
// comma in front of all but the first.
func (t *tokens) ends(mark byte, first bool) (bool, error) {
	c, err := t.next()
	switch {
	case err != nil:
		return false, err
	case c == mark:
		t.at++
		return true, nil
	case first:
		return false, nil
	}
	return false, t.byte(',')
}

func (t *tokens) byte(want byte) error {
	c, err := t.next()
	if err == nil && c != want {
		err = fmt.Errorf("%q where %q was expected", c, want)
	}
	if err == nil {
		t.at++
	}
	return err
}

// atEnd returns nil if nothing follows.
func (t *tokens) atEnd() error {
	c, err := t.next()
	switch {
	case err == nil:
		return fmt.Errorf("%q behind the end of the answer", c)
	case errors.Is(t.err, io.EOF):
		return nil
	}
	return err
}
