package jsonbody

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Walk goes over the members of an object or the elements of a list that is held and
// known to be valid JSON. Everything it hands out is part of that text.
type Walk struct {
	Name  []byte // of a member, in its quotes; nil in a list
	Value []byte

	text []byte
	at   int
}

// WalkOver begins at a value; one that is neither an object nor a list has nothing in it.
func WalkOver(value []byte) Walk {
	if len(value) == 0 || value[0] != '{' && value[0] != '[' {
		return Walk{}
	}
	return Walk{text: value, at: 1}
}

// Next moves on, and reports whether there is something.
func (w *Walk) Next() bool {
	if w.at >= len(w.text) {
		return false
	}
	w.blanks()
	if c := w.text[w.at]; c == '}' || c == ']' {
		w.at = len(w.text)
		return false
	}
	if w.text[0] == '{' {
		w.Name = w.one()
		w.blanks()
	}
	w.Value = w.one()
	w.blanks()
	return true
}

// blanks skips what stands between values.
func (w *Walk) blanks() {
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
func (w *Walk) one() []byte {
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

// Plain returns the text of a raw JSON value: strings without quotes and escapes,
// everything else as it stands. The result may be in scratch.
func Plain(scratch *[]byte, value []byte) []byte {
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
