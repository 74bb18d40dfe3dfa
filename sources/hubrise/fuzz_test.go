package hubrise_test

import (
	"errors"
	"testing"

	"exporter/fault"
	"exporter/sources/hubrise"
)

// Whatever comes, every order is a row, a reject or a repetition, or there is an error with a class.
func FuzzOrders(f *testing.F) {
	for _, body := range []string{
		`[]`, `null`, `[` + order("a", `, "items": [{"id": "i", "options": [{"name": "x", "price": "1 EUR"}]}], "total": "1.00 EUR", "x": {"y": [1]}`) + `]`,
		`[{"id": 1, "created_at": "2026-03-27T12:00:00+0100", "deals": {"0": {"name": "\u0000"}}, "customer": {"latitude": 1e400}}]`, `[[]]`, `[null, 1]`, `{}`, "[{\"id\":\"\xff\"}]", `[{"id":"a","items":[[],null,"",{}]}] x`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		orders, rows, rejects, err := hubrise.ReadOrders(body)
		var classified *fault.Error
		switch {
		case err != nil && !errors.As(err, &classified):
			t.Fatalf("%q: error without a class: %v", body, err)
		case err == nil && orders > 0 && rows+rejects == 0:
			t.Fatalf("%q: %d orders, and nothing is left of them", body, orders)
		}
	})
}
