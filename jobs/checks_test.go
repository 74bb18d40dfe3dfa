package jobs_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/jobs/spool"
	"exporter/record"
	"exporter/sinks/sinktest"
	"exporter/sources"
	"exporter/state"
)

// What a check of rows finds keeps the slice out, with column, value and count.
func TestRowChecks(t *testing.T) {
	for name, c := range map[string]struct {
		checks   string
		nameless bool
		want     string // of the message; "" = passes
	}{
		"all is right": {checks: `not_null = ["account", "items.n"]
			unique = ["id", ["items.order_id", "items.n"]]
			accepted = { account = ["a"], "items.n" = [0, 1, 2] }`},
		"empty": {
			checks: `not_null = ["id", "account"]`, nameless: true,
			want: "column account is empty in 1 rows, which not_null forbids",
		},
		"empty is accepted, and like no other": {checks: `unique = ["account"]
			accepted = { account = ["a"] }`, nameless: true},
		"twice": {
			checks: `unique = ["account"]`,
			want:   `2 rows have the same account as another, which unique forbids: account="a" comes 2 times`,
		},
		"together": {
			checks: `unique = [["items.account", "items.n"]]`,
			want:   `6 rows have the same items.account, items.n as another, which unique forbids: items.account="a", items.n="`,
		},
		"not accepted": {
			checks: `accepted = { "items.n" = [7, 2] }`,
			want:   `column items.n has values in 4 rows that are not accepted: "0" (2 rows), "1" (2 rows)`,
		},
		"several": {
			checks: "not_null = [\"account\"]\naccepted = { id = [1] }", nameless: true,
			want: `column account is empty in 1 rows, which not_null forbids; column id has values in 1 rows that are not accepted: "0" (1 rows)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, vendor := newFakeWorld(t)
			vendor.parts, vendor.nameless = []string{"a"}, c.nameless
			w.want(w.run(w.configure(), state.Run{}), 0, 1, 0, 0)
			before := w.query("select xmin, * from marketing.hub_items order by order_id, n")
			vendor.read()
			r := w.run(w.configure("[jobs.conversions.checks]", c.checks), state.Run{Force: true})
			if c.want == "" {
				w.want(r, 0, 1, 0, 0)
				return
			}
			w.want(r, jobs.ExitCheck, 0, 0, 1)
			if !strings.Contains(r.Error, c.want) || !strings.Contains(r.Hint, "Old rows stay") {
				t.Errorf("error %q, hint %q, want %q", r.Error, r.Hint, c.want)
			}
			if d := cmp.Diff(before, w.query("select xmin, * from marketing.hub_items order by order_id, n")); d != "" {
				t.Errorf("rows changed:\n%s", d)
			}
			if n := len(vendor.read()); n != 1 {
				t.Errorf("%d reads", n)
			}
			vendor.nameless = false
			if w.run(w.configure("[jobs.conversions.checks]", c.checks), state.Run{Force: true}); len(vendor.read()) != 1 {
				t.Error("the vendor is not asked again")
			}
		})
	}
}

// A check that names what the stream does not have is a mistake of the configuration,
// found before anything is read.
func TestChecksOfUnknownColumns(t *testing.T) {
	for checks, want := range map[string][2]string{
		`not_null = ["acount"]`: {
			`checks.not_null: table orders of stream orders has no column "acount"`,
			"`exporter streams` lists the columns. One without a table is of orders; of another write \"items.account\". Tables: orders, items.",
		},
		`unique = [["id", "items.n"]]`:  {"checks.unique: id, items.n are columns of several tables", "items"},
		`unique = ["lines.n"]`:          {`checks.unique: stream orders has no table "lines"`, "Tables: orders, items."},
		`accepted = { id = ["one"] }`:   {`checks.accepted.id: "one" is not integer`, "Column id is integer: write values of that type, or another type in [jobs.conversions.columns]."},
		`accepted = { account = [""] }`: {"checks.accepted.account: an empty cell is accepted in any case", ""},
	} {
		w, vendor := newFakeWorld(t)
		r := w.run(w.configure("[jobs.conversions.checks]", checks), state.Run{})
		if r.ExitCode != jobs.ExitConfig || !strings.Contains(r.Error, want[0]) || !strings.Contains(r.Hint, want[1]) {
			t.Errorf("%s: exit %d, %q, hint %q\nwant %q", checks, r.ExitCode, r.Error, r.Hint, want)
		}
		if n := len(vendor.read()); n > 0 {
			t.Errorf("%s: %d reads", checks, n)
		}
	}
}

// pairs is a table whose rows are numbers, written in several ways.
var pairs = record.Table{Columns: []record.Column{{Name: "n", Type: record.Integer}, {Name: "amount", Type: record.Numeric}, {Name: "rate", Type: record.Float}}}

// spoolOf makes a finished spool of rows.
func spoolOf(t testing.TB, shape record.Table, fill func(b *record.Builder, keep func())) (*spool.Spool, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := spool.OpenRoot(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	sp, _, err := root.Open(spool.Spec{Job: "job", Tables: []record.Table{shape}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sp.Close(); err != nil {
			t.Error(err)
		}
	})
	b := record.NewBuilder(0, shape, nil)
	keep := func() {
		page := sources.Page{Announced: -1}
		page.Batch, page.Rejects = b.Take()
		if err := sp.Append(&page); err != nil {
			t.Fatal(err)
		}
	}
	fill(b, keep)
	keep()
	if err := sp.Finish(); err != nil {
		t.Fatal(err)
	}
	return sp, dir
}

func TestUniqueSeesValues(t *testing.T) {
	sp, _ := spoolOf(t, pairs, func(b *record.Builder, _ func()) {
		for _, row := range [][3]string{{"1", "1.5", "0"}, {"2", "1.50", "-0"}, {"3", "15", "1"}} {
			for _, cell := range row {
				b.Raw([]byte(cell))
			}
			b.EndRow(nil)
		}
	})
	for column, want := range []string{
		"",
		`2 rows have the same amount as another, which unique forbids: amount="1.5" comes 2 times`,
		`2 rows have the same rate as another, which unique forbids: rate="0" comes 2 times`,
	} {
		name := pairs.Columns[column].Name
		if got, err := jobs.Unique(t.Context(), sp, pairs, []int{column}, name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
}

// More rows than are compared at once go through files, of which none is left.
func TestUniqueOfManyRows(t *testing.T) {
	const rows = 1_000_000
	sp, dir := spoolOf(t, pairs, func(b *record.Builder, keep func()) {
		for i := range rows {
			b.Integer(int64(i))
			b.Raw([]byte(strconv.Itoa(i % (rows - 3)))) // 0, 1 and 2 come twice
			b.Float(float64(i % 2))
			b.EndRow(nil)
			if i%10_000 == 0 {
				keep()
			}
		}
	})
	for name, c := range map[string]struct {
		columns []int
		want    string
	}{
		"n":        {[]int{0}, ""},
		"amount":   {[]int{1}, `6 rows have the same amount as another, which unique forbids: amount="`},
		"n amount": {[]int{0, 1}, ""},
		"rate":     {[]int{2}, ` rows have the same rate as another`}, // all in two buckets
	} {
		// In three buckets, and in 64 that are compared in 16 shares each.
		for _, room := range []int64{1 << 19, 1 << 10} {
			got, held, err := jobs.UniqueWith(t.Context(), room, sp, pairs, c.columns, strings.Fields(name)...)
			if err != nil || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
			}
			if held > 2*int(room)+2 {
				t.Errorf("%s: %d keys are held at once, %d are to be expected", name, held, room)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*", "scratch*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// BenchmarkUnique compares the ids of a million rows of twelve columns.
func BenchmarkUnique(b *testing.B) {
	batches, _, _ := sinktest.WideData(b, 1_000_000, "")
	dir := b.TempDir()
	root, err := spool.OpenRoot(dir, 0)
	if err != nil {
		b.Fatal(err)
	}
	sp, _, err := root.Open(spool.Spec{Job: "job", Tables: []record.Table{sinktest.Wide12}}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range batches {
		if err := sp.Append(&sources.Page{Batch: *batch, Announced: -1}); err != nil {
			b.Fatal(err)
		}
	}
	if err := sp.Finish(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if text, err := jobs.Unique(b.Context(), sp, sinktest.Wide12, []int{0}, "id"); err != nil || text != "" {
			b.Fatal(text, err)
		}
	}
}
