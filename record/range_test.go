package record_test

import (
	"math"
	"testing"
	"time"

	"exporter/record"
)

// TestLimits: what cannot be stored everywhere is rejected, however it is handed in.
func TestLimits(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	raw := func(s string) func(*record.Builder) { return func(b *record.Builder) { b.Raw([]byte(s)) } }
	const time0, date0 = "the time lies outside of the years 1 to 9999 (UTC)", "the date lies outside of the years 1 to 9999 (UTC)"
	for _, c := range []struct {
		name   string
		typ    record.Type
		zone   *time.Location
		append func(*record.Builder)
		reason string // "" = kept, "null" = null
	}{
		{"NaN", record.Float, nil, func(b *record.Builder) { b.Float(math.NaN()) }, "NaN is not a finite number"},
		{"infinity", record.Float, nil, func(b *record.Builder) { b.Float(math.Inf(-1)) }, "-Inf is not a finite number"},
		{"NaN as text", record.Float, nil, raw("NaN"), `"NaN" is not a finite number`},
		{"too large", record.Float, nil, raw("1e999"), `"1e999" is not a finite number`},
		{"NaN for a numeric", record.Numeric, nil, raw("NaN"), `"NaN" is not a decimal number`},
		{"infinity for a numeric", record.Numeric, nil, raw("Infinity"), `"Infinity" is not a decimal number`},
		{"large exponent", record.Numeric, nil, raw("1e1001"), `"1e1001"… has more than 1000 digits`},
		{"a bad exponent", record.Numeric, nil, raw("1ex"), `"1ex" is not a decimal number`},
		{"first instant", record.Timestamp, nil, func(b *record.Builder) { b.Timestamp(year(1)) }, ""},
		{"before it", record.Timestamp, nil, func(b *record.Builder) { b.Timestamp(year(1).Add(-1)) }, time0},
		{"last instant", record.Timestamp, nil, func(b *record.Builder) { b.Timestamp(year(10000).Add(-1)) }, ""},
		{"after it", record.Timestamp, nil, func(b *record.Builder) { b.Timestamp(year(10000)) }, time0},
		{"year 0", record.Timestamp, nil, raw("0000-12-31T23:59:59Z"), time0},
		{"out of it by its offset", record.Timestamp, nil, raw("9999-12-31T23:59:59-01:00"), time0},
		{"out of it by the zone", record.Timestamp, berlin, raw("0001-01-01 00:00:00"), time0},
		{"year 10000", record.Timestamp, nil, raw("10000-01-01 00:00:00"), `"10000-01-01 00:00:00" is not a date with time`},
		{"wall clock", record.LocalTime, nil, func(b *record.Builder) { b.LocalTime(year(0)) }, time0},
		{"first day", record.Date, nil, raw("0001-01-01"), ""},
		{"last day", record.Date, nil, raw("9999-12-31"), ""},
		{"a day before", record.Date, nil, func(b *record.Builder) { b.Days(-719163) }, date0},
		{"a day after", record.Date, nil, func(b *record.Builder) { b.Days(2932897) }, date0},
		{"year 0 of a date", record.Date, nil, raw("0000-01-01"), `"0000-01-01" is not a date`},
		{"zero date", record.Date, nil, raw("0000-00-00"), "null"},
		{"zero time", record.Timestamp, nil, raw("0000-00-00 00:00:00"), "null"},
		{"zero time of a wall clock", record.LocalTime, nil, raw("0000-00-00T00:00:00.000Z"), "null"},
		{"zero date with a time", record.Timestamp, nil, raw("0000-00-00 00:00:01"), `"0000-00-00 00:00:01" is not a date with time`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := record.NewBuilder(0, record.Table{Columns: []record.Column{{Name: "c", Type: c.typ}}}, c.zone)
			c.append(b)
			kept := b.EndRow(func() []byte { return nil })
			rows, rejects := b.Take()
			got := ""
			switch {
			case !kept:
				reason, _ := rejects.Cell(0, 2)
				got = string(reason)
			default:
				if _, null := rows.Cell(0, 0); null {
					got = "null"
				}
			}
			if got != c.reason {
				t.Errorf("got %q, want %q", got, c.reason)
			}
		})
	}
}
