package main

import (
	"strconv"
	"time"

	"exporter/jobs/plan"
	"exporter/sources"
)

// clock is an instant for people, to the second on the wall of a zone that it names: of a
// job that of its schedule, of everything else that of [exporter]. It is "" if unset.
// Logs and --json have RFC 3339 in UTC.
func clock(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// utc is an instant for --json.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// span is a data interval for people.
func span(i sources.Interval, zone *time.Location) string { return plan.Text(i, zone) }

// took is a length of time for people.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 10*time.Second:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// seconds is a length of time for --json, to the millisecond.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// count is a number with its word: "1 slice", "3 slices".
func count[T int | int64](n T, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
}
