package sinktest

import (
	"slices"

	"exporter/sinks"
)

type namedRule struct {
	name  string
	test  func(*rule)
	again bool // loads a slice that is committed, which Append refuses
	needs func(Harness) bool
}

// appliesTo reports whether a sink under test and a mode know what the rule is about.
func (r namedRule) appliesTo(h Harness, m sinks.Mode) bool {
	return (r.needs == nil || r.needs(h)) && (!r.again || m != sinks.Append)
}

func canGoAway(h Harness) bool { return h.Break != nil }
func hasTarget(h Harness) bool { return h.Target != "" }
func canGlance(h Harness) bool { return h.Glance != nil }
func swallows(h Harness) bool  { return h.Swallow != nil }
func hasTraps(h Harness) bool  { return h.Trap != nil }
func keepsAll(h Harness) bool  { return !h.Narrow }
func isWhole(h Harness) bool   { return h.Whole }
func hasKeys(h Harness) bool   { return !h.Whole }

// those returns rules for sinks of a kind.
func those(needs func(Harness) bool, rules []namedRule) []namedRule {
	list := slices.Clone(rules)
	for i := range list {
		list[i].needs = needs
	}
	return list
}

// replaceRules are those of [sinks.Replace], which every sink has.
var replaceRules = append([]namedRule{
	{name: "committed", test: committed},
}, wholeRules...)

// wholeRules are those of modes that replace all rows of a slice.
var wholeRules = []namedRule{
	{name: "replace by the same", test: replaceSame},
	{name: "replace by others", test: replaceOthers},
	{name: "replace by fewer", test: replaceFewer},
	{name: "replace by none", test: replaceNone},
	{name: "slices stand side by side", test: sideBySide},
	{name: "jobs share a table", test: shareTable},
	{name: "slice without bounds", test: unbounded},
	{name: "column added", test: columnAdded},
	{name: "table left out", test: tableLeftOut},
}

// rules hold whatever the mode is. Rows of one key come with one slice in them,
// unless it is loaded again.
var rules = []namedRule{
	{name: "types", test: types},
	{name: "null is not empty", test: nulls},
	{name: "numbers keep every digit", test: numbers, needs: keepsAll},
	{name: "many batches", test: manyBatches},
	{name: "first load is empty", test: firstEmpty},
	{name: "two tables", test: twoTables, again: true},
	{name: "two tables or none", test: twoTablesOrNone, again: true},
	{name: "rejects", test: rejects},
	{name: "rejects go with the slice", test: rejectsReplaced, again: true},
	{name: "later writer wins", test: laterWins, again: true},
	{name: "later writer wins, having written last", test: laterWinsLate},
	{name: "writer that never ended", test: neverEnded},
	{name: "abort", test: abort, again: true},
	{name: "abort after commit", test: abortAfterCommit},
	{name: "commit twice", test: commitTwice},
	{name: "nothing after the end", test: nothingAfter},
	{name: "too few rows", test: tooFew, again: true},
	{name: "too many rows", test: tooMany, again: true},
	{name: "rejects missing", test: rejectsMissing, again: true},
	{name: "cancelled while writing", test: cancelledWrite, again: true},
	{name: "cancelled before commit", test: cancelledCommit, again: true},
	{name: "killed", test: killed, needs: hasTarget},
	{name: "killed anywhere", test: killedAnywhere, needs: hasTraps},
	{name: "readers", test: readers, again: true},
	{name: "readers in a transaction", test: readersTogether, again: true, needs: canGlance},
	{name: "parallel slices", test: parallel},
	{name: "nothing is committed before", test: notCommitted},
	{name: "unchanged", test: unchanged},
	{name: "checked", test: checked},
	{name: "checked without a load", test: checkedUnknown},
	{name: "restatements", test: restated, again: true, needs: hasLedger},
	{name: "restatements of tables", test: restatedTables, again: true, needs: hasLedger},
	{name: "restatements of nothing", test: restatedNothing, needs: hasLedger},
	{name: "runs", test: runs, needs: hasLedger},
	{name: "freshness", test: freshness, needs: hasLedger},
	{name: "announced, read and kept agree", test: reconciled},
	{name: "rows that a trigger leaves out", test: swallowed, needs: swallows},
	{name: "check leaves nothing", test: check},
	{name: "dropped table", test: dropped},
	{name: "purge", test: purged},
	{name: "purge of nothing", test: purgedUnknown},
	{name: "purge of a table that is left out", test: purgedLeftOut, again: true},
	{name: "purge under a load", test: purgedUnderALoad},
	{name: "purge of rows that a trigger keeps", test: purgedSwallowed, needs: swallows},
	{name: "purge in the history", test: purgedRun, needs: hasLedger},
	{name: "runs of long ago", test: runsPruned, needs: hasLedger},
	{name: "target goes away", test: goesAway, again: true, needs: canGoAway},
	{name: "target is away", test: isAway, again: true, needs: canGoAway},
}

var modeRules = map[sinks.Mode][]namedRule{
	sinks.Merge: append([]namedRule{
		{name: "the newest interval wins", test: mergeNewest},
		{name: "rows that are gone stay", test: mergeKeeps},
		{name: "jobs share a table", test: mergeShares},
		{name: "left-out table", test: mergeLeftOut},
		{name: "committed", test: committed},
	}, keyRules...),
	sinks.Append: {
		{name: "a slice once", test: appendOnce},
		{name: "after failures", test: appendAfterFailures},
		{name: "slices add up", test: appendAddsUp},
	},
	sinks.Snapshot: slices.Concat(
		[]namedRule{{name: "no interval", test: snapshotUnbounded}},
		those(isWhole, wholeRules),
		those(hasKeys, snapshotRules),
		those(hasKeys, keyRules),
	),
}

// snapshotRules are those of [sinks.Snapshot] by key.
var snapshotRules = []namedRule{
	{name: "rows vanish and return", test: snapshotReturns},
	{name: "rows are dropped", test: snapshotDrops},
	{name: "parts and jobs apart", test: snapshotApart},
	{name: "nothing is left", test: snapshotEmpty},
	{name: "left-out table", test: snapshotLeftOut},
}

// keyRules are those of the modes that find rows by key.
var keyRules = []namedRule{
	{name: "once more", test: keyedAgain},
	{name: "unchanged rows are left alone", test: keyedUnchanged},
	{name: "nulls change", test: keyedNulls},
	{name: "long key", test: keyedLongKey},
	{name: "only key columns", test: keyedOnlyKey},
	{name: "key twice", test: keyTwice},
	{name: "key empty", test: keyEmpty},
	{name: "no key", test: noKey},
	{name: "column added", test: keyedColumnAdded},
	{name: "another type, once more", test: keyedWide},
}
