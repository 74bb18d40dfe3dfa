package postgres

import (
	"slices"
	"strconv"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
)

// lineage are the columns that every table of ours has besides those of its shape.
var lineage = []struct{ name, typ, comment string }{
	{sliceColumn, "bigint", "The slice that loaded the row: _slice of the ledger's table slices."},
	{loadedColumn, "timestamp with time zone", "When the row was loaded."},
}

// step is what there is to do to a table next, in a transaction of its own, and
// where rows go once nothing is left to do.
type step struct {
	fit        sinks.Fit
	statements []string
	added      []sinks.Notice // once the statements are done
	standing   []sinks.Notice // when there are none
}

// plan returns the next step to make a table take rows, or why that is not to be
// done. An index is a step after the columns, whose lock keeps readers out.
func (s *sink) plan(have existing, want sinks.Wanted) (step, error) {
	if have.oid == 0 {
		return s.planNew(have, want)
	}
	if err := s.admit(have, want.Name, want.Mode); err != nil {
		return step{}, err
	}
	p, err := s.place(have, want)
	if err != nil {
		return step{}, err
	}
	columns, index := s.columns(have, want, p.fit), ""
	if want.Mode == sinks.Merge && !slices.ContainsFunc(have.unique, func(c []string) bool { return slices.Equal(c, slices.Sorted(slices.Values(want.Shape.Key))) }) {
		index = s.keyIndex(want.Name, want.Shape)
	}
	if want.Freeze && len(columns) > 0 {
		return step{}, s.frozen(have, want, p.fit, columns)
	}
	if !have.owned {
		return p, s.ownersTask(have, columns, index, want.Name) // what is only for people is the owner's
	}
	if len(columns) > 0 {
		p.statements = []string{s.alter(want.Name, columns)}
	}
	if want.Mode == sinks.Snapshot && have.columns[absentColumn].comment != absentComment {
		p.statements = append(p.statements, s.describeAbsent(want.Name))
	}
	p.statements = append(p.statements, s.describe(have, want.Name, p.fit.Shape)...)
	if len(p.statements) == 0 && index != "" {
		p.statements = []string{index}
		p.added = nil
	}
	return p, nil
}

func (s *sink) planNew(have existing, want sinks.Wanted) (step, error) {
	if !have.create {
		return step{}, s.noCreate(errNoCreate)
	}
	if err := s.room(0, len(want.Shape.Columns)+len(lineage)+1, want.Name); err != nil {
		return step{}, err
	}
	return step{statements: s.create(want.Name, want.Shape, want.Mode)}, nil
}

// columns returns what is to be added to a table.
func (s *sink) columns(have existing, want sinks.Wanted, f sinks.Fit) []string {
	var add []string
	for _, c := range f.Added {
		add = append(add, "ADD COLUMN "+ident(c.Name)+" "+typeName(c.Type))
	}
	if _, there := have.columns[absentColumn]; !there && want.Mode == sinks.Snapshot {
		add = append(add, "ADD COLUMN "+absentColumn+" "+typeName(record.Timestamp))
	}
	return add
}

func (s *sink) alter(name string, columns []string) string {
	return "ALTER TABLE " + ident(s.schema, name) + " " + strings.Join(columns, ", ")
}

// ownersTask is an error where something is to be done that only the owner can.
func (s *sink) ownersTask(have existing, columns []string, index, name string) error {
	var statements []string
	if len(columns) > 0 {
		statements = append(statements, s.alter(name, columns))
	}
	if index != "" {
		statements = append(statements, index)
	}
	if len(statements) == 0 {
		return nil
	}
	return fault.New(fault.Auth, "table %s belongs to %s and lacks %s", name, have.owner, lacks(len(columns), len(statements))).
		WithHint("Let its owner run: %s; or let the exporter do so: GRANT %s TO %s;", strings.Join(statements, "; "), ident(have.owner), ident(s.user))
}

func lacks(columns, statements int) string {
	if columns == 0 {
		return "a unique index on its key"
	}
	text := strconv.Itoa(columns) + " columns"
	if statements > 1 {
		text += " and a unique index on its key"
	}
	return text
}

// absentComment stands at absentColumn.
const absentComment = "When the row was found to be no longer there; null while it is."

func (s *sink) describeAbsent(name string) string {
	return "COMMENT ON COLUMN " + ident(s.schema, name) + "." + absentColumn + " IS " + literal(absentComment)
}

// keyIndex lets a merge find rows, and no two have one key.
func (s *sink) keyIndex(name string, shape record.Table) string {
	return "CREATE UNIQUE INDEX ON " + ident(s.schema, name) + " (" + strings.Join(idents(shape.Key), ", ") + ")"
}

// admit refuses what is no table, not ours, or closed to us.
func (s *sink) admit(have existing, name string, mode sinks.Mode) error {
	table := ident(s.schema, name)
	if have.kind != "r" && have.kind != "p" {
		return fault.New(fault.Config, "%s is not a table but %s", table, kindOf(have.kind)).
			WithHint("Something else has that name. Set another table in the job.")
	}
	for _, l := range lineage {
		if got := have.columns[l.name].typ; got != l.typ {
			return fault.New(fault.Config, "table %s is there already, but without the column %s %s: the exporter did not make it", table, l.name, l.typ).
				WithHint("Set another table in the job. To have this one filled, empty it and run: ALTER TABLE %s ADD COLUMN _slice bigint NOT NULL, ADD COLUMN _loaded_at timestamptz NOT NULL; CREATE INDEX ON %s (_slice);", table, table)
		}
	}
	if have.hidden {
		return fault.New(fault.Auth, "row-level security of table %s applies to %s, so rows to be replaced may be out of sight", table, s.user).
			WithHint("Let an administrator run: ALTER ROLE %s BYPASSRLS; or let the table's owner load it: ALTER TABLE %s OWNER TO %s; (without FORCE ROW LEVEL SECURITY).", ident(s.user), table, ident(s.user))
	}
	if !have.usable {
		return fault.New(fault.Auth, "table %s belongs to %s, and %s may not write to it", table, have.owner, s.user).
			WithHint("Let its owner run: GRANT %s ON %s TO %s;", rightsOf(mode), table, ident(s.user))
	}
	return nil
}

// kindOf says what a relkind is, with its article.
func kindOf(kind string) string {
	switch kind {
	case "v":
		return "a view"
	case "m":
		return "a materialized view"
	case "f":
		return "a foreign table"
	case "S":
		return "a sequence"
	}
	return "something else"
}

func rightsOf(mode sinks.Mode) string {
	if updates(mode) {
		return "SELECT, INSERT, UPDATE, DELETE"
	}
	return "SELECT, INSERT, DELETE"
}

// create makes the table and its index on _slice: a B-tree, with which replacing a day
// costs what the day costs. BenchmarkReplaceOneDay, a day of 10,000 rows after 40 nights
// that replaced ten days each, pages looked at to find its rows and time of the whole load:
//
//	              5 million rows         20 million rows
//	B-tree        239 pages,  57 ms      112 pages,  71 ms
//	BRIN        6,743 pages,  98 ms    7,613 pages, 140 ms
//	partitioned by month by its owner, B-tree 161 and 311 pages, BRIN 2,328 and 2,428,
//	without an index all 47,855 of 5 million rows
//
// With BRIN the rows of a slice settle where others were deleted, until no range of pages
// belongs to one slice any more. A load of all rows takes longer with a B-tree (64 s and
// 56 s for four nights of 1.5 million rows each), which has 18 bytes per row.
func (s *sink) create(name string, shape record.Table, mode sinks.Mode) []string {
	table := ident(s.schema, name)
	var columns []string
	for _, c := range shape.Columns {
		columns = append(columns, ident(c.Name)+" "+typeName(c.Type))
	}
	for _, l := range lineage {
		columns = append(columns, l.name+" "+l.typ+" NOT NULL")
	}
	if mode == sinks.Snapshot {
		columns = append(columns, absentColumn+" "+typeName(record.Timestamp))
	}
	statements := []string{
		"CREATE TABLE " + table + " (" + strings.Join(columns, ", ") + ")",
		"CREATE INDEX ON " + table + " (" + sliceColumn + ")",
	}
	if mode == sinks.Merge {
		statements = append(statements, s.keyIndex(name, shape))
	}
	if mode == sinks.Snapshot {
		statements = append(statements, s.describeAbsent(name))
	}
	for _, l := range lineage {
		statements = append(statements, "COMMENT ON COLUMN "+table+"."+l.name+" IS "+literal(l.comment))
	}
	statements = append(statements, s.describe(existing{}, name, shape)...)
	return append(statements, grants(s.readers, "SELECT", "TABLE "+table)...)
}

// describe returns the comments that are not there yet. Where there is nothing
// to say, a comment of somebody else stays.
func (s *sink) describe(have existing, name string, shape record.Table) []string {
	table := ident(s.schema, name)
	var statements []string
	if d := shape.Description; d != "" && d != have.comment {
		statements = append(statements, "COMMENT ON TABLE "+table+" IS "+literal(d))
	}
	for _, c := range shape.Columns {
		if d := comment(c); d != "" && d != have.columns[c.Name].comment {
			statements = append(statements, "COMMENT ON COLUMN "+table+"."+ident(c.Name)+" IS "+literal(d))
		}
	}
	return statements
}
