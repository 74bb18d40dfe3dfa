package sqlite

import (
	"bytes"
	"strconv"
	"time"

	"exporter/record"
)

// value returns a cell that is not null as the driver binds it.
func value(t record.Type, cell []byte) any {
	switch t {
	case record.Integer:
		return record.Int(cell)
	case record.Float:
		return record.Float64(cell)
	case record.Boolean:
		return int64(cell[0])
	case record.Numeric:
		return number(cell)
	case record.Date:
		return time.Unix(int64(record.Days(cell))*86400, 0).UTC().Format(dateLayout)
	case record.Timestamp, record.LocalTime:
		return timeText(time.UnixMicro(record.Int(cell)))
	default:
		return string(cell)
	}
}

// number returns a canonical decimal as the float64 that has it as its shortest
// decimal, or, where there is none, its digits.
func number(cell []byte) any {
	var buf [32]byte // on the stack: this is the hot path of a load
	digits, scale := decimal(buf[:0], cell)
	if len(digits) == 0 {
		return 0.0 // without a sign
	}
	f, err := strconv.ParseFloat(string(cell), 64)
	const sure, small = 15, 100 // a float64 keeps every decimal of 15 digits, subnormal ones apart
	if err == nil && (len(digits) <= sure && scale < small || shortest(f, digits, scale)) {
		return f
	}
	if bytes.IndexByte(cell, '.') >= 0 {
		cell = bytes.TrimSuffix(bytes.TrimRight(cell, "0"), []byte("."))
	}
	return cell
}

// decimal returns the digits of a canonical decimal without zeros at either end, in
// the empty buf, and the power of ten, negated, that they are to be multiplied by.
func decimal(buf, cell []byte) (digits []byte, scale int) {
	digits = buf
	mark := -1
	for i, c := range cell {
		switch {
		case c == '.':
			mark = i
		case c >= '1' && c <= '9', c == '0' && len(digits) > 0:
			digits = append(digits, c)
		}
	}
	if mark >= 0 {
		scale = len(cell) - 1 - mark
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		scale--
	}
	return digits, scale
}

// shortest reports whether f has these digits and scale as its shortest decimal.
func shortest(f float64, digits []byte, scale int) bool {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64) // d.ddde±dd
	var got []byte
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			got = append(got, c)
		case c == 'e':
			exp, err := strconv.Atoi(string(text[i+1:]))
			return err == nil && string(got) == string(digits) && len(got)-1-exp == scale
		}
	}
	return false
}
