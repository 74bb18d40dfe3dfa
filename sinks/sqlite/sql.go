package sqlite

import (
	"slices"
	"strings"
	"time"

	"exporter/record"
	"exporter/sinks"
)

// Columns that every table of ours carries beside those of its shape.
const (
	sliceColumn  = "_slice"
	loadedColumn = "_loaded_at"
	absentColumn = "_absent_since" // of tables that hold snapshots
)

// ownPrefix begins the names of the ledger's tables and of our indexes.
const ownPrefix = "exporter_"

func rejectsOf(table string) string { return table + sinks.RejectsSuffix }

// ident quotes a name.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func idents(names []string) []string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = ident(n)
	}
	return quoted
}

// literal quotes a text.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// main qualifies a table of the file: a bare name would mean a temporary one first.
func mainTable(name string) string { return "main." + ident(name) }

// typeNames are declared types. SQLite reads an affinity from them: REAL for
// Numeric, TEXT for JSON, which must not become a number.
var typeNames = map[record.Type]string{
	record.Text: "TEXT", record.Integer: "INTEGER", record.Numeric: "DECIMAL REAL", record.Float: "REAL",
	record.Boolean: "BOOLEAN", record.Date: "DATE", record.Timestamp: "TIMESTAMP",
	record.LocalTime: "DATETIME", record.JSON: "JSON TEXT",
}

func typeName(t record.Type) string {
	name, ok := typeNames[t]
	if !ok {
		panic("sqlite: no column type for " + t.String())
	}
	return name
}

// withLineage returns the quoted names of columns and those that follow them.
func withLineage(columns []record.Column) []string {
	return append(columnNames(columns), sliceColumn, loadedColumn)
}

func columnNames(columns []record.Column) []string {
	names := make([]string, 0, len(columns)+2)
	for _, c := range columns {
		names = append(names, ident(c.Name))
	}
	return names
}

const (
	timeLayout = "2006-01-02 15:04:05.999999"
	dateLayout = "2006-01-02"
	// A slice without an interval spans all time. The words sort before and after
	// every time.
	minusInfinity, infinity = "-infinity", "infinity"
)

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

// bounds returns a slice's interval as the ledger has it.
func bounds(s sinks.Slice) (start, end string) {
	start, end = minusInfinity, infinity
	if !s.Start.IsZero() {
		start = timeText(s.Start)
	}
	if !s.End.IsZero() {
		end = timeText(s.End)
	}
	return start, end
}

// readTime is the reverse of timeText and bounds.
func readTime(text string) (time.Time, error) {
	if slices.Contains([]string{minusInfinity, infinity}, text) {
		return time.Time{}, nil
	}
	return time.Parse(timeLayout, text)
}
