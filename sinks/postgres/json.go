package postgres

import (
	"strconv"
	"unicode/utf16"
)

// appendJSON appends valid JSON and changes the little that jsonb refuses: \u0000
// is dropped, half of a surrogate pair becomes \ufffd, and a number beyond the
// limits of numeric becomes a string of its digits.
func appendJSON(dst, cell []byte) []byte {
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

// fitsNumeric is on the safe side: digits and exponent together stay below the
// limit of decimal places.
func fitsNumeric(number []byte) bool {
	const most = 16000
	if len(number) > most {
		return false
	}
	for i, c := range number {
		if c == 'e' || c == 'E' {
			exp, err := strconv.Atoi(string(number[i+1:]))
			return err == nil && exp > -most+len(number) && exp < most-len(number)
		}
	}
	return true
}
