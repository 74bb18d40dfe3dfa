package hasoffers_test

import (
	"testing"
	"time"

	"exporter/sources"
	"exporter/sources/hasoffers"
)

func TestWindow(t *testing.T) {
	tests := []struct {
		name, zone, start, end string // instants
		from, to               string
		places                 map[string]int
	}{
		{
			"a plain day", newYork, "2026-06-01T04:00:00Z", "2026-06-02T04:00:00Z", "2026-06-01 00:00:00", "2026-06-02 00:00:00",
			map[string]int{"2026-06-01 00:00:00": 0, "2026-06-01 23:59:59": 0, "2026-06-02 00:00:00": 2, "2026-05-31 23:59:59": 2, "": 0, "0000-00-00 00:00:00": 0},
		},
		{
			"the day with a gap", newYork, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-07 23:00:00", "2026-03-09 00:00:00",
			map[string]int{"2026-03-07 23:30:00": 1, "2026-03-08 00:00:00": 0, "2026-03-08 02:30:00": 0, "2026-03-08 23:59:59": 0},
		},
		{
			"the hour before the gap", newYork, "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08 00:00:00", "2026-03-08 04:00:00",
			map[string]int{"2026-03-08 00:59:59": 1, "2026-03-08 01:30:00": 0, "2026-03-08 02:30:00": 1, "2026-03-08 03:00:00": 1},
		},
		{
			"the first of the doubled hours has all its rows", newYork, "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01 00:00:00", "2026-11-01 02:00:00",
			map[string]int{"2026-11-01 00:59:59": 1, "2026-11-01 01:00:00": 0, "2026-11-01 01:59:59": 0},
		},
		{
			"the second has none", newYork, "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z", "2026-11-01 00:00:00", "2026-11-01 03:00:00",
			map[string]int{"2026-11-01 01:00:00": 1, "2026-11-01 01:59:59": 1, "2026-11-01 02:00:00": 1},
		},
		{
			"half an hour of change is widened by an hour", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", "2026-04-04 23:00:00", "2026-04-06 00:00:00",
			map[string]int{"2026-04-04 23:30:00": 1, "2026-04-05 01:45:00": 0, "2026-04-05 23:59:59": 0},
		},
		{
			"fractions of a second", newYork, "2026-06-01T04:00:00.5Z", "2026-06-01T05:00:00.5Z", "2026-06-01 00:00:00", "2026-06-01 01:00:01",
			map[string]int{"2026-06-01 00:00:00": 1, "2026-06-01 00:00:01": 0, "2026-06-01 01:00:00": 0},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, to, place := hasoffers.Window(sources.Interval{Start: instant(t, test.start), End: instant(t, test.end)}, test.zone)
			if from != test.from || to != test.to {
				t.Errorf("got %s to %s, want %s to %s", from, to, test.from, test.to)
			}
			for datetime, want := range test.places {
				if got := place(datetime); got != want {
					t.Errorf("%q: got place %d, want %d", datetime, got, want)
				}
			}
		})
	}
}

func instant(tb testing.TB, s string) time.Time {
	tb.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}
