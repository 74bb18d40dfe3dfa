package record

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"
)

var (
	errSyntax = errors.New("invalid syntax")
	errDigits = errors.New("more than 1,000 digits")
)

// ParseInteger reads a decimal integer of 64 bits, with an optional sign.
func ParseInteger(s []byte) (int64, error) {
	neg := false
	d := s
	if len(d) > 0 && (d[0] == '-' || d[0] == '+') {
		neg, d = d[0] == '-', d[1:]
	}
	if len(d) == 0 {
		return 0, errSyntax
	}
	var v uint64
	for _, c := range d {
		if c < '0' || c > '9' {
			return 0, errSyntax
		}
		if v > (math.MaxUint64-9)/10 {
			return 0, strconv.ErrRange
		}
		v = v*10 + uint64(c-'0')
	}
	switch {
	case neg && v <= 1<<63:
		return -int64(v), nil
	case !neg && v < 1<<63:
		return int64(v), nil
	}
	return 0, strconv.ErrRange
}

func (b *Builder) rawInteger(s []byte) {
	v, err := ParseInteger(s)
	switch {
	case errors.Is(err, strconv.ErrRange):
		b.reject("%q does not fit into 64 bits", clip(s))
	case err != nil:
		b.reject("%q is not an integer", clip(s))
	default:
		b.fixed(v)
	}
}

func (b *Builder) rawFloat(s []byte) {
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || bytes.ContainsAny(s, "xX_") {
		b.reject("%q is not a finite number", clip(s))
		return
	}
	b.fixed(int64(math.Float64bits(v)))
}

func (b *Builder) rawBoolean(s []byte) {
	switch string(s) {
	case "1", "true":
		b.truth(1)
	case "0", "false":
		b.truth(0)
	default:
		b.reject("%q is not a boolean", clip(s))
	}
}

// maxDigits is more than any amount has and less than any sink refuses.
const maxDigits = 1000

// AppendDecimal appends s in its canonical form: an optional minus, digits
// without leading zeros, and the fraction as it was given. An exponent is
// spelled out; more than 1,000 digits, zeros in front not counted, are an error.
func AppendDecimal(dst, s []byte) ([]byte, error) { return appendDecimal(dst, s, maxDigits) }

func appendDecimal(dst, s []byte, most int) ([]byte, error) {
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	whole, rest := digits(s)
	var frac []byte
	if len(rest) > 0 && rest[0] == '.' {
		frac, rest = digits(rest[1:])
	}
	if len(whole) == 0 && len(frac) == 0 {
		return dst, errSyntax
	}
	if len(rest) > 0 {
		if rest[0] != 'e' && rest[0] != 'E' {
			return dst, errSyntax
		}
		exp, err := ParseInteger(rest[1:])
		if errors.Is(err, errSyntax) {
			return dst, err
		}
		if err != nil || exp < -maxDigits || exp > maxDigits {
			return dst, errDigits
		}
		whole, frac = shift(whole, frac, int(exp))
	}
	if len(whole)+len(frac) > most && len(bytes.TrimLeft(whole, "0"))+len(frac) > most {
		return dst, errDigits
	}
	return appendCanonical(dst, neg, whole, frac), nil
}

func appendCanonical(dst []byte, neg bool, whole, frac []byte) []byte {
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	if neg && !(zero(whole) && zero(frac)) {
		dst = append(dst, '-')
	}
	if len(whole) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, whole...)
	if len(frac) > 0 {
		dst = append(dst, '.')
		dst = append(dst, frac...)
	}
	return dst
}

// AppendRounded appends a canonical decimal with at most so many digits after the
// point, halves away from zero, and no zeros at the end of its fraction. What is
// no canonical decimal is appended as it is.
func AppendRounded(dst, s []byte, decimals int) []byte {
	whole, frac, found := bytes.Cut(s, []byte{'.'})
	whole, neg := bytes.CutPrefix(whole, []byte{'-'})
	if run, rest := digits(frac); !found || len(rest) > 0 || len(run) == 0 {
		return append(dst, s...)
	}
	up := len(frac) > decimals && frac[decimals] >= '5'
	frac = frac[:min(len(frac), decimals)]
	var buf [64]byte // what most amounts fit into, without a call of the allocator
	kept := append(append(buf[:0], whole...), frac...)
	for i := len(kept) - 1; up && i >= 0; i-- {
		if up = kept[i] == '9'; up {
			kept[i] = '0'
		} else {
			kept[i]++
		}
	}
	if up {
		kept = append([]byte{'1'}, kept...)
	}
	mark := len(kept) - len(frac)
	return appendCanonical(dst, neg, kept[:mark], bytes.TrimRight(kept[mark:], "0"))
}

func digits(s []byte) (run, rest []byte) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// shift moves the decimal mark by exp places.
func shift(whole, frac []byte, exp int) (w, f []byte) {
	all := append(append([]byte(nil), whole...), frac...)
	mark := len(whole) + exp
	for ; mark < 0; mark++ {
		all = append([]byte{'0'}, all...)
	}
	for len(all) < mark {
		all = append(all, '0')
	}
	return all[:mark], all[mark:]
}

func zero(s []byte) bool {
	for _, c := range s {
		if c != '0' {
			return false
		}
	}
	return true
}

// ParseDays reads a YYYY-MM-DD day as days since 1970-01-01.
func ParseDays(s []byte) (int32, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, errSyntax
	}
	y, m, d := number(s[:4]), number(s[5:7]), number(s[8:])
	if y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, errSyntax
	}
	return daysOf(y, m, d), nil
}

// number reads a short run of digits, -1 if there is anything else.
func number(s []byte) int {
	v := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		v = v*10 + int(c-'0')
	}
	return v
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysOf counts days since 1970-01-01 in the Gregorian calendar.
func daysOf(y, m, d int) int32 {
	if m <= 2 {
		y, m = y-1, m+12
	}
	return int32(365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 719469)
}

// ParseWall reads "YYYY-MM-DD hh:mm:ss[.ffffff]" (or with a T) as microseconds
// since 1970 on the wall clock, whatever its zone.
func ParseWall(s []byte) (int64, error) {
	if len(s) < 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return 0, errSyntax
	}
	days, err := ParseDays(s[:10])
	if err != nil {
		return 0, err
	}
	h, m, sec := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59 {
		return 0, errSyntax
	}
	micro := 0
	if f := s[19:]; len(f) > 0 {
		if len(f) < 2 || len(f) > 7 || f[0] != '.' {
			return 0, errSyntax
		}
		if micro = number(f[1:]); micro < 0 {
			return 0, errSyntax
		}
		for n := len(f) - 1; n < 6; n++ {
			micro *= 10
		}
	}
	return (int64(days)*86400+int64(h)*3600+int64(m)*60+int64(sec))*1e6 + int64(micro), nil
}

func (b *Builder) rawTime(s []byte, t Type) {
	wall, err := ParseWall(s)
	if err == nil {
		if t == Timestamp {
			wall = b.clock.instant(wall)
		}
		b.moment(wall)
		return
	}
	at, err := time.Parse(time.RFC3339Nano, string(s))
	switch {
	case err != nil && zeroDate(s):
		b.Null()
	case err != nil:
		b.reject("%q is not a date with time", clip(s))
	case t == Timestamp:
		b.moment(at.UnixMicro())
	default:
		_, offset := at.In(b.clock.zone).Zone()
		b.moment(at.UnixMicro() + int64(offset)*1e6)
	}
}
