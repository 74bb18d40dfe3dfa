package hubrise_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"exporter/sandbox/hubrise"
)

// The truth has a row for every element of every answer, and nothing else.
func TestTruthCounts(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	want := map[string]int{"accounts": 1, "locations": 3, "customer_lists": 2, "customers": 340, "catalogs": 2}
	repeated := 0
	for _, o := range v.all(ordersPath) {
		want["orders"]++
		for table, member := range map[string]string{
			"order_items": "items", "order_discounts": "discounts", "order_charges": "charges", "order_payments": "payments", "order_loyalty_operations": "loyalty_operations",
		} {
			want[table] += len(o[member].([]any))
		}
		want["order_deals"] += len(o["deals"].(map[string]any))
		want["order_customers"]++
		if o["delivery"] != nil {
			want["order_deliveries"]++
		}
		for _, it := range o["items"].([]any) {
			options := it.(map[string]any)["options"].([]any)
			want["order_item_options"] += len(options)
			if n := len(options); n > 1 && reflect.DeepEqual(options[n-1], options[n-2]) {
				repeated++
			}
		}
	}
	for _, l := range v.all("/v1/locations/3r4s3-1/customer_lists") {
		want["loyalty_cards"] += len(v.all("/v1/customer_lists/" + l["id"].(string) + "/loyalty_cards"))
	}
	for _, c := range v.all("/v1/locations/3r4s3-1/catalogs") {
		data := v.one("/v1/catalogs/" + c["id"].(string))["data"].(map[string]any)
		for table, member := range map[string]string{
			"catalog_variants": "variants", "catalog_categories": "categories", "catalog_products": "products", "catalog_option_lists": "options_lists",
			"catalog_deals": "deals", "catalog_discounts": "discounts", "catalog_charges": "charges",
		} {
			want[table] += len(data[member].([]any))
		}
	}
	for table, n := range want {
		if got, err := v.Count(table, hubrise.Query{}); err != nil || got != n || n == 0 {
			t.Errorf("%s: %d rows, answers have %d: %v", table, got, n, err)
		}
	}
	for _, table := range hubrise.Tables() {
		if n, err := v.Count(table, hubrise.Query{}); err != nil || n == 0 {
			t.Errorf("%s: %d rows: %v", table, n, err)
		}
	}
	if repeated == 0 {
		t.Error("no item has the same option twice")
	}
}

// Keys of the truth tell its rows apart.
func TestTruthKeys(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	for table, names := range map[string][]string{
		"orders": {"id"}, "order_items": {"order_id", "id"}, "order_item_options": {"order_id", "item_id", "option_no"}, "order_deals": {"order_id", "deal_key"},
		"order_discounts": {"order_id", "id"}, "order_charges": {"order_id", "id"}, "order_payments": {"order_id", "id"},
		"order_loyalty_operations": {"order_id", "no"}, "order_customers": {"order_id"}, "order_deliveries": {"order_id"},
		"customers": {"customer_list_id", "id"}, "loyalty_cards": {"customer_list_id", "id"}, "loyalty_operations": {"loyalty_card_id", "id"},
		"catalog_skus": {"catalog_id", "id"}, "catalog_products": {"catalog_id", "id"}, "catalog_options": {"catalog_id", "id"},
		"catalog_deal_lines": {"catalog_id", "deal_id", "line_no"}, "catalog_deal_line_skus": {"catalog_id", "deal_id", "line_no", "sku_no"},
		"catalog_sku_option_lists": {"catalog_id", "sku_id", "no"}, "catalog_charges": {"catalog_id", "id"},
	} {
		seen := map[string]bool{}
		for _, row := range v.rows(table, hubrise.Query{}) {
			key := ""
			for _, name := range names {
				if row[name] == nil {
					t.Fatalf("%s: no %s in %v", table, name, row)
				}
				key += fmt.Sprint(row[name], " ")
			}
			if seen[key] {
				t.Fatalf("%s: %s is there twice", table, key)
			}
			seen[key] = true
		}
	}
}

func TestTruthQueries(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	all := v.rows("orders", hubrise.Query{})
	count := func(keep func(o map[string]any) bool) (n int) {
		for _, o := range all {
			if keep(o) {
				n++
			}
		}
		return n
	}
	for name, test := range map[string]struct {
		q    hubrise.Query
		want int
	}{
		"locations": {hubrise.Query{Locations: []string{"3r4s3-2", "3r4s3-3"}}, count(func(o map[string]any) bool { return o["location_id"] != "3r4s3-1" })},
		"statuses":  {hubrise.Query{Statuses: []string{"new", "rejected"}}, count(func(o map[string]any) bool { return o["status"] == "new" || o["status"] == "rejected" })},
		"window": {hubrise.Query{After: "2026-10-25T00:00:00Z", Before: "2026-10-26T00:00:00Z"}, count(func(o map[string]any) bool {
			at := created(t, o).UTC().Format("2006-01-02")
			return at == "2026-10-25"
		})},
	} {
		if got, err := v.Count("orders", test.q); err != nil || got != test.want || got == 0 {
			t.Errorf("%s: %d orders, want %d: %v", name, got, test.want, err)
		}
	}
	docs, err := v.Documents(hubrise.Query{Locations: []string{"3r4s3-1"}, Before: "2026-10-23T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for doc := range docs {
		got = append(got, parse[map[string]any](t, string(doc))["id"].(string))
	}
	if want := ids(v.all("/v1/locations/3r4s3-1/orders", "before", "2026-10-23T00:00:00Z")); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("%d documents, %d answered", len(got), len(want))
	}
	other := v.rows("orders", hubrise.Query{Account: "ab4k2"})
	if len(other) < 300 || other[0]["location_id"] != "ab4k2-1" && other[0]["location_id"] != "ab4k2-2" {
		t.Errorf("%d orders of the other account", len(other))
	}
	for _, bad := range []hubrise.Query{{Account: "x"}, {Locations: []string{"ab4k2-1"}}, {After: "soon"}} {
		if _, err := v.Rows("orders", bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if _, err := v.Rows("coffee", hubrise.Query{}); err == nil {
		t.Error("an unknown table is accepted")
	}
}

// The data are a function of the seed, and appear as time goes on.
func TestDeterministic(t *testing.T) {
	window := hubrise.Query{After: "2026-10-22T00:00:00Z", Before: "2026-10-22T06:00:00Z"}
	first, again := newVendor(t, hubrise.Config{Data: small()}).rows("orders", window), newVendor(t, hubrise.Config{Data: small()}).rows("orders", window)
	if !reflect.DeepEqual(first, again) || len(first) < 10 {
		t.Errorf("%d and %d orders", len(first), len(again))
	}
	late := small()
	late.Now = "2026-10-22T12:00:00Z"
	v := newVendor(t, hubrise.Config{Data: late})
	if n := len(v.all(ordersPath)); n < 30 || n > 120 {
		t.Errorf("%d orders by noon of the first day", n)
	}
	if err := v.Update([]byte(`{"data":{"now":"2026-10-23T12:00:00Z"}}`)); err != nil {
		t.Fatal(err)
	}
	rows := v.all(ordersPath)
	last := created(t, slices.MaxFunc(rows, func(a, b map[string]any) int { return cmp.Compare(created(t, a).Unix(), created(t, b).Unix()) }))
	if last.Day() != 23 || len(rows) < 120 {
		t.Errorf("%d orders a day later, the last at %v", len(rows), last)
	}
}
