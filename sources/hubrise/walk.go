package hubrise

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// walk goes over the members of an object or the elements of a list, whose text is
// known to be valid JSON. Everything it hands out is part of that text.
type walk struct {
	text  []byte
	at    int
	name  []byte // of a member, in its quotes; nil in a list
	value []byte
}

// walkOver begins at a value; one that is neither an object nor a list has nothing in it.
func walkOver(value []byte) walk {
	if len(value) == 0 || value[0] != '{' && value[0] != '[' {
		return walk{}
	}
	return walk{text: value, at: 1}
}

// next moves on, and reports whether there is something.
func (w *walk) next() bool {
	if w.at >= len(w.text) {
		return false
	}
	w.blanks()
	if c := w.text[w.at]; c == '}' || c == ']' {
		w.at = len(w.text)
		return false
	}
	if w.text[0] == '{' {
		w.name = w.one()
		w.blanks()
	}
	w.value = w.one()
	w.blanks()
	return true
}

// blanks skips what stands between values.
func (w *walk) blanks() {
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			w.at++
		default:
			return
		}
	}
}

// one reads a value.
func (w *walk) one() []byte {
	from := w.at
	w.at = endOf(w.text, from)
	return w.text[from:w.at:w.at]
}

// endOf returns where the value that begins at i ends.
func endOf(s []byte, i int) int {
	switch s[i] {
	case '"':
		return endOfString(s, i)
	case '{', '[':
	default:
		for i < len(s) && s[i] > ' ' && s[i] != ',' && s[i] != '}' && s[i] != ']' {
			i++
		}
		return i
	}
	for depth := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = endOfString(s, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func endOfString(s []byte, i int) int {
	for i++; i < len(s); i++ {
		quote := bytes.IndexByte(s[i:], '"')
		if quote < 0 {
			return len(s)
		}
		i += quote
		slashes := 0
		for s[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
	return len(s)
}

// plain returns the text of a raw JSON value: strings without quotes and escapes,
// nothing for null, everything else as it stands. The result may be in scratch.
func plain(scratch *[]byte, value []byte) []byte {
	switch {
	case len(value) == 0 || value[0] == 'n':
		return nil
	case value[0] != '"':
		return value
	case bytes.IndexByte(value, '\\') >= 0:
		// Bad UTF-8 is reported and replaced; replacing is what is wanted.
		*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], value)
		return *scratch
	}
	return value[1 : len(value)-1]
}

// filled tells an object or list with something in it.
func filled(value []byte) bool {
	w := walkOver(value)
	return w.next()
}
