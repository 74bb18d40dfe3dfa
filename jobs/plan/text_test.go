package plan_test

import (
	"testing"
	"time"

	"exporter/jobs/plan"
	"exporter/sources"
)

// TestText: days are dates; hours name the zone, and both zones where the clock changes.
func TestText(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, berlin) }
	autumn := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC) // 02:00 CEST; an hour on it is 02:00 CET
	for _, c := range []struct {
		start, end time.Time
		want       string
	}{
		{time.Time{}, time.Time{}, "current"},
		{day(2026, 3, 29), day(2026, 3, 30), "2026-03-29"},
		{day(2026, 3, 23), day(2026, 3, 30), "2026-03-23/2026-03-30"},
		{autumn.Add(-2 * time.Hour), autumn.Add(-time.Hour), "2026-10-25 00:00 CEST/01:00"},
		{autumn, autumn.Add(2 * time.Hour), "2026-10-25 02:00 CEST/2026-10-25 03:00 CET"},
		{autumn.Add(22 * time.Hour), autumn.Add(23 * time.Hour), "2026-10-25 23:00 CET/2026-10-26 00:00 CET"},
	} {
		if got := plan.Text(sources.Interval{Start: c.start, End: c.end}, berlin); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
