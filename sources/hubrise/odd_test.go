package hubrise_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// played serves the orders of an account as they are given, in pages, and its one location in Paris.
func played(t *testing.T, pages ...string) (s sources.Source, asked func() []string) {
	t.Helper()
	return playedWith(t, &hubrise.Options{}, pages...)
}

func playedWith(t *testing.T, o sources.Options, pages ...string) (s sources.Source, asked func() []string) {
	t.Helper()
	var queries []string
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/v1/account":
			_, _ = io.WriteString(w, `{"id": "3r4s3", "name": "Bella", "currency": "EUR"}`)
		case "/v1/locations":
			_, _ = io.WriteString(w, `[{"id": "3r4s3-1", "timezone": {"name": "Europe/Paris"}, "cutoff_time": "06:00"}]`)
		case "/v1/accounts/3r4s3/orders":
			queries = append(queries, r.URL.RawQuery)
			n := 0
			_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &n) // none is the first
			if n+1 < len(pages) {
				w.Header().Set("X-Cursor-Next", fmt.Sprint(n+1))
			}
			_, _ = io.WriteString(w, pages[n])
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error_type": "routing_error"}`)
		}
	}))
	t.Cleanup(ts.Close)
	c := newConfig()
	c.BaseURL, c.AccessToken = ts.URL+"/v1", accountToken
	return open(t, c, o, sources.Deps{}), func() []string { return queries }
}

// order is a document with the least in it and more.
func order(id string, more string) string {
	if id != "" {
		id = `"id": "` + id + `", `
	}
	return `{` + id + `"location_id": "3r4s3-1", "created_at": "2026-03-27T12:00:00+01:00"` + more + `}`
}

// What cannot be typed is a reject with its reason and its place; the rest is there.
func TestOddDocuments(t *testing.T) {
	for _, c := range []struct {
		name, page string
		orders     string // ids
		rejects    string
		raw        string // in a reject
		warning    string
		err        string
		class      fault.Class
	}{
		{name: "none", page: `[]`},
		{name: "one", page: "[" + order("a", "") + "]", orders: "a"},
		{name: "no id", page: "[" + order("", `, "ref": "7", "items": [{"id": "i", "name": "x"}]`) + "," + order("b", "") + "]", orders: "b", rejects: "orders.order_id: required, but empty", raw: `"ref": "7"`},
		{name: "an empty id", page: `[{"id": "", "created_at": "2026-03-27T12:00:00+01:00", "location_id": "3r4s3-1"}]`, rejects: "orders.order_id: required, but empty"},
		{name: "an id that is a number", page: `[{"id": 17, "created_at": "2026-03-27T12:00:00+01:00", "location_id": "3r4s3-1"}]`, orders: "17"},
		{name: "no time of creation", page: `[{"id": "a"}]`, rejects: "orders.created_at: required, but empty"},
		{name: "a time without offset", page: `[{"id": "a", "created_at": "2026-03-27T12:00:00"}]`, rejects: `orders.created_at: "2026-03-27T12:00:00 (no offset)" is not a date with time`},
		{name: "another time", page: "[" + order("a", `, "expected_time": "soon"`) + "]", rejects: `orders.expected_time: "soon (no offset)" is not a date with time`},
		{name: "money without currency", page: "[" + order("a", `, "total": "9.80"`) + "]", rejects: `orders.total: "9.80 (no currency)" is not a decimal number`},
		{name: "money that is a number", page: "[" + order("a", `, "total": 9.8`) + "]", rejects: `orders.total: "9.8 (no currency)" is not a decimal number`},
		{name: "money that is none", page: "[" + order("a", `, "total": "a lot EUR"`) + "]", rejects: `orders.total: "a lot" is not a decimal number`},
		{name: "money of none", page: "[" + order("a", `, "total": null`) + "," + order("b", `, "total": ""`) + "]", orders: "a b"},
		{name: "an item without id", page: "[" + order("a", `, "items": [{"product_name": "Pizza", "options": [{"name": "x"}]}, {"id": "i2"}]`) + "]", orders: "a", rejects: "order_items.item_id: required, but empty", raw: `"order_id":"a","position":"0"`},
		{name: "an option of nonsense", page: "[" + order("a", `, "items": [{"id": "i1", "options": [{"price": "x EUR"}]}]`) + "]", orders: "a", rejects: `order_item_options.price: "x" is not a decimal number`, raw: `"item_id":"i1"`},
		{name: "a payment without id", page: "[" + order("a", `, "payments": [{"amount": "1.00 EUR"}]`) + "]", orders: "a", rejects: "order_payments.payment_id: required, but empty", raw: `"order_id":"a"`},
		{name: "a decimal of nonsense", page: "[" + order("a", `, "items": [{"id": "i", "quantity": "many"}]`) + "]", orders: "a", rejects: `order_items.quantity: "many" is not a decimal number`},
		{name: "outside of the interval", page: `[{"id": "a", "created_at": "2026-03-26T23:59:59+01:00"}, {"id": "b", "created_at": "2026-03-28T00:00:00+01:00"}, ` + order("c", "") + "]", orders: "c", warning: "2 rows were created outside of the interval"},
		{name: "a location nobody knows", page: `[{"id": "a", "location_id": "zz-9", "created_at": "2026-03-27T12:00:00Z"}]`, orders: "a", warning: `location "zz-9" of orders has no known zone`},
		{name: "collections of the wrong kind", page: "[" + order("a", `, "items": "none", "deals": [], "payments": {}, "customer": [], "delivery": "no", "charges": 5`) + "]", orders: "a"},
		{name: "elements that are no objects", page: "[" + order("a", `, "items": [null, "none", [{"id": "i"}]], "deals": {"0": 5, "1": null}`) + "]", orders: "a", rejects: "order_items.account_id: row has 0 cells, table has 25 columns; order_items.account_id: row has 0 cells, table has 25 columns; order_deals.account_id: row has 0 cells, table has 7 columns", raw: `"document":"none"`},
		{name: "an object", page: `{"orders": []}`, err: "at its top is an object and not a list", class: fault.Data},
		{name: "texts", page: `["a", "b"]`, err: "at /0 is a text and not an object", class: fault.Data},
		{name: "broken off", page: "[" + order("a", "") + ",", err: "decode answer", class: fault.Transient},
		{name: "twice", page: "[] []", err: "more than one JSON value", class: fault.Transient},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := played(t, c.page)
			got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
			if c.err != "" {
				wantError(t, got.err, c.class, c.err, "orders of account 3r4s3")
				return
			}
			if got.err != nil {
				t.Fatal(got.err)
			}
			var ids []string
			for _, row := range got.rows["orders"] {
				ids = append(ids, row["order_id"])
			}
			if strings.Join(ids, " ") != c.orders || strings.Join(got.rejects, "; ") != c.rejects || !strings.Contains(strings.Join(got.raw, "\n"), c.raw) {
				t.Errorf("orders %v, rejects %q, raw %q", ids, got.rejects, got.raw)
			}
			if !strings.Contains(got.warnings, c.warning) || (got.warnings == "") != (c.warning == "") {
				t.Errorf("warnings %q, want %q", got.warnings, c.warning)
			}
			for _, table := range []string{"order_items", "order_item_options", "order_payments"} {
				for _, row := range got.rows[table] {
					if row["order_id"] == "" || !strings.Contains(c.orders, row["order_id"]) {
						t.Errorf("%s has an orphan: %v", table, row)
					}
				}
			}
		})
	}
}

// Values keep their meaning in whatever way they are written.
func TestValues(t *testing.T) {
	s, _ := played(t, "["+order("a", `, "ref": 17, "asap": true, "customer_notes": "", "total": "-0.05 GBP", "brand": {"x": [1, "ü"]}, "new_flag": null,
		"items": [{"id": 5, "price": "12345678901234567890.123456 EUR", "quantity": "1.0", "tax_rate": 5.50, "points_used": "-2.5", "deleted": true,
			"deal_line": {"deal_key": "0", "pricing_value": 30, "extra_line": 1}, "colour": "red",
			"options": [{"name": "A", "quantity": "2", "price": null}, {"name": "A", "quantity": 2, "removed": true}]}],
		"deals": {"0": {"name": "D\u0000eal", "ref": "10"}}, "payments": [{"id": "p", "amount": "1e2 EUR", "info": {"a": 1}}],
		"charges": [{"id": "c", "ref": 3, "price": "2.00 EUR", "charge_ref": "3", "charge_type": "x", "charge_price": "2.00 EUR"}],
		"loyalty_operations": [{"delta": "-5"}, {"delta": 1.50}], "customer": {"id": null, "latitude": 48.858951, "birth_date": "1999-02-28", "anonymised": true}, "delivery": {}`)+"]")
	got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
	if got.err != nil || len(got.rejects) > 0 {
		t.Fatal(got.err, got.rejects)
	}
	for table, rows := range map[string][]string{
		"orders":                   {`{"_extra":"{\"brand\":{\"x\": [1, \"ü\"]},\"new_flag\":null}","account_id":"3r4s3","asap":"true","business_date":"2026-03-27","created_at":"2026-03-27T11:00:00Z","location_id":"3r4s3-1","order_id":"a","ref":"17","timezone":"Europe/Paris","total":"-0.05","total_currency":"GBP"}`},
		"order_items":              {`{"_extra":"{\"deal_line.extra_line\":1,\"colour\":\"red\"}","account_id":"3r4s3","deal_key":"0","deal_pricing_value":"30","deleted":"true","item_id":"5","location_id":"3r4s3-1","order_id":"a","points_used":"-2.5","position":"0","price":"12345678901234567890.123456","price_currency":"EUR","quantity":"1.0","tax_rate":"5.50"}`},
		"order_item_options":       {`{"account_id":"3r4s3","item_id":"5","location_id":"3r4s3-1","name":"A","option_no":"0","order_id":"a","quantity":"2","removed":"false"}`, `{"account_id":"3r4s3","item_id":"5","location_id":"3r4s3-1","name":"A","option_no":"1","order_id":"a","quantity":"2","removed":"true"}`},
		"order_deals":              {`{"account_id":"3r4s3","deal_key":"0","location_id":"3r4s3-1","name":"Deal","order_id":"a","ref":"10"}`},
		"order_payments":           {`{"account_id":"3r4s3","amount":"100","amount_currency":"EUR","deleted":"false","info":"{\"a\": 1}","location_id":"3r4s3-1","order_id":"a","payment_id":"p"}`},
		"order_charges":            {`{"account_id":"3r4s3","charge_id":"c","deleted":"false","location_id":"3r4s3-1","order_id":"a","price":"2.00","price_currency":"EUR","ref":"3"}`},
		"order_loyalty_operations": {`{"account_id":"3r4s3","delta":"-5","location_id":"3r4s3-1","op_no":"0","order_id":"a"}`, `{"account_id":"3r4s3","delta":"1.50","location_id":"3r4s3-1","op_no":"1","order_id":"a"}`},
		"order_customers":          {`{"account_id":"3r4s3","anonymised":"true","birth_date":"1999-02-28","latitude":"48.858951","location_id":"3r4s3-1","order_id":"a"}`},
		"order_deliveries":         nil,
		"order_discounts":          nil,
	} {
		var texts []string
		for _, row := range got.rows[table] {
			texts = append(texts, string(sourcetest.Must[[]byte](t)(json.Marshal(row))))
		}
		if strings.Join(texts, "\n") != strings.Join(rows, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", table, strings.Join(texts, "\n"), strings.Join(rows, "\n"))
		}
	}
}

// Days are those of the location, and begin at its cutoff; both nights of a clock change too.
func TestBusinessDates(t *testing.T) {
	for created, want := range map[string]string{
		"2026-03-27T05:59:59+01:00": "2026-03-26", "2026-03-27T06:00:00+01:00": "2026-03-27", "2026-03-28T00:30:00+01:00": "2026-03-27",
		"2026-03-29T01:59:00+01:00": "2026-03-28", "2026-03-29T03:00:00+02:00": "2026-03-28", "2026-03-29T06:00:00+02:00": "2026-03-29",
		"2026-03-29T04:00:00Z": "2026-03-29", "2026-03-29T03:59:59Z": "2026-03-28",
		"2025-10-26T02:30:00+02:00": "2025-10-25", "2025-10-26T02:30:00+01:00": "2025-10-25", "2025-10-26T05:59:00+01:00": "2025-10-25", "2025-10-26T06:00:00+0100": "2025-10-26",
	} {
		s, _ := played(t, `[{"id": "a", "location_id": "3r4s3-1", "created_at": "`+created+`"}]`)
		got := read(t, s, "orders", accountOf, sources.Interval{Start: time.Unix(0, 0), End: time.Unix(1<<32, 0)})
		if got.err != nil || len(got.rows["orders"]) != 1 || got.rows["orders"][0]["business_date"] != want {
			t.Errorf("%s: got %v, error %v, want %s", created, got.rows["orders"], got.err, want)
		}
	}
}
