package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// maxColumns is what PostgreSQL takes, places of dropped columns included.
const maxColumns = 1600

// holds reports whether a column of the given type keeps every cell of t as it is, to
// readers as well, and as which type it takes it. A text that holds numbers does not:
// whoever loads numbers wants to add them up.
func holds(typ string, t record.Type) (record.Type, bool) {
	switch {
	case typ == typeName(t):
		return t, true
	case t == record.Integer && typ == typeName(record.Numeric):
		return record.Numeric, true
	case t == record.Text && typ == "character varying":
		return record.Text, true
	}
	return t, false
}

// place finds the columns that rows go to, and refuses a table that would not take
// rows which have only those.
func (s *sink) place(have existing, want sinks.Wanted) (step, error) {
	table := ident(s.schema, want.Name)
	look := func(name string, t record.Type) (sinks.Standing, record.Type) {
		c, there := have.columns[name]
		if !there {
			return sinks.Lacking, t
		}
		if as, ok := holds(c.typ, t); ok {
			return sinks.Holding, as
		}
		return sinks.Unlike, t
	}
	for _, c := range want.Shape.Columns {
		if have.columns[c.Name].computed {
			return step{}, fault.New(fault.Config, "column %s of table %s is generated: nobody else can write it", ident(c.Name), table).
				WithHint("Let the owner run: ALTER TABLE %s RENAME COLUMN %s TO %s; or leave the vendor's column out: write %s = \"drop\" in [jobs.NAME.columns].",
					table, ident(c.Name), ident(c.Name+"_generated"), c.Name)
		}
	}
	f, err := sinks.FitTo(want.Shape, want.Keyed(), look)
	var unlike *sinks.UnlikeError
	if errors.As(err, &unlike) {
		return step{}, s.mismatch(want.Name, unlike, have.columns[unlike.At].typ)
	}
	if err != nil {
		return step{}, err
	}
	if err := s.room(have.places, len(f.Added)+1, want.Name); len(f.Added) > 0 && err != nil {
		return step{}, err
	}
	p := step{fit: f}
	for _, w := range f.Wide {
		p.standing = append(p.standing, s.wideNotice(want.Name, w, have.columns[w.Column.Name].typ))
	}
	if have.scanned && (want.Mode == sinks.Replace || want.Mode == sinks.Snapshot) {
		p.standing = append(p.standing, sinks.Notice{
			Text: "table " + table + " has no index that begins with " + sliceColumn + ", so every load reads all of it",
			Hint: "Let its owner run: CREATE INDEX CONCURRENTLY ON " + table + " (" + sliceColumn + "); without CONCURRENTLY if it is partitioned.",
		})
	}
	for _, c := range f.Added {
		p.added = append(p.added, sinks.Notice{Text: fmt.Sprintf("table %s has a new column %s, %s; rows of earlier loads have null there", table, ident(c.Name), typeName(c.Type))})
	}
	return p, s.needed(have, want, f)
}

// room refuses what would be too many columns.
func (s *sink) room(places, more int, name string) error {
	if places+more <= maxColumns {
		return nil
	}
	return fault.New(fault.Config, "table %s would have %d columns, and PostgreSQL takes %d, those that were dropped included", ident(s.schema, name), places+more, maxColumns).
		WithHint("Ask the source for fewer columns, or leave some out: write \"drop\" for them in [jobs.NAME.columns].")
}

// needed refuses a table with a column that must not be null and gets nothing.
func (s *sink) needed(have existing, want sinks.Wanted, f sinks.Fit) error {
	var empty []string
	for name, c := range have.columns {
		if c.needed && f.Shape.Column(name) < 0 && name != sliceColumn && name != loadedColumn {
			empty = append(empty, name)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	slices.Sort(empty)
	table := ident(s.schema, want.Name)
	var drop, names []string
	for _, name := range empty {
		drop, names = append(drop, "ALTER COLUMN "+ident(name)+" DROP NOT NULL"), append(names, ident(name))
	}
	way := ""
	for _, w := range f.Wide {
		if slices.Contains(empty, w.Column.Name) {
			way = " Or change its type: " + s.retype(want.Name, w.Column, have.columns[w.Column.Name].typ)
		}
	}
	return fault.New(fault.Config, "column %s of table %s is NOT NULL without a default, and the job delivers nothing that it can hold", strings.Join(names, ", "), table).
		WithHint("Let the owner run: ALTER TABLE %s %s;%s", table, strings.Join(drop, ", "), way)
}

// mismatch is where cells have no column to go to: those of a key, which must find
// their rows, and those whose second column is of another type as well.
func (s *sink) mismatch(name string, e *sinks.UnlikeError, typ string) error {
	c := e.Column
	c.Name = e.At
	return fault.New(fault.Config, "column %s of table %s is %s, the job delivers %s", ident(e.At), ident(s.schema, name), typ, typeName(c.Type)).
		WithHint("Let the owner run: %s%s", s.retype(name, c, typ), sinks.KeepType(e.Column.Name, typ, typeNames))
}

// frozen lists what a table of a frozen job would need.
func (s *sink) frozen(have existing, want sinks.Wanted, f sinks.Fit, columns []string) error {
	var lacks, do []string
	wide := make(map[string]bool)
	for _, w := range f.Wide {
		wide[w.Into] = true
		typ := have.columns[w.Column.Name].typ
		if slices.ContainsFunc(f.Added, func(c record.Column) bool { return c.Name == w.Into }) {
			lacks = append(lacks, fmt.Sprintf("its column %s is %s, the job delivers %s", ident(w.Column.Name), typ, typeName(w.Column.Type)))
			do = append(do, s.retype(want.Name, w.Column, typ))
		}
	}
	var add, names []string
	for i, c := range columns {
		if i < len(f.Added) && wide[f.Added[i].Name] {
			continue
		}
		add = append(add, c)
		if i < len(f.Added) {
			names = append(names, ident(f.Added[i].Name))
		} else {
			names = append(names, absentColumn)
		}
	}
	if len(add) > 0 {
		lacks = append([]string{"lacks " + strings.Join(names, ", ")}, lacks...)
		do = append([]string{s.alter(want.Name, add) + ";"}, do...)
	}
	return sinks.Frozen(ident(s.schema, want.Name), strings.Join(lacks, "; "), strings.Join(do, " "))
}
