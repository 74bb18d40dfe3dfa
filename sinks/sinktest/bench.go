package sinktest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"exporter/record"
)

// Wide12 is a table of twelve columns as reports have them.
var Wide12 = record.Table{Columns: []record.Column{
	{Name: "id", Type: record.Integer},
	{Name: "at", Type: record.Timestamp},
	{Name: "day", Type: record.Date},
	{Name: "clicks", Type: record.Integer},
	{Name: "views", Type: record.Integer},
	{Name: "orders", Type: record.Integer},
	{Name: "campaign", Type: record.Text},
	{Name: "keyword", Type: record.Text},
	{Name: "referrer", Type: record.Text},
	{Name: "cost", Type: record.Numeric},
	{Name: "revenue", Type: record.Numeric},
	{Name: "new", Type: record.Boolean},
}, Key: []string{"id"}}

// WideData returns n rows of Wide12 in batches of 10,000, and a CSV file of them.
// Rows of another mark differ in one column, every tenth of them.
func WideData(b testing.TB, n int, mark string) (batches []*record.Batch, tally *record.Tally, csv string) {
	b.Helper()
	csv = filepath.Join(b.TempDir(), "rows.csv")
	file, err := os.Create(csv)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	tally = record.NewTally(Wide12)
	builder := record.NewBuilder(0, Wide12, nil)
	for i := range n {
		wideRow(builder, out, i, mark)
		if i%10_000 == 9_999 || i == n-1 {
			batch, _ := builder.Take()
			tally.Add(&batch)
			batches = append(batches, &batch)
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return batches, tally, csv
}

func wideRow(builder *record.Builder, out *bufio.Writer, i int, mark string) {
	at := day.Add(time.Duration(i) * 83 * time.Millisecond)
	referrer := "https://www.example.com/path/" + strconv.Itoa(i%5000)
	campaign := "campaign " + strconv.Itoa(i%400)
	if i%10 == 0 {
		campaign += mark
	}
	cells := []string{
		strconv.Itoa(4_000_000_000 + i), at.Format(time.RFC3339Nano), at.Format(time.DateOnly),
		strconv.Itoa(i % 97), strconv.Itoa(i % 10_007), strconv.Itoa(i % 3),
		campaign, "some keyword " + strconv.Itoa(i%30_000), referrer,
		fmt.Sprintf("%d.%04d", i%900, i%10_000), fmt.Sprintf("%d.%04d", i%90_000, i*7%10_000), strconv.FormatBool(i%2 == 0),
	}
	for c, cell := range cells {
		if c > 0 {
			_ = out.WriteByte(',') // reported by Flush
		}
		if c == 8 && i%3 == 0 {
			builder.Null()
			continue
		}
		builder.Raw([]byte(cell))
		_, _ = out.WriteString(cell) // reported by Flush
	}
	_ = out.WriteByte('\n') // reported by Flush
	builder.EndRow(func() []byte { return nil })
}
