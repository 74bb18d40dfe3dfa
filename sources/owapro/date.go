package owapro

import (
	"bytes"
	"fmt"

	"exporter/record"
)

// dayRange are the days of a slice, as days since 1970, both included.
type dayRange struct{ from, to int32 }

func (r dayRange) has(d int32) bool { return d >= r.from && d <= r.to }

// isoDate appends a date as YYYY-MM-DD: the vendor also writes 30.08.2018 and
// 30/08/2018 or 08/30/2018. Which of the last two it is the days that were asked
// for tell (within, nil where they do not), or a number above 12; where neither
// does, the text stays as it is.
func isoDate(dst, text []byte, within *dayRange) []byte {
	if _, err := record.ParseDays(text); err == nil {
		return append(dst, text...)
	}
	var a, b, year []byte
	switch {
	case bytes.Count(text, []byte("/")) == 2:
		parts := bytes.Split(text, []byte("/"))
		a, b, year = parts[0], parts[1], parts[2]
	case bytes.Count(text, []byte(".")) == 2:
		parts := bytes.Split(text, []byte("."))
		return appendDate(dst, text, parts[2], parts[1], parts[0])
	default:
		return append(dst, text...)
	}
	dmy, isDMY := dateOf(year, b, a)
	mdy, isMDY := dateOf(year, a, b)
	if isDMY && isMDY && dmy != mdy && within != nil && within.has(dmy) != within.has(mdy) {
		isDMY, isMDY = within.has(dmy), within.has(mdy)
	}
	switch {
	case isDMY && (!isMDY || dmy == mdy):
		return appendDate(dst, text, year, b, a)
	case isMDY && !isDMY:
		return appendDate(dst, text, year, a, b)
	}
	return append(dst, text...)
}

func iso(year, month, day []byte) []byte {
	return fmt.Appendf(nil, "%04s-%02s-%02s", year, month, day)
}

func dateOf(year, month, day []byte) (int32, bool) {
	if len(year) != 4 || len(month) < 1 || len(month) > 2 || len(day) < 1 || len(day) > 2 {
		return 0, false
	}
	d, err := record.ParseDays(iso(year, month, day))
	return d, err == nil
}

func appendDate(dst, text, year, month, day []byte) []byte {
	if _, ok := dateOf(year, month, day); !ok {
		return append(dst, text...)
	}
	return append(dst, iso(year, month, day)...)
}
