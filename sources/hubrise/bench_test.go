package hubrise_test

import (
	"bytes"
	"testing"

	sandbox "exporter/sandbox/hubrise"
	"exporter/sources/hubrise"
)

// BenchmarkOrders types pages of 100 orders: decoding, rows of ten tables, batches.
func BenchmarkOrders(b *testing.B) {
	v := newVendor(b, sandbox.Config{})
	documents, err := v.Documents(sandbox.Query{Account: accountOf})
	if err != nil {
		b.Fatal(err)
	}
	page := []byte{'['}
	n := 0
	for d := range documents {
		if n > 0 {
			page = append(page, ',')
		}
		page = append(page, d...)
		if n++; n == 100 {
			break
		}
	}
	page = append(page, ']')
	rows, orders := 0, 0
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		got, all, rejects, err := hubrise.ReadOrders(bytes.Clone(page))
		if err != nil || rejects > 0 || got != 100 {
			b.Fatal(got, rejects, err)
		}
		rows, orders = rows+all, orders+got
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(orders)/b.Elapsed().Seconds(), "orders/s")
}
