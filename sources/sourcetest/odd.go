package sourcetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
	"exporter/sources"
)

// Odd is a cell that not every database can hold, as a vendor may send it, and what becomes
// of it by the table in record/README.md.
type Odd struct {
	Column string
	Sent   string // as it stands in the answer
	Want   string // what the column has; "" = null
	Reason string // why the row is rejected
}

// Odds reads a slice of which the vendor answers a row for each of the list, in order, and
// compares what became of them.
func Odds(t *testing.T, s sources.Source, req sources.Request, list []Odd) {
	t.Helper()
	var wantRows, wantRejects []string
	columns := []string{}
	for _, o := range list {
		if o.Reason != "" {
			wantRejects = append(wantRejects, o.Column+": "+o.Reason)
			continue
		}
		columns = append(columns, o.Column)
		wantRows = append(wantRows, short(o.Column+"="+o.Want))
	}
	var rows, rejects []string
	table := req.Stream.Tables[0]
	for page, err := range s.Read(t.Context(), req) {
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		if page.Warning != "" {
			t.Errorf("warning: %s", page.Warning)
		}
		for row := range page.Batch.Rows() {
			if page.Batch.Table != 0 {
				break
			}
			if len(rows) == len(columns) {
				columns = append(columns, table.Columns[0].Name) // one too many
			}
			name := columns[len(rows)]
			col := table.Column(name)
			if col < 0 {
				t.Fatalf("there is no column %s", name)
			}
			text, _ := record.Format(table.Columns[col].Type, &page.Batch, row, col)
			rows = append(rows, short(name+"="+text))
		}
		shape := table.Rejects()
		for row := range page.Rejects.Rows() {
			column, _ := record.Format(shape.Columns[1].Type, &page.Rejects, row, 1)
			reason, _ := record.Format(shape.Columns[2].Type, &page.Rejects, row, 2)
			rejects = append(rejects, column+": "+reason)
			if _, null := page.Rejects.Cell(row, 0); null {
				t.Errorf("the reject of %s has no raw form", column)
			}
		}
	}
	if d := cmp.Diff(wantRows, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if d := cmp.Diff(wantRejects, rejects); d != "" {
		t.Errorf("rejects (-want +got):\n%s", d)
	}
}

// short cuts what is long, and keeps its length.
func short(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s…%s, %d bytes", s[:100], s[len(s)-100:], len(s))
	}
	return s
}
