package record_test

import (
	"encoding/binary"
	"testing"
	"time"

	"exporter/record"
)

// ruled is a zone of which only the rule is known, as those of Go's own database are:
// a TZif file without a single change, and a footer.
func ruled(t *testing.T, rule string, seconds int32) *time.Location {
	t.Helper()
	header := append([]byte("TZif2"), make([]byte, 15)...)
	for _, n := range []uint32{0, 0, 0, 0, 1, 4} { // UTC/local and standard/wall marks, leap seconds, changes, types, letters
		header = binary.BigEndian.AppendUint32(header, n)
	}
	kind := append(binary.BigEndian.AppendUint32(nil, uint32(seconds)), 0, 0, 'S', 'T', 'D', 0)
	data := append(append([]byte{}, header...), kind...)
	data = append(append(append(data, header...), kind...), "\n"+rule+"\n"...)
	zone, err := time.LoadLocationFromTZData(rule, data)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestShifts(t *testing.T) {
	for rule, seconds := range map[string]int32{"EST5EDT,M3.2.0,M11.1.0": -5 * 3600, "CET-1CEST,M3.5.0,M10.5.0/3": 3600, "NZST-12NZDT,M9.5.0,M4.1.0/3": 12 * 3600} {
		zone := ruled(t, rule, seconds)
		from := time.Date(2020, 1, 1, 0, 0, 0, 0, zone)
		var want []time.Time // by looking at every hour
		for at := from; at.Year() < 2030; at = at.Add(time.Hour) {
			_, was := at.Add(-time.Hour).Zone()
			if _, is := at.Zone(); is != was {
				want = append(want, at)
			}
		}
		if len(want) != 20 {
			t.Fatalf("%s: %d changes in ten years", rule, len(want))
		}
		at := from.Add(-time.Hour)
		for i, w := range want {
			if at = record.NextShift(at); !at.Equal(w) {
				t.Fatalf("%s: change %d is %s, want %s", rule, i, at, w)
			}
			for _, later := range []time.Duration{0, time.Nanosecond, 50 * 24 * time.Hour} {
				if got := record.LastShift(at.Add(later)); !got.Equal(w) {
					t.Errorf("%s: the last change until %s is %s, want %s", rule, at.Add(later), got, w)
				}
			}
		}
		for day := from; day.Year() < 2030; day = day.AddDate(0, 0, 1) { // the end of leap years among them
			next, last := record.NextShift(day), record.LastShift(day)
			if !next.After(day) || next.Sub(day) > 250*24*time.Hour || last.After(day) || day.Sub(last) > 250*24*time.Hour {
				t.Fatalf("%s: around %s clocks were moved at %s and %s", rule, day, last, next)
			}
		}
	}
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("fixed", 3600), ruled(t, "IST-5:30", 19800)} {
		at := time.Date(2024, 12, 31, 12, 0, 0, 0, zone)
		if next, last := record.NextShift(at), record.LastShift(at); !next.IsZero() || !last.IsZero() {
			t.Errorf("%s: clocks are moved at %s and %s", zone, last, next)
		}
	}
}
