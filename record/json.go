package record

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep a JSON cell may be nested: what the functions of SQLite read.
const maxDepth = 1000

// rawJSON appends a JSON cell in the one form that all sinks store alike, see
// [appendJSON]. Of several values of one name in an object the last one counts, as
// with jsonb.
func (b *Builder) rawJSON(s []byte) {
	switch {
	case !json.Valid(s):
		b.reject("%q is not JSON", clip(s))
		return
	case deep(s):
		b.reject("JSON is nested deeper than %d levels", maxDepth)
		return
	case !jsontext.Value(s).IsValid(jsontext.AllowInvalidUTF8(true)):
		s = lastNames(nil, s)
	}
	b.Text(s)
}

// deep reports whether valid JSON is nested too deep.
func deep(s []byte) bool {
	if bytes.Count(s, []byte{'['})+bytes.Count(s, []byte{'{'}) <= maxDepth {
		return false
	}
	depth, text := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '[', c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']', c == '}':
			depth--
		}
	}
	return false
}

// lastNames appends valid JSON without the values of names that come again in their
// object. Valid input leaves no error to look at.
func lastNames(dst, s []byte) []byte {
	d := jsontext.NewDecoder(bytes.NewReader(s), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	open := d.PeekKind()
	if open != '{' && open != '[' {
		return append(dst, bytes.TrimSpace(s)...)
	}
	_, _ = d.ReadToken()
	var names, values [][]byte
	at := make(map[string]int)
	for d.PeekKind() != open+2 { // the closing bracket of both
		if open == '[' {
			v, _ := d.ReadValue()
			values = append(values, lastNames(nil, v))
			continue
		}
		quoted, _ := d.ReadValue()
		plain, _ := jsontext.AppendUnquote(nil, quoted)
		i, again := at[string(plain)]
		if !again {
			i, at[string(plain)] = len(names), len(names)
			names, values = append(names, bytes.Clone(quoted)), append(values, nil)
		}
		v, _ := d.ReadValue()
		values[i] = lastNames(nil, v)
	}
	dst = append(dst, byte(open))
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if open == '{' {
			dst = append(append(dst, names[i]...), ':')
		}
		dst = append(dst, v...)
	}
	return append(dst, byte(open)+2)
}

// appendJSON appends valid JSON and changes the little that jsonb refuses: \u0000
// is dropped, half of a surrogate pair becomes \ufffd, and a number beyond the
// limits of numeric becomes a string of its digits.
func appendJSON(dst, cell []byte) []byte {
	if !bytes.Contains(cell, []byte(`\u`)) && !bytes.ContainsAny(cell, "eE") && len(cell) < maxNumber {
		return append(dst, cell...) // nearly all
	}
	kept := 0 // everything before is in dst
	for i := 0; i < len(cell); {
		switch c := cell[i]; {
		case c == '"':
			dst, kept, i = appendString(dst, cell, kept, i+1)
		case c == '-' || c >= '0' && c <= '9':
			end := i + numberLength(cell[i:])
			if !fitsNumeric(cell[i:end]) {
				dst = append(dst, cell[kept:i]...)
				dst = append(append(append(dst, '"'), cell[i:end]...), '"')
				kept = end
			}
			i = end
		default:
			i++
		}
	}
	return append(dst, cell[kept:]...)
}

// appendString goes over a string from behind its opening quote to behind its closing one.
func appendString(dst, cell []byte, kept, i int) (_ []byte, newKept, end int) {
	for i < len(cell) {
		switch cell[i] {
		case '"':
			return dst, kept, i + 1
		case '\\':
			if n, replacement, ok := badEscape(cell[i:]); ok {
				dst = append(append(dst, cell[kept:i]...), replacement...)
				i += n
				kept = i
				continue
			}
			i += escapeLength(cell[i:])
		default:
			i++
		}
	}
	return dst, kept, i
}

// escapeLength returns the length of a good escape, or pair of escapes, at the start of s.
func escapeLength(s []byte) int {
	r, ok := unit(s)
	switch {
	case !ok:
		return 2
	case utf16.IsSurrogate(r):
		return 12
	}
	return 6
}

// badEscape reports whether s starts with an escape that jsonb refuses, how long
// it is and what to write instead.
func badEscape(s []byte) (length int, replacement string, bad bool) {
	r, ok := unit(s)
	switch {
	case !ok:
		return 0, "", false
	case r == 0:
		return 6, "", true
	case !utf16.IsSurrogate(r):
		return 0, "", false
	}
	if low, ok := unit(s[6:]); ok && utf16.DecodeRune(r, low) != '\uFFFD' {
		return 0, "", false
	}
	return 6, `\ufffd`, true
}

// unit reads \uXXXX at the start of s.
func unit(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(v), err == nil
}

func numberLength(s []byte) int {
	for i, c := range s {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return i
		}
	}
	return len(s)
}

// maxNumber is how many digits numeric takes behind the mark, nearly.
const maxNumber = 16000

// fitsNumeric is on the safe side: digits and exponent together stay below the
// limit of decimal places.
func fitsNumeric(number []byte) bool {
	if len(number) > maxNumber {
		return false
	}
	for i, c := range number {
		if c == 'e' || c == 'E' {
			exp, err := strconv.Atoi(string(number[i+1:]))
			return err == nil && exp > -maxNumber+len(number) && exp < maxNumber-len(number)
		}
	}
	return true
}
