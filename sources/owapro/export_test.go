package owapro

import (
	"time"

	"exporter/sources"
)

// Number reads a number of a CSV with the marks given, "" for those not known. It
// returns its canonical form, the decimal mark known then, and whether the text is
// a number ("number", "not a number", "ambiguous").
func Number(text, decimal, thousands string) (canonical, mark, verdict string) {
	m := CSV{Decimal: decimal, Thousands: thousands}.marks()
	out, v := m.canonical(nil, []byte(text), true, "EUR")
	if m.decimal != 0 {
		mark = string(rune(m.decimal))
	}
	return string(out), mark, [...]string{"number", "not a number", "ambiguous"}[v]
}

// Date reads a date that may be of the days given.
func Date(text string, from, to int32) string {
	return string(isoDate(nil, []byte(text), &dayRange{from, to}))
}

// At sets the clock of a source.
func At(s sources.Source, now time.Time) {
	s.(*source).now = func() time.Time { return now }
}
