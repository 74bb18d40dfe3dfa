package postgres

import (
	"fmt"
	"slices"

	"exporter/record"
	"exporter/sinks"
)

// wideNotice says where the values of a column go whose type cannot hold them, and
// how its owner makes one column of the two again.
func (s *sink) wideNotice(name string, w sinks.Wide, typ string) sinks.Notice {
	table, old, into := ident(s.schema, name), ident(w.Column.Name), ident(w.Into)
	return sinks.Notice{
		Text: fmt.Sprintf("column %s of table %s is %s, the job delivers %s: its values go to column %s", old, table, typ, typeName(w.Column.Type), into),
		Hint: fmt.Sprintf("To fold the two, let the owner run: %s UPDATE %s SET %s = %s WHERE %s IS NOT NULL; ALTER TABLE %s DROP COLUMN %s; the next load uses %s again. Until then read coalesce(%s, %s).%s",
			s.retype(name, w.Column, typ), table, old, into, into, table, into, old, into, convert(old, typ, w.Column.Type), sinks.KeepType(w.Column.Name, typ, typeNames)),
	}
}

// retype is the statement that gives a column the type of a load's.
func (s *sink) retype(name string, c record.Column, typ string) string {
	column := ident(c.Name)
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s;", ident(s.schema, name), column, typeName(c.Type), convert(column, typ, c.Type))
}

var numbers = []string{"smallint", "integer", "bigint", "numeric", "real", "double precision"}

// convert writes a value of a column, whose type is typ, as one of another type. Days
// and wall times are taken as those of UTC.
func convert(column, typ string, to record.Type) string {
	name := typeName(to)
	zoned, wall, date := typeName(record.Timestamp), typeName(record.LocalTime), typeName(record.Date)
	switch {
	case to == record.Text && typ == typeName(record.JSON):
		return column + " #>> '{}'"
	case to == record.JSON:
		return "to_jsonb(" + column + ")"
	case typ == zoned && (to == record.LocalTime || to == record.Date):
		return "(" + column + " AT TIME ZONE 'UTC')::" + name
	case to == record.Timestamp && (typ == wall || typ == date):
		return column + "::" + wall + " AT TIME ZONE 'UTC'"
	case to == record.Boolean && slices.Contains(numbers, typ):
		return column + " <> 0"
	case typ == typeName(record.Boolean) && slices.Contains(numbers, name):
		return column + "::int::" + name
	case to == record.Text, slices.Contains(numbers, typ) && slices.Contains(numbers, name),
		typ == date && to == record.LocalTime, typ == wall && to == record.Date:
		return column + "::" + name
	case typ == "text" || typ == "character varying":
		return column + "::" + name
	}
	return column + "::text::" + name
}
