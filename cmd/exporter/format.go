package main

import (
	"strconv"
	"time"

	"exporter/sources"
)

// clock is an instant for people: UTC to the second, "" if unset.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// clockIn is an instant for people on the wall of a zone.
func clockIn(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.RFC3339)
}

// utc is an instant for --json.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// span is a data interval for people: a date for a whole day of the zone, dates
// for whole days, instants for the rest; "current" where a stream has none.
func span(i sources.Interval, zone *time.Location) string {
	if i.Start.IsZero() {
		return "current"
	}
	start, end := i.Start.In(zone), i.End.In(zone)
	switch {
	case !midnight(start) || !midnight(end):
		return start.Format(time.RFC3339) + "/" + end.Format(time.RFC3339)
	case start.AddDate(0, 0, 1).Equal(end):
		return start.Format(time.DateOnly)
	default:
		return start.Format(time.DateOnly) + "/" + end.Format(time.DateOnly)
	}
}

func midnight(t time.Time) bool {
	return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0
}

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
