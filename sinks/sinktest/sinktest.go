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
	"slices"
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

	// Modes are those of the sink's driver; what is not listed must be refused.
	Modes []sinks.Mode

	// Target is what the function given to [Child] opens in another process; "" if
	// the sink cannot be reached from one.
	Target string

	// Trap makes a Target at which a process is killed before its n-th step, counted from
	// 1; nil if steps cannot be told apart.
	Trap func(t testing.TB, n int) Trap

	// Scaleless is for a sink that keeps the value of a Numeric and not how many
	// zeros end its fraction.
	Scaleless bool

	// Narrow is for a sink that refuses a Numeric of more digits than it has room for.
	Narrow bool

	// Whole is for a sink that finds no rows by key: its Snapshot replaces all rows of
	// job and part, so that one that is no longer there is gone.
	Whole bool

	// Alter is part of how the owner of a frozen table is told to change it; "" is
	// "ALTER TABLE".
	Alter string

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

	// Ledger reads runs, restatements or freshness as Rows does a table; nil for a
	// sink that keeps none of them.
	Ledger func(t testing.TB, relation string, columns []record.Column) [][]string

	// Glance calls look within one transaction of a reader; nil for a target without
	// such. View makes a view of all rows of a table. With them goes a Target.
	Glance func(t testing.TB, look func(Glance))
	View   func(t testing.TB, view, table string)

	// Swallow makes a trigger that leaves the row of an id out of every INSERT, UPDATE or
	// DELETE of a table; nil for a target without triggers.
	Swallow func(t testing.TB, table, event, id string) (remove func())

	// Drop removes a table with its rows, as an operator may.
	Drop func(t testing.TB, table string)

	// Break makes the target unreachable, breaking what is open; Restore brings it
	// back with everything that was committed. Both or neither; nil for a target
	// that cannot go away.
	Break, Restore func(t testing.TB)
}

// Run holds the sink against every rule.
func Run(t *testing.T, h Harness) { RunEach(t, func(*testing.T) Harness { return h }) }

// RunEach is Run with a target for each mode: for sinks that take longer for everything
// with the number of tables.
func RunEach(t *testing.T, harness func(t *testing.T) Harness) {
	run(t, harness(t), sinks.Replace, slices.Concat(rules, schemaRules, replaceRules))
	for _, m := range []sinks.Mode{sinks.Merge, sinks.Append, sinks.Snapshot} {
		t.Run(string(m), func(t *testing.T) {
			h := harness(t)
			if slices.Contains(h.Modes, m) {
				run(t, h, m, slices.Concat(rules, schemaRules, modeRules[m]))
			} else {
				unsupported(newRule(t, h, m))
			}
		})
	}
}

func run(t *testing.T, h Harness, m sinks.Mode, rules []namedRule) {
	for _, r := range rules {
		if r.appliesTo(h, m) {
			t.Run(r.name, func(t *testing.T) { r.test(newRule(t, h, m)) })
		}
	}
}

// rule is one rule being tested: a sink, and names that no other rule uses.
type rule struct {
	*testing.T
	h    Harness
	sink sinks.Sink
	mode sinks.Mode
	name string // of job and table
}

func newRule(t *testing.T, h Harness, m sinks.Mode) *rule {
	_, name, _ := strings.Cut(t.Name(), "/")
	name = record.ColumnNames([]string{name})[0]
	r := &rule{T: t, h: h, name: name, mode: m}
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
