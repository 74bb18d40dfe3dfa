package sinktest

import (
	"slices"
	"time"

	"exporter/record"
)

// found is a row of shape as it stands in a table, with what a sink adds.
type found struct {
	name     string
	slice    string
	loadedAt string
	absent   string // Null unless the row is no longer there; "" outside of snapshots
}

// lineage reads a table of shape; rows by id, which must be unique.
func (r *rule) lineage(table string) map[string]found {
	r.Helper()
	columns := append(slices.Clone(shape.Columns),
		record.Column{Name: "_slice", Type: record.Integer}, record.Column{Name: "_loaded_at", Type: record.Timestamp})
	if r.mode == "snapshot" {
		columns = append(columns, record.Column{Name: "_absent_since", Type: record.Timestamp})
	}
	list := make(map[string]found)
	for _, row := range r.h.Rows(r, table, columns) {
		if _, twice := list[row[0]]; twice {
			r.Fatalf("table %s has two rows of id %s", table, row[0])
		}
		f := found{name: row[1], slice: row[3], loadedAt: row[4]}
		if len(row) > 5 {
			f.absent = row[5]
		}
		list[row[0]] = f
	}
	return list
}

// cellOf writes an instant as [Harness.Rows] does.
func cellOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

// named returns rows of shape: pairs of id and name.
func named(pairs ...string) [][]string {
	var list [][]string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, []string{pairs[i], pairs[i+1], "1.5"})
	}
	return list
}
