package config

import (
	"maps"
	"slices"
	"strings"

	"exporter/record"
)

// columns reads [jobs.NAME.columns]: a type, "drop" or "hash" for each column.
// Which columns there are is known only once the source was asked.
func (l *loader) columns(j *job) {
	section := j.key + ".columns"
	table, _ := j.table["columns"].(map[string]any)
	for _, name := range l.doc.ordered(section, slices.Collect(maps.Keys(table))) {
		at := join(section, name)
		switch value := table[name].(type) {
		case string:
			if rule, ok := l.column(at, name, value); ok {
				j.Columns = append(j.Columns, rule)
			}
		case broken:
		case map[string]any:
			l.add(at, "want a string, have a table; put a column name with a dot in quotes")
		default:
			l.add(at, "want a string, have %s; %s", kindOf(value), choices("", actions()))
		}
	}
	if slices.ContainsFunc(j.Columns, func(c ColumnRule) bool { return c.Action == ActionHash }) {
		j.hashID = hashID(l.cfg.Exporter.HashKey)
	}
}

func actions() []string { return append(record.TypeNames(), ActionDrop, ActionHash) }

func (l *loader) column(at, name, value string) (ColumnRule, bool) {
	switch value {
	case ActionHash:
		if l.cfg.Exporter.HashKey == "" && !l.has("exporter.hash_key") {
			l.add(at, "hashing needs a key; write hash_key = \"${EXPORTER_HASH_KEY}\" in [exporter] and set that variable")
		}
		fallthrough
	case ActionDrop:
		return ColumnRule{Name: name, Action: value}, true
	}
	t, err := record.ParseType(value)
	switch {
	case strings.TrimSpace(name) == "":
		l.add(at, "names no column; write its name in front of the equals sign")
	case err != nil:
		l.add(at, "%q is neither a type nor an action; %s", value, choices(value, actions()))
	default:
		return ColumnRule{Name: name, Action: ActionType, Type: t}, true
	}
	return ColumnRule{}, false
}
