package record

import (
	"bytes"
	"errors"
	"math"
)

// Bounds of dates and times: the years 1 to 9999 in UTC, which every sink can hold and
// every reader of one can read.
const (
	firstDay, lastDay     = -719162, 2932896
	firstMicro, lastMicro = firstDay * 86400e6, (lastDay+1)*86400e6 - 1
)

const outOfRange = "%s lies outside of the years 1 to 9999 (UTC)"

// moment appends microseconds since 1970.
func (b *Builder) moment(v int64) {
	if v < firstMicro || v > lastMicro {
		b.reject(outOfRange, "the time")
		return
	}
	b.fixed(v)
}

// finite appends a float.
func (b *Builder) finite(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		b.reject("%g is not a finite number", v)
		return
	}
	b.fixed(int64(math.Float64bits(v)))
}

// zeroDate reports whether s is 0000-00-00, with or without a time of zeros: what MySQL
// and its users write for no date.
func zeroDate(s []byte) bool {
	rest, ok := bytes.CutPrefix(s, []byte("0000-00-00"))
	return ok && len(bytes.Trim(rest, "0:. TZ")) == 0
}

func (b *Builder) rejectDecimal(s []byte, err error) {
	if errors.Is(err, errDigits) {
		b.reject("%q… has more than %d digits", clip(s), maxDigits)
		return
	}
	b.reject("%q is not a decimal number", clip(s))
}
