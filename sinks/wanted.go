package sinks

import (
	"slices"

	"exporter/record"
)

// Wanted is what a table has to take rows of.
type Wanted struct {
	Name   string
	Shape  record.Table
	Mode   Mode
	Freeze bool
	Job    string // for whom
	Run    string
}

// Wanted returns what the tables of a load have to take, those of rejects included
// where rows come for them.
func (l Load) Wanted() []Wanted {
	var list []Wanted
	for _, t := range l.Tables {
		list = append(list, Wanted{t.Name, t.Shape, l.Mode, l.Freeze, l.Slice.Job, l.Run})
		if t.Rejected > 0 {
			list = append(list, Wanted{t.Name + RejectsSuffix, t.Shape.Rejects(), Replace, l.Freeze, l.Slice.Job, l.Run})
		}
	}
	return list
}

// Keyed reports whether rows are found by the key of their table.
func (w Wanted) Keyed() bool { return w.Mode == Merge || w.Mode == Snapshot }

// KeepType is the other way out where a column of a table has another type than what
// is delivered: to have the job deliver that one, if it can. Names are those of types
// as the sink declares them. It follows a hint.
func KeepType(column, declared string, names map[record.Type]string) string {
	for t, name := range names {
		if name == declared {
			return ` Or keep the old type: write ` + column + ` = "` + t.String() + `" in [jobs.NAME.columns].`
		}
	}
	return ""
}

// Fills returns the tables that the load fills and that the one before it filled, sorted.
func (l Load) Fills(previous []string) []string {
	list := slices.Clone(previous)
	for _, t := range l.Tables {
		list = append(list, t.Name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Cleared returns the tables whose rows of the slice are deleted before the new ones
// come: those of rejects, and of tables that the stream no longer fills, included. Only
// rejects are replaced in every mode. A slice that is appended has rows only if one of
// its tables was dropped.
func (l Load) Cleared(previous []string) []string {
	var list []string
	for _, name := range l.Fills(previous) {
		list = append(list, name+RejectsSuffix)
		if !l.Keyed() {
			list = append(list, name)
		}
	}
	return list
}
