package record_test

import (
	"testing"

	"pgregory.net/rapid"

	"exporter/record"
)

func TestBatchSurvivesItsLastingForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows [][]string
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			rows = append(rows, []string{rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b"), "1"})
		}
		batch := build(rows)
		data := batch.AppendBinary(nil)
		var got record.Batch
		if err := got.Decode(data); err != nil {
			t.Fatal(err)
		}
		if tallyOf(got).Hash() != tallyOf(batch).Hash() || got.Rows() != batch.Rows() {
			t.Fatal("content changed")
		}
		if len(data) > 0 {
			if err := new(record.Batch).Decode(data[:len(data)-1]); err == nil && len(rows) > 0 {
				t.Fatal("a cut batch was read")
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	b := build([][]string{{"x", "y", "1"}})
	f.Add(b.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b record.Batch
		if err := b.Decode(data); err != nil {
			return
		}
		for r := range b.Rows() {
			for c := range b.Columns() {
				b.Cell(r, c)
			}
		}
	})
}
