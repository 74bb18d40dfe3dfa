package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// maxColumns is what SQLite takes as it is built here.
const maxColumns = 2000

// holds reports whether a column declared so keeps every cell of t as it is, to
// readers as well, and as which type it takes it. A text that holds numbers does not:
// whoever loads numbers wants to add them up.
func holds(typ string, t record.Type) (record.Type, bool) {
	if t == record.Integer && typ == typeName(record.Numeric) {
		return record.Numeric, true
	}
	return t, typ == typeName(t)
}

// place finds the columns that rows go to, and refuses a table that would not take
// rows which have only those.
func place(have existing, want sinks.Wanted) (changes, error) {
	table := ident(want.Name)
	look := func(name string, t record.Type) (sinks.Standing, record.Type) {
		c, there := have.columns[strings.ToLower(name)]
		if !there {
			return sinks.Lacking, t
		}
		if as, ok := holds(c.typ, t); ok {
			return sinks.Holding, as
		}
		return sinks.Unlike, t
	}
	for _, c := range want.Shape.Columns {
		if have.columns[strings.ToLower(c.Name)].computed {
			return changes{}, fault.New(fault.Config, "column %s of table %s is generated: nobody else can write it", c.Name, want.Name).
				WithHint("Run: ALTER TABLE %s RENAME COLUMN %s TO %s; or leave the vendor's column out: write %s = \"drop\" in [jobs.NAME.columns].",
					table, ident(c.Name), ident(c.Name+"_generated"), c.Name)
		}
	}
	f, err := sinks.FitTo(want.Shape, want.Keyed(), look)
	var unlike *sinks.UnlikeError
	if errors.As(err, &unlike) {
		return changes{}, mismatch(want.Name, unlike, have.columns[strings.ToLower(unlike.At)].typ)
	}
	if err != nil {
		return changes{}, err
	}
	if err := room(len(have.columns), len(f.Added)+1, want.Name); len(f.Added) > 0 && err != nil {
		return changes{}, err
	}
	p := changes{fit: f}
	for _, c := range f.Added {
		p.notices = append(p.notices, sinks.Notice{Text: fmt.Sprintf("table %s has a new column %s, %s; rows of earlier loads have null there", want.Name, c.Name, typeName(c.Type))})
	}
	for _, w := range f.Wide {
		p.notices = append(p.notices, wideNotice(want.Name, w, have.columns[strings.ToLower(w.Column.Name)].typ))
	}
	return p, needed(have, want, f)
}

// room refuses what would be too many columns.
func room(there, more int, name string) error {
	if there+more <= maxColumns {
		return nil
	}
	return fault.New(fault.Config, "table %s would have %d columns, and SQLite takes %d", name, there+more, maxColumns).
		WithHint("Ask the source for fewer columns, or leave some out: write \"drop\" for them in [jobs.NAME.columns].")
}

// needed refuses a table with a column that must not be null and gets nothing.
// SQLite cannot take a NOT NULL away.
func needed(have existing, want sinks.Wanted, f sinks.Fit) error {
	var empty []string
	for name, c := range have.columns {
		there := slices.ContainsFunc(f.Shape.Columns, func(c record.Column) bool { return strings.EqualFold(c.Name, name) })
		if c.needed && !there && name != sliceColumn && name != loadedColumn {
			empty = append(empty, name)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	slices.Sort(empty)
	return fault.New(fault.Config, "column %s of table %s is NOT NULL without a default, and the job delivers nothing that it can hold", strings.Join(empty, ", "), want.Name).
		WithHint("Put the table aside: ALTER TABLE %s RENAME TO %s; the next run makes it anew and loads what is due.", ident(want.Name), ident(want.Name+"_old"))
}

// wideNotice says where the values of a column go whose type cannot hold them, and
// how to make one column of the two again: SQLite cannot alter a type.
func wideNotice(name string, w sinks.Wide, typ string) sinks.Notice {
	table, old, into, aside := ident(name), ident(w.Column.Name), ident(w.Into), ident(w.Column.Name+"_old")
	return sinks.Notice{
		Text: fmt.Sprintf("column %s of table %s is %s, the job delivers %s: its values go to column %s", w.Column.Name, name, typ, typeName(w.Column.Type), w.Into),
		Hint: fmt.Sprintf("To fold the two, run: ALTER TABLE %s RENAME COLUMN %s TO %s; ALTER TABLE %s RENAME COLUMN %s TO %s; UPDATE %s SET %s = %s WHERE %s IS NULL; ALTER TABLE %s DROP COLUMN %s; the next load uses %s again. Until then read coalesce(%s, %s).%s",
			table, old, aside, table, into, old, table, old, aside, old, table, aside, old, into, old, sinks.KeepType(w.Column.Name, typ, typeNames)),
	}
}

// mismatch is where cells have no column to go to: those of a key, which must find
// their rows, and those whose second column is of another type as well.
func mismatch(name string, e *sinks.UnlikeError, typ string) error {
	table, column := ident(name), ident(e.At)
	return fault.New(fault.Config, "column %s of table %s is %s, the job delivers %s", e.At, name, typ, typeName(e.Column.Type)).
		WithHint("Put the old column aside: ALTER TABLE %s RENAME COLUMN %s TO %s; and load the slices again.%s", table, column, ident(e.At+"_old"), sinks.KeepType(e.Column.Name, typ, typeNames))
}

// frozen lists what a table of a frozen job would need.
func frozen(have existing, want sinks.Wanted, f sinks.Fit, columns []string) error {
	var lacks, names, do []string
	for i, column := range columns {
		name := absentColumn
		if i < len(f.Added) {
			name = f.Added[i].Name
		}
		at := slices.IndexFunc(f.Wide, func(w sinks.Wide) bool { return w.Into == name })
		if at >= 0 {
			w := f.Wide[at]
			lacks = append(lacks, fmt.Sprintf("its column %s is %s, the job delivers %s", w.Column.Name, have.columns[strings.ToLower(w.Column.Name)].typ, typeName(w.Column.Type)))
		} else {
			names = append(names, name)
		}
		do = append(do, "ALTER TABLE "+ident(want.Name)+" ADD COLUMN "+column+";")
	}
	if len(names) > 0 {
		lacks = append([]string{"lacks " + strings.Join(names, ", ")}, lacks...)
	}
	return sinks.Frozen(want.Name, strings.Join(lacks, "; "), strings.Join(do, " "))
}
