package hubrise_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

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

// The walk over a valid document sees what a decoder sees.
func FuzzWalk(f *testing.F) {
	for _, text := range []string{`{}`, `[1, "a\\\"", {"x": "]"}]`, `{"a\"": [1], "b" : -1.5e3 , "c":{"d":"}"}}`, "[true,null\n,\"\\\\\"]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		value, err := d.ReadValue()
		if err != nil || value.Kind() != '{' && value.Kind() != '[' {
			return
		}
		value = bytes.Clone(value)
		names, values := hubrise.Walk(value)
		inner := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if _, err := inner.ReadToken(); err != nil {
			t.Fatal(err)
		}
		for i := range values {
			if value.Kind() == '{' {
				if name, err := inner.ReadValue(); err != nil || string(name) != names[i] {
					t.Fatalf("%s: name %d is %s, not %s", value, i, names[i], name)
				}
			}
			if v, err := inner.ReadValue(); err != nil || string(v) != values[i] {
				t.Fatalf("%s: value %d is %s, not %s", value, i, values[i], v)
			}
		}
		if k := inner.PeekKind(); k != '}' && k != ']' {
			t.Fatalf("%s: the walk ended after %d of it", value, len(values))
		}
	})
}
