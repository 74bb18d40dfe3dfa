package lake_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/record"
	"exporter/sinks"
	"exporter/sinks/lake"
)

// shapeOf is a table of columns "name type".
func shapeOf(t testing.TB, columns ...string) record.Table {
	t.Helper()
	var shape record.Table
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		as, err := record.ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		shape.Columns = append(shape.Columns, record.Column{Name: name, Type: as})
	}
	return shape
}

// row types one row.
func row(shape record.Table, cells ...string) *record.Batch {
	b := record.NewBuilder(0, shape, nil)
	for _, c := range cells {
		b.Raw([]byte(c))
	}
	b.EndRow(nil)
	rows, _ := b.Take()
	return &rows
}

// bringDay loads one row as the slice of a day, and returns what is said of columns.
func bringDay(t testing.TB, s sinks.Sink, n int, freeze bool, shape record.Table, cells ...string) (said []string, err error) {
	t.Helper()
	b := row(shape, cells...)
	l := loadOf(shape, b)
	l.Slice.Start, l.Slice.End = day.AddDate(0, 0, n), day.AddDate(0, 0, n+1)
	l.Freeze, l.Notice = freeze, func(n sinks.Notice) { said = append(said, n.String()) }
	err = try(t, s, l, b)
	return said, err
}

// TestColumnsKeepTheirPlace: whatever columns a load has, in whatever order, its
// object has those of the table in the table's order, and new ones at the end.
func TestColumnsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFiles(t, dir, layout("csv", "none"))
	for n, c := range []struct {
		columns, cells []string
		want, said     string
	}{
		{[]string{"id integer", "name text", "amount numeric"}, []string{"1", "a", "2.50"}, "id,name,amount\r\n1,a,2.50\r\n", ""},
		{[]string{"amount numeric", "id integer"}, []string{"3.50", "2"}, "id,name,amount\r\n2,,3.50\r\n", ""},
		{
			[]string{"colour text", "amount integer", "id text"},
			[]string{"red", "4", "three"},
			"id,name,amount,colour,id__text\r\n,,4,red,three\r\n",
			`column id of table facts is integer, the job delivers text: its values go to column id__text. Read both (coalesce over id and id__text). To have one column, write id = "integer" in [jobs.NAME.columns], or set another table in the job and load its slices again.` +
				"|table facts has a new column colour, text; objects of earlier loads do not have it",
		},
		{[]string{"id integer", "name text", "amount numeric"}, []string{"4", "d", "5"}, "id,name,amount,colour,id__text\r\n4,d,5,,\r\n", ""},
	} {
		said, err := bringDay(t, s, n, false, shapeOf(t, c.columns...), c.cells...)
		if got := strings.Join(said, "|"); err != nil || got != c.said {
			t.Errorf("load %d says %q, %v, want %q", n, got, err, c.said)
		}
		at := day.AddDate(0, 0, n).Format("2006-01-02")
		got, err := os.ReadFile(filepath.Join(dir, "facts", "dt="+at, "facts-north-0000-0.csv"))
		if d := cmp.Diff(c.want, string(got)); d != "" || err != nil {
			t.Errorf("object %d (-want +got):\n%s%v", n, d, err)
		}
	}
	var schema struct {
		Columns []struct{ Name, Type, Parquet, Description string }
	}
	text, err := os.ReadFile(filepath.Join(dir, "facts/_schema.json"))
	if err != nil || json.Unmarshal(text, &schema) != nil || len(schema.Columns) != 5 || schema.Columns[2].Parquet != "DECIMAL(38,9)" ||
		schema.Columns[4].Description != "Has what column id cannot hold for its type." {
		t.Errorf("the schema is %s, %v", text, err)
	}
}

// TestFrozenTable: what its owner may do is told with the file to do it in, and
// helps.
func TestFrozenTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFiles(t, dir, layout("parquet", "zstd"))
	narrow, wide := shapeOf(t, "id integer", "v integer"), shapeOf(t, "id integer", "v text", "colour date")
	if _, err := bringDay(t, s, 0, true, narrow, "1", "2"); err != nil {
		t.Fatal(err)
	}
	_, err := bringDay(t, s, 1, true, wide, "2", "x", "2026-03-01")
	wantFault(t, err, fault.Config, "table facts is frozen and lacks column v__text text, column colour date; its column v is integer, the job delivers text",
		`Let its owner add to columns in facts/_schema.json: {"name": "v__text", "type": "text"}, {"name": "colour", "type": "date"} or take schema = "freeze" out of the job.`)
	path := filepath.Join(dir, "facts/_schema.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(string(text), "\n ]", `, {"name": "v__text", "type": "text"}, {"name": "colour", "type": "date"}]`, 1)
	if err := os.WriteFile(path, []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bringDay(t, s, 1, true, wide, "2", "x", "2026-03-01"); err != nil {
		t.Error(err)
	}
	got, err := table(folder(dir), "facts", shapeOf(t, "id integer", "v integer", "v__text text", "colour date").Columns)
	null := "\x00null"
	if d := cmp.Diff([][]string{{"1", "2", null, null}, {"2", null, "x", "2026-03-01"}}, got); d != "" || err != nil {
		t.Errorf("rows (-want +got):\n%s%v", d, err)
	}
}

// TestColumnsMeanwhile: a load whose object has other columns than the table gets
// while it is on its way is not committed, and is tried again.
func TestColumnsMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFiles(t, dir, layout("csv", "none"))
	if _, err := bringDay(t, s, 0, false, shapeOf(t, "id integer"), "1"); err != nil {
		t.Fatal(err)
	}
	came := false
	lake.OnStep(s, func(step string) error {
		if came || step != "put facts/_schema.json" {
			return nil
		}
		came = true
		_, err := bringDay(t, openFiles(t, dir, layout("csv", "none")), 2, false, shapeOf(t, "id integer", "theirs text"), "3", "x")
		return err
	})
	shape := shapeOf(t, "id integer", "ours text")
	_, err := bringDay(t, s, 1, false, shape, "2", "y")
	wantFault(t, err, fault.Transient, "facts/_schema.json has changed since the load began: its column 2 is not ours text", "The load is tried again")
	if _, err := bringDay(t, s, 1, false, shape, "2", "y"); err != nil {
		t.Error(err)
	}
	got, err := table(folder(dir), "facts", shapeOf(t, "id integer", "theirs text", "ours text").Columns)
	null := "\x00null"
	if d := cmp.Diff([][]string{{"1", null, null}, {"2", null, "y"}, {"3", "x", null}}, got); d != "" || err != nil {
		t.Errorf("rows (-want +got):\n%s%v", d, err)
	}
}
