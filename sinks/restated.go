package sinks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exporter/record"
)

// Restatement is what a load changes of one table's committed rows of its slice.
type Restatement struct {
	Table         string
	Before, After TableState
	// Difference is After's sums less Before's, of the columns that both have and
	// where it is not zero.
	Difference     map[string]string
	WasProvisional bool // more rows were to be expected
	// Redefined: the definition of the slice or the columns of the table changed
	// too, so that the difference need not be the vendor's.
	Redefined bool
}

// Restated returns what l changes of what the ledger has of its slice, in the order
// of tables; before is nil if nothing is committed, as in every load of an Append. The
// first load of a slice and rows that are the same restate nothing. Of Merge what was delivered for the
// slice is compared, so a table that is no longer delivered, and whose rows stay, is
// none; of Snapshot the state of one load with that of the next.
func (l Load) Restated(before *Committed) []Restatement {
	if before == nil {
		return nil
	}
	after := l.tableStates()
	names := maps.Clone(before.Tables)
	if l.Mode == Merge {
		maps.DeleteFunc(names, func(name string, _ TableState) bool { _, loaded := after[name]; return !loaded })
	}
	var list []Restatement
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, now := before.Tables[name], after[name]
		if old.Rows == now.Rows && (old.Hash == now.Hash || old.Rows == 0) {
			continue
		}
		list = append(list, Restatement{
			Table: name, Before: old, After: now, Difference: differences(old.Sums, now.Sums), WasProvisional: before.Provisional,
			Redefined: before.Definition != l.Definition || old.Schema != now.Schema,
		})
	}
	return list
}

func differences(before, after map[string]string) map[string]string {
	list := make(map[string]string)
	for column, was := range before {
		now, ok := after[column]
		if !ok {
			continue
		}
		if d, ok := difference(was, now); ok && strings.Trim(d, "-0.") != "" {
			list[column] = d
		}
	}
	return list
}

// difference is false for what is no decimal: a ledger can be written by hand.
func difference(before, after string) (string, bool) {
	var sum record.Sum
	for _, d := range []string{after, negated(before)} {
		canonical, err := record.AppendDecimal(nil, []byte(d))
		if err != nil {
			return "", false
		}
		sum.AddDecimal(canonical)
	}
	return sum.String(), true
}

func negated(d string) string {
	if positive, negative := strings.CutPrefix(d, "-"); negative {
		return positive
	}
	return "-" + d
}

// Grows returns by how many rows a load makes each of its tables larger, as the ledger
// counts them; before is as in [Load.Restated]. It is false where the load changes which
// tables the slice has, or where the slice ends: then its part is to be counted anew.
func (l Load) Grows(before *Committed) (rows map[string]int64, ok bool) {
	rows = make(map[string]int64)
	for _, t := range l.Tables {
		rows[t.Name] = t.Tally.Rows
	}
	if before == nil {
		return rows, true
	}
	if len(before.Tables) != len(rows) || !before.Slice.End.Equal(l.Slice.End) {
		return nil, false
	}
	for name, was := range before.Tables {
		if _, there := rows[name]; !there {
			return nil, false
		}
		rows[name] -= was.Rows
	}
	return rows, true
}

// SumsJSON writes sums, or differences of sums, as ledgers keep them.
func SumsJSON(sums map[string]string) (string, error) {
	if sums == nil {
		sums = map[string]string{}
	}
	text, err := json.Marshal(sums)
	if err != nil {
		return "", fmt.Errorf("write sums: %w", err)
	}
	return string(text), nil
}
