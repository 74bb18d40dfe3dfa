package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type checksTable struct {
	MinRows    int64            `toml:"min_rows"`
	MaxDrop    float64          `toml:"max_drop"`
	MaxRejects int64            `toml:"max_rejects"`
	NotNull    []string         `toml:"not_null"`
	Unique     []any            `toml:"unique"`
	Accepted   map[string][]any `toml:"accepted"`
}

// checks reads [jobs.NAME.checks].
func (l *loader) checks(j *job, t checksTable) {
	at := j.key + ".checks"
	written, _ := j.table["checks"].(map[string]any)
	if t.MinRows < 0 {
		l.add(at+".min_rows", "%d rows cannot be; write 0 or more", t.MinRows)
	}
	if _, set := written["max_drop"]; set && !(t.MaxDrop >= 0 && t.MaxDrop <= 1) && !l.has(at+".max_drop") {
		l.add(at+".max_drop", "must lie between 0 and 1; write 0.5 to refuse a load with less than half of the last one's rows")
	}
	if t.MaxRejects < 0 {
		l.add(at+".max_rejects", "%d rows cannot be; write 0 or more", t.MaxRejects)
	}
	l.checkedColumns(at+".not_null", t.NotNull)
	j.Checks = Checks{
		MinRows: t.MinRows, MaxDrop: t.MaxDrop, MaxRejects: t.MaxRejects,
		NotNull: t.NotNull, Unique: l.unique(at+".unique", t.Unique), Accepted: l.accepted(at+".accepted", t.Accepted),
	}
}

// checkedColumns reports names that cannot be columns, or are there twice.
func (l *loader) checkedColumns(at string, names []string) {
	for i, name := range names {
		switch key := index(at, i); {
		case l.has(key):
		case strings.TrimSpace(name) == "":
			l.add(key, "names no column; write its name, or take it out")
		case slices.Contains(names[:i], name):
			l.add(key, "%s is there twice; take one out", name)
		}
	}
}

// unique reads columns, and lists of columns that are unique together.
func (l *loader) unique(at string, raw []any) [][]string {
	var list [][]string
	for i, v := range raw {
		key := index(at, i)
		if l.has(key) {
			continue
		}
		var columns []string
		switch v := v.(type) {
		case string:
			columns = []string{v}
			l.checkedColumns(key, columns)
		case []any:
			for k, c := range v {
				name, ok := c.(string)
				if !ok {
					l.add(index(key, k), "want a string, have %s; write the name of a column in quotes", kindOf(c))
					continue
				}
				columns = append(columns, name)
			}
			if len(v) == 0 {
				l.add(key, "names no column; write [\"order_id\", \"line\"], or take it out")
			}
			l.checkedColumns(key, columns)
		default:
			l.add(key, "want a column or a list of columns, have %s; write unique = [\"id\"], or unique = [[\"order_id\", \"line\"]] for columns that are unique together", kindOf(v))
			continue
		}
		if slices.ContainsFunc(list, func(other []string) bool { return slices.Equal(other, columns) }) {
			l.add(key, "%s is there twice; take one out", strings.Join(columns, ", "))
		}
		list = append(list, columns)
	}
	return list
}

// accepted reads the values of columns.
func (l *loader) accepted(at string, table map[string][]any) []Accepted {
	var list []Accepted
	for _, column := range l.doc.ordered(at, slices.Collect(maps.Keys(table))) {
		key := join(at, column)
		if strings.TrimSpace(column) == "" {
			l.add(key, "names no column; write its name in front of the equals sign")
		}
		if len(table[column]) == 0 && !l.has(key) {
			l.add(key, "no value is accepted; write those that are, or take the line out")
		}
		a := Accepted{Column: column}
		for i, v := range table[column] {
			switch v := v.(type) {
			case string:
				a.Values = append(a.Values, v)
			case bool, int64:
				a.Values = append(a.Values, fmt.Sprint(v))
			case float64:
				a.Values = append(a.Values, strconv.FormatFloat(v, 'f', -1, 64))
			default:
				l.add(index(key, i), "want a value, have %s; write a string, a number, true or false", kindOf(v))
			}
		}
		list = append(list, a)
	}
	return list
}
