package owapro

import (
	"math"
	"strconv"
)

// appendDecimal writes units of 10^-scale, which are not negative, with a decimal mark and, between groups
// of three digits, a separator; at least so many decimals, no other trailing zeros.
func appendDecimal(dst []byte, units int64, scale, least int, mark byte, group []byte) []byte {
	var digits [24]byte
	text := strconv.AppendInt(digits[:0], units, 10)
	var padded [32]byte
	if len(text) <= scale {
		zeros := padded[:0]
		for range scale + 1 - len(text) {
			zeros = append(zeros, '0')
		}
		text = append(zeros, text...)
	}
	whole, part := text[:len(text)-scale], text[len(text)-scale:]
	if len(group) == 0 {
		dst = append(dst, whole...)
	} else {
		for i, c := range whole {
			if i > 0 && (len(whole)-i)%3 == 0 {
				dst = append(dst, group...)
			}
			dst = append(dst, c)
		}
	}
	for len(part) > least && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	if len(part) == 0 {
		return dst
	}
	return append(append(dst, mark), part...)
}

// noisy returns cents as the vendor's database keeps them, in a 32-bit float, as
// long as rounding to cents undoes it; ok is false where it would not.
func noisy(cents int64) (value float64, ok bool) {
	value = float64(float32(float64(cents) / 100))
	return value, math.Round(value*100) == float64(cents)
}

// appendFloat writes 15 significant digits, as Perl does.
func appendFloat(dst []byte, value float64) []byte {
	mark := len(dst)
	dst = strconv.AppendFloat(dst, value, 'g', 15, 64)
	for i := mark; i < len(dst); i++ {
		if dst[i] == 'e' { // of a size that does not occur in reports
			return strconv.AppendFloat(dst[:mark], value, 'f', 6, 64)
		}
	}
	return dst
}
