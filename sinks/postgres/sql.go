package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"exporter/record"
	"exporter/sinks"
)

// Columns that every table of ours carries beside those of its shape.
const (
	sliceColumn  = "_slice"
	loadedColumn = "_loaded_at"
	absentColumn = "_absent_since" // of tables that hold snapshots
)

func rejectsOf(table string) string { return table + sinks.RejectsSuffix }

// ident quotes a name, or a qualified one.
func ident(names ...string) string { return pgx.Identifier(names).Sanitize() }

// idents quotes names.
func idents(names []string) []string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ident(n)
	}
	return quoted
}

// role quotes the name of a role; PUBLIC is a keyword.
func role(name string) string {
	if strings.EqualFold(name, "public") {
		return "PUBLIC"
	}
	return ident(name)
}

// literal quotes a text for statements that take no parameters. The form is
// right whatever standard_conforming_strings says.
func literal(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "'", "''")
	if strings.Contains(text, `\`) {
		return "E'" + strings.ReplaceAll(text, `\`, `\\`) + "'"
	}
	return "'" + text + "'"
}

var typeNames = map[record.Type]string{
	record.Text: "text", record.Integer: "bigint", record.Numeric: "numeric", record.Float: "double precision",
	record.Boolean: "boolean", record.Date: "date", record.Timestamp: "timestamp with time zone",
	record.LocalTime: "timestamp without time zone", record.JSON: "jsonb",
}

// typeName returns the type of a column as format_type writes it.
func typeName(t record.Type) string {
	name, ok := typeNames[t]
	if !ok {
		panic("postgres: no column type for " + t.String())
	}
	return name
}

// comment returns what stands at a column: the vendor's description, and its
// name where ours differs.
func comment(c record.Column) string {
	if c.Origin == "" || c.Origin == c.Name {
		return c.Description
	}
	if c.Description == "" {
		return "Original name: " + c.Origin
	}
	return c.Description + "\nOriginal name: " + c.Origin
}
