// Package sinktest holds the rules that every sink must pass. A sink's own test
// hands [Run] a [Harness] and adds what is special to it:
//
//	func TestRules(t *testing.T) { sinktest.Run(t, sinktest.Harness{Open: …, Rows: …}) }
//
// The rules follow the contract of package sinks: a slice is visible entirely or
// not at all, effectively once, with its types. A new sentence of that contract
// is a new rule here first. Each rule uses tables and jobs of its own, named for
// it, so that all of them can run on one target; that target must be empty.
package sinktest

import (
	"strings"
	"testing"

	"exporter/record"
	"exporter/sinks"
)

// Null is how [Harness.Rows] writes a null cell.
const Null = "\x00null"

// Harness is a sink under test.
type Harness struct {
	// Open opens the sink on the one target of the test, as a process would that
	// is started anew. Sinktest closes it. May be called several times at once.
	Open func(t testing.TB) sinks.Sink

	// Rows reads a table as a reader of the target sees it at one instant: the
	// given columns of all rows, in any order of rows, none if there is no such
	// table. Cells are text:
	//
	//	Integer, Numeric  canonical decimal, see package record
	//	Float             as strconv.FormatFloat(v, 'g', -1, 64)
	//	Boolean           true, false
	//	Date              2006-01-02
	//	Timestamp         2006-01-02T15:04:05.999999Z, in UTC
	//	LocalTime         2006-01-02T15:04:05.999999
	//	Text              as it is
	//	JSON              any JSON of the same value
	//	null              Null
	//
	// It is called from several goroutines, and must not end the test from one.
	Rows func(t testing.TB, table string, columns []record.Column) [][]string

	// Break makes the target unreachable, breaking what is open; Restore brings it
	// back with everything that was committed. Both or neither; nil for a target
	// that cannot go away.
	Break, Restore func(t testing.TB)
}

// Run holds the sink against every rule.
func Run(t *testing.T, h Harness) {
	rules := []struct {
		name string
		test func(*rule)
	}{
		{"types", types},
		{"null is not empty", nulls},
		{"numbers keep every digit", numbers},
		{"many batches", manyBatches},
		{"replace by the same", replaceSame},
		{"replace by others", replaceOthers},
		{"replace by fewer", replaceFewer},
		{"replace by none", replaceNone},
		{"first load is empty", firstEmpty},
		{"slices stand side by side", sideBySide},
		{"jobs share a table", shareTable},
		{"slice without bounds", unbounded},
		{"two tables", twoTables},
		{"two tables or none", twoTablesOrNone},
		{"column added", columnAdded},
		{"table left out", tableLeftOut},
		{"rejects", rejects},
		{"rejects go with the slice", rejectsReplaced},
		{"later writer wins", laterWins},
		{"later writer wins, having written last", laterWinsLate},
		{"writer that never ended", neverEnded},
		{"abort", abort},
		{"abort after commit", abortAfterCommit},
		{"commit twice", commitTwice},
		{"nothing after the end", nothingAfter},
		{"too few rows", tooFew},
		{"too many rows", tooMany},
		{"rejects missing", rejectsMissing},
		{"cancelled while writing", cancelledWrite},
		{"cancelled before commit", cancelledCommit},
		{"readers", readers},
		{"parallel slices", parallel},
		{"committed", committed},
		{"nothing is committed before", notCommitted},
		{"unchanged", unchanged},
		{"checked", checked},
		{"checked without a load", checkedUnknown},
		{"check leaves nothing", check},
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.test(newRule(t, h)) })
	}
	if h.Break != nil {
		t.Run("target goes away", func(t *testing.T) { goesAway(newRule(t, h)) })
		t.Run("target is away", func(t *testing.T) { isAway(newRule(t, h)) })
	}
}

// rule is one rule being tested: a sink, and names that no other rule uses.
type rule struct {
	*testing.T
	h    Harness
	sink sinks.Sink
	name string // of job and table
}

func newRule(t *testing.T, h Harness) *rule {
	name := t.Name()
	name = record.ColumnNames([]string{name[strings.LastIndex(name, "/")+1:]})[0]
	r := &rule{T: t, h: h, name: name}
	r.sink = r.open()
	return r
}

func (r *rule) open() sinks.Sink {
	r.Helper()
	s := r.h.Open(r)
	r.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.Errorf("close: %v", err)
		}
	})
	return s
}
