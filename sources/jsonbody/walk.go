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
	s, i := w.text, w.at
	for i < len(s) && between[s[i]] {
		i++
	}
	if i >= len(s) || s[i] == '}' || s[i] == ']' {
		w.at = len(s)
		return false
	}
	if s[0] == '{' {
		end := endOf(s, i)
		w.Name = s[i:end:end]
		i = end
		for between[s[i]] { // a value follows
			i++
		}
	}
	w.at = endOf(s, i)
	w.Value = s[i:w.at:w.at]
	return true
}

// between are the bytes that stand between values.
var between = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ':': true}

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
	for i++; s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i + 1
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
