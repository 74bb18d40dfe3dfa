package record_test

import (
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"exporter/record"
)

func TestSumIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sum record.Sum
		want := new(big.Rat)
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			raw := rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,25})?`).Draw(t, "d")
			d, err := record.AppendDecimal(nil, []byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			sum.AddDecimal(d)
			r, _ := new(big.Rat).SetString(raw)
			want.Add(want, r)
		}
		got, ok := new(big.Rat).SetString(sum.String())
		if !ok || got.Cmp(want) != 0 {
			t.Fatalf("sum %s, want %s", sum.String(), want.FloatString(30))
		}
	})
}

func build(rows [][]string) record.Batch {
	b := record.NewBuilder(0, record.Table{Columns: []record.Column{{Name: "a"}, {Name: "b"}, {Name: "n", Type: record.Numeric}}}, nil)
	for _, r := range rows {
		appendRow(b, r...)
	}
	batch, _ := b.Take()
	return batch
}

func tallyOf(batches ...record.Batch) *record.Tally {
	t := record.NewTally(record.Table{Columns: []record.Column{{Name: "a"}, {Name: "b"}, {Name: "n", Type: record.Numeric}}})
	for i := range batches {
		t.Add(&batches[i])
	}
	return t
}

func TestHashIgnoresOrderAndNothingElse(t *testing.T) {
	one := [][]string{{"x", "y", "1.50"}, {"", "z", "2"}, {"NULL", "z", "3"}}
	base := tallyOf(build(one)).Hash()
	if got := tallyOf(build(one[2:]), build(one[:2])).Hash(); got != base {
		t.Errorf("order or batch bounds changed the hash: %s, %s", got, base)
	}
	for name, rows := range map[string][][]string{
		"byte moved to the neighbour": {{"xy", "", "1.50"}, one[1], one[2]},
		"empty for null":              {one[0], {"NULL", "z", "2"}, one[2]},
		"row doubled":                 {one[0], one[1], one[2], one[2]},
		"row lost":                    one[:2],
		"cells of two rows swapped":   {{"", "y", "1.50"}, {"x", "z", "2"}, one[2]},
	} {
		if got := tallyOf(build(rows)).Hash(); got == base {
			t.Errorf("%s: same hash", name)
		}
	}
	if got := tallyOf(build(one)).Sums(); got["n"] != "6.50" {
		t.Errorf("sums %v", got)
	}
}

func TestTallyGoesOnAfterRestore(t *testing.T) {
	rows := [][]string{{"x", "y", "1.50"}, {"", "z", "2"}, {"NULL", "z", "-3.125"}}
	whole := tallyOf(build(rows))
	saved, err := json.Marshal(tallyOf(build(rows[:2])))
	if err != nil {
		t.Fatal(err)
	}
	rest := tallyOf()
	if err := rest.Restore(saved); err != nil {
		t.Fatal(err)
	}
	last := build(rows[2:])
	rest.Add(&last)
	if rest.Hash() != whole.Hash() || rest.Rows != 3 || !cmp.Equal(rest.Sums(), whole.Sums()) {
		t.Errorf("restored %s %d %v, whole %s %v", rest.Hash(), rest.Rows, rest.Sums(), whole.Hash(), whole.Sums())
	}
}

func BenchmarkBuildAndTally(b *testing.B) {
	table := record.Table{Columns: []record.Column{
		{Name: "id", Type: record.Integer},
		{Name: "at", Type: record.Timestamp},
		{Name: "status"},
		{Name: "payout", Type: record.Numeric},
		{Name: "revenue", Type: record.Numeric},
		{Name: "source"},
		{Name: "country"},
		{Name: "flag", Type: record.Boolean},
		{Name: "offer", Type: record.Integer},
		{Name: "affiliate", Type: record.Integer},
		{Name: "sub"},
		{Name: "ref"},
	}}
	cells := [][]byte{
		[]byte("99630"), []byte("2026-08-29 05:54:43"), []byte("approved"), []byte("12.50000"), []byte("20.00000"), []byte("newsletter"),
		[]byte("DE"), []byte("1"), []byte("17"), []byte("1042"), []byte("testoffer"), []byte("app_admin"),
	}
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		b.Fatal(err)
	}
	builder, tally := record.NewBuilder(0, table, ny), record.NewTally(table)
	b.ReportAllocs()
	for b.Loop() {
		for range 1000 {
			for _, c := range cells {
				builder.Raw(c)
			}
			builder.EndRow(nil)
		}
		batch, _ := builder.Take()
		tally.Add(&batch)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "rows/s")
}
