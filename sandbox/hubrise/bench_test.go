package hubrise_test

import (
	"net/http"
	"testing"

	"exporter/sandbox/hubrise"
)

// BenchmarkOrders is a page of a hundred orders in the middle of a day that has 100,000.
func BenchmarkOrders(b *testing.B) {
	data := small()
	data.Accounts = []hubrise.Account{{Locations: []hubrise.Location{{Orders: 50_000}, {Orders: 50_000}}}}
	v := newVendor(b, hubrise.Config{Data: data})
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		w := v.get(ordersPath, "after", "2026-10-25T12:00:00Z", "before", "2026-10-26T00:00:00Z")
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
		bytes += w.Body.Len()
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "orders/s")
	b.ReportMetric(float64(bytes)/float64(100*b.N), "bytes/order")
}
