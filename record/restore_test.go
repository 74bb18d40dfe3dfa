package record_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
)

// TestRestoreLongSums: a sum may have more digits than any of its cells.
func TestRestoreLongSums(t *testing.T) {
	table := record.Table{Columns: []record.Column{{Name: "n", Type: record.Numeric}}}
	whole, frac := strings.Repeat("9", 1000), strings.Repeat("0", 998)+"1"
	b := record.NewBuilder(0, table, nil)
	for _, cell := range []string{whole, "0." + frac} {
		b.Raw([]byte(cell))
		if !b.EndRow(func() []byte { return nil }) {
			t.Fatalf("a cell of %d digits is a reject", len(cell))
		}
	}
	rows, _ := b.Take()
	tally := record.NewTally(table)
	tally.Add(&rows)
	data, err := json.Marshal(tally)
	if err != nil {
		t.Fatal(err)
	}
	again := record.NewTally(table)
	if err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"n": whole + "." + frac}
	if d := cmp.Diff(want, again.Sums()); d != "" {
		t.Errorf("sums (-want +got):\n%s", d)
	}
}
