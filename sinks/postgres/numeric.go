package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Limits of numeric: digits before and after the decimal mark.
const (
	maxWhole = 131072
	maxScale = 16383
)

var errNumeric = errors.New("has more than 131072 digits before or 16383 after the decimal mark")

// appendNumeric appends a canonical decimal in the binary form of numeric: a
// count of digits to base 10000, the weight of the first, the sign, the number of
// decimal places, the digits. Zeros at either end are the server's to strip.
func appendNumeric(dst, cell []byte) ([]byte, error) {
	sign := uint16(0)
	if len(cell) > 0 && cell[0] == '-' {
		sign, cell = 0x4000, cell[1:]
	}
	whole, frac := cell, []byte(nil)
	if mark := bytes.IndexByte(cell, '.'); mark >= 0 {
		whole, frac = cell[:mark], cell[mark+1:]
	}
	if len(whole) == 1 && whole[0] == '0' {
		whole = nil
	}
	if len(whole) > maxWhole || len(frac) > maxScale {
		return dst, errNumeric
	}
	groups := (len(whole)+3)/4 + (len(frac)+3)/4
	dst = binary.BigEndian.AppendUint16(dst, uint16(groups))
	dst = binary.BigEndian.AppendUint16(dst, uint16(int16((len(whole)+3)/4-1)))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(frac)))
	for first := len(whole) % 4; len(whole) > 0; first = 4 {
		if first == 0 {
			first = 4
		}
		dst = appendGroup(dst, whole[:first], 0)
		whole = whole[first:]
	}
	for len(frac) > 0 {
		n := min(4, len(frac))
		dst = appendGroup(dst, frac[:n], 4-n)
		frac = frac[n:]
	}
	return dst, nil
}

// appendGroup appends up to four decimal digits, followed by zeros, as one to base 10000.
func appendGroup(dst, digits []byte, zeros int) []byte {
	v := uint16(0)
	for _, d := range digits {
		v = v*10 + uint16(d-'0')
	}
	for range zeros {
		v *= 10
	}
	return binary.BigEndian.AppendUint16(dst, v)
}
