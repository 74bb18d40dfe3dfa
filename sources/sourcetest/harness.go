// Package sourcetest holds the rules every source has to keep, as tests against
// a simulated vendor whose rows are known. A source's tests fill a [Harness] and
// call [Run]; a new rule of the contract is a new test here first.
package sourcetest

import (
	"log/slog"
	"testing"
	"time"

	"exporter/sources"
)

// Row is a row in text, by column name; a column that is missing is null.
// Integers are decimal, timestamps RFC 3339 in UTC, local timestamps
// "2006-01-02 15:04:05", dates "2006-01-02", booleans true or false.
type Row map[string]string

// Setup is what a rule wants of the source it is about to read.
type Setup struct {
	PageSize int // option page_size
	// For sources.Deps.
	Log       *slog.Logger
	OnRequest func(status int, took time.Duration)
}

// Harness is a source beside the truth about its vendor.
type Harness struct {
	// Open returns a fresh source of the same vendor. Its limiter should allow one
	// request in flight, so that a body left open shows.
	Open   func(tb testing.TB, setup Setup) sources.Source
	Stream string
	Part   string
	Zone   *time.Location

	// Intervals are neighbours: each ends where the next one starts. They hold rows,
	// and the first needs at least three pages at the first page size. Both days
	// of a clock change belong among them. One zero interval where there are none.
	Intervals []sources.Interval
	// Empty has no rows; zero where a stream has no intervals.
	Empty sources.Interval
	// PageSizes are read one after the other; the first is used everywhere else.
	PageSizes []int
	// Truth returns the rows of an interval by table name, in any order, with the
	// columns that are to be compared: every row has the same ones, null or not. It is
	// asked once for each interval: the vendor's data stay as they are meanwhile.
	Truth func(tb testing.TB, interval sources.Interval) map[string][]Row
	// Columns are compared; nil compares all columns.
	Columns []string
	// Drop names a column of the first table that a job may drop.
	Drop string

	// Requests counts what the vendor was asked so far.
	Requests func() int
	// Break makes the vendor refuse every further request for good.
	Break func(tb testing.TB)
	// Hang makes the vendor keep further requests waiting until they are given up
	// on, and returns a channel on which each arrival is told. Mend ends Break and Hang.
	Hang func(tb testing.TB) <-chan struct{}
	Mend func(tb testing.TB)

	// Secrets may stand nowhere: not in errors, logs, checkpoints or pages.
	Secrets []string
}

// Run checks every rule.
func Run(t *testing.T, h Harness) {
	t.Helper()
	truth, known := h.Truth, map[sources.Interval]map[string][]Row{}
	h.Truth = func(tb testing.TB, interval sources.Interval) map[string][]Row {
		if known[interval] == nil {
			known[interval] = truth(tb, interval)
		}
		return known[interval]
	}
	for _, rule := range []struct {
		name  string
		check func(*testing.T, *Harness)
	}{
		{"rows are the vendor's at every page size", rowsAtEveryPageSize},
		{"neighbours have no gap and no overlap", neighbours},
		{"an empty interval has no rows and an end", emptyInterval},
		{"every checkpoint can be resumed", resume},
		{"every request is told", told},
		{"a preview stops early", preview},
		{"dropped columns are absent", dropped},
		{"a stopped loop asks no more", stoppedLoop},
		{"a cancelled read is interrupted", cancelled},
		{"a cancelled request is interrupted", cancelledRequest},
		{"an error ends the read", errorEnds},
	} {
		t.Run(rule.name, func(t *testing.T) { rule.check(t, &h) })
	}
}
