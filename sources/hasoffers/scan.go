package hasoffers

import (
	"encoding/binary"
	"math/bits"
)

// What scan says of a value that it cannot give the length of.
const (
	notPlain = 0  // an object, an array, or no JSON
	cutOff   = -1 // its end is not in sight
)

// scan returns how long the string, number or word at the begin of b is, and whether it
// is a string with escapes.
func scan(b []byte) (n int, escaped bool) {
	if len(b) == 0 {
		return cutOff, false
	}
	switch c := b[0]; {
	case c == '"':
		return scanString(b)
	case c == '-' || c >= '0' && c <= '9':
		n = scanNumber(b)
	case c == 'n':
		n = scanWord(b, "null")
	case c == 't':
		n = scanWord(b, "true")
	case c == 'f':
		n = scanWord(b, "false")
	}
	return n, false
}

func scanWord(b []byte, word string) int {
	if len(b) < len(word) {
		return cutOff
	}
	if string(b[:len(word)]) != word {
		return notPlain
	}
	return len(word)
}

// scanNumber knows numbers without exponent.
func scanNumber(b []byte) int {
	i := 0
	if b[0] == '-' {
		i = 1
	}
	whole := i
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
	}
	if i == whole || i > whole+1 && b[whole] == '0' {
		return notPlainOr(i == len(b))
	}
	if i < len(b) && b[i] == '.' {
		i++
		frac := i
		for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		}
		if i == frac {
			return notPlainOr(i == len(b))
		}
	}
	switch {
	case i == len(b):
		return cutOff
	case b[i] == 'e' || b[i] == 'E':
		return notPlain
	}
	return i
}

func notPlainOr(cut bool) int {
	if cut {
		return cutOff
	}
	return notPlain
}

// scanString finds the end of a string. It looks at eight bytes at a time for what is
// more than a character of it: a quote, a backslash, a control character.
func scanString(b []byte) (n int, escaped bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i := 1; ; {
		for ; i+8 <= len(b); i += 8 {
			w := binary.LittleEndian.Uint64(b[i:])
			quote, slash := w^ones*'"', w^ones*'\\'
			// Of the bits that are set the lowest is always right.
			if found := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs; found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		switch {
		case i == len(b):
			return cutOff, false
		case b[i] == '"':
			return i + 1, escaped
		case b[i] != '\\':
			return notPlain, false
		case i+1 == len(b):
			return cutOff, false
		}
		escaped = true
		switch b[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if i+6 > len(b) {
				return cutOff, false
			}
			for _, c := range b[i+2 : i+6] {
				if !(c >= '0' && c <= '9' || c|' ' >= 'a' && c|' ' <= 'f') {
					return notPlain, false
				}
			}
			i += 6
		default:
			return notPlain, false
		}
	}
}
