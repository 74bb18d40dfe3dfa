package hubrise_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// samples is the folder of the vendor's published files, which are not ours to
// ship; without it the cases that need them are left out.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

func sample(t *testing.T, name string) string {
	t.Helper()
	return string(sourcetest.Must[[]byte](t)(os.ReadFile(filepath.Join(samples, "hubrise", name+".json"))))
}

// inOrder are published parts of orders, and the member they belong to. Those in
// an object of their own have it there already.
var inOrder = map[string]string{
	"order_charges": "charges", "order_deals_map": "deals", "order_discounts": "discounts", "order_loyalty_operations": "loyalty_operations", "order_payments": "payments",
	"order_item_with_options": "items[]", "order_half_half_items": "", "order_custom_fields_epos": "custom_fields", "order_custom_fields_restaurant": "custom_fields",
	"delivery_retrieve": "delivery", "customer_retrieve": "customer", "customer_create_request": "customer", "bridge_flyt_charges": "", "bridge_flyt_customer": "", "bridge_flyt_items": "",
	"bridge_glovo_charges": "", "bridge_glovo_discounts": "", "bridge_glovo_items": "", "bridge_prestashop_charges": "", "bridge_takeaway_items": "", "bridge_woocommerce_items": "",
	"order_create_request": "",
}

// Every published piece of an order decodes. Pieces of requests have no ids, for which their rows are rejects.
func TestPublishedOrders(t *testing.T) {
	if samples == "" {
		return
	}
	for name, member := range inOrder {
		text := strings.TrimSpace(sample(t, name))
		switch {
		case strings.HasSuffix(member, "[]"):
			text = `"` + strings.TrimSuffix(member, "[]") + `": [` + text + `]`
		case member != "":
			text = `"` + member + `": ` + text
		case strings.HasPrefix(text, "{"):
			text = strings.TrimSpace(text[1 : len(text)-1])
		default:
			text = `"charges": ` + text
		}
		s, _ := played(t, `[{"id": "a", "location_id": "3r4s3-1", "created_at": "2026-03-27T12:00:00+01:00", `+text+`}]`)
		got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
		if got.err != nil || len(got.rows["orders"]) != 1 {
			t.Errorf("%s: %d orders, rejects %v, error %v", name, len(got.rows["orders"]), got.rejects, got.err)
		}
		for _, reason := range got.rejects {
			if !strings.Contains(reason, "_id: required, but empty") {
				t.Errorf("%s: %s", name, reason)
			}
		}
	}
	s, _ := played(t, "["+sample(t, "order_retrieve")+"]")
	got := read(t, s, "orders", accountOf, day(t, "2021-06-24", 1))
	if got.err != nil || len(got.rejects) > 0 {
		t.Fatal(got.err, got.rejects)
	}
	for table, sums := range map[string]map[string]string{
		"orders": {"total": "18.90"}, "order_items": {"subtotal": "18.90", "quantity": "3.0"}, "order_item_options": {"price": "0.50"},
		"order_charges": {"price": "2.00"}, "order_discounts": {"price_off": "2.00"}, "order_payments": {"amount": "18.90"},
		"order_customers": {"order_total": "151.20", "nb_orders": "8"}, "order_deliveries": {"fee": "4.00"},
	} {
		for i, shape := range stream(t, s, "orders").Tables {
			for column, want := range sums {
				if shape.Name == table && got.tallies[i].Sums()[column] != want {
					t.Errorf("%s.%s adds up to %s, want %s", table, column, got.tallies[i].Sums()[column], want)
				}
			}
		}
	}
	for table, rows := range got.rows {
		for _, row := range rows {
			if row["_extra"] != "" {
				t.Errorf("%s does not know %s", table, row["_extra"])
			}
		}
	}
	if row := got.rows["order_deals"][0]; row["deal_key"] != "0" || row["name"] != "30% off on pasta" || got.rows["order_items"][0]["deal_key"] != "0" {
		t.Errorf("deal %v, item %v", row, got.rows["order_items"][0])
	}
}

// replay serves published documents by path.
func replay(t *testing.T, answers map[string]string) *hubrise.Config {
	t.Helper()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text, ok := answers[strings.TrimPrefix(r.URL.Path, "/v1")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			text = answers["missing"]
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(ts.Close)
	c := newConfig()
	c.BaseURL, c.AccessToken = ts.URL+"/v1", accountToken
	return c
}

func TestPublishedSnapshots(t *testing.T) {
	if samples == "" {
		return
	}
	var upload struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(sample(t, "catalog_create_request")), &upload); err != nil {
		t.Fatal(err)
	}
	parts := `{"id": "sdm3b", "name": "Parts", "created_at": "2020-05-19T13:23:10+02:00", "account_id": "3r4s3", "data": {"categories": [` + sample(t, "catalog_category") + `], "products": [` + sample(t, "catalog_product") +
		`, {"id": "p2", "skus": [` + sample(t, "catalog_sku") + `, ` + sample(t, "catalog_sku_upload") + `]}], "options_lists": [` + sample(t, "catalog_option_list_upload") + `, {"id": "e2sj3", "options": [` + sample(t, "catalog_option") +
		`]}], "deals": [` + sample(t, "catalog_deal") + `, ` + strings.Replace(sample(t, "catalog_deal_upload"), "{", `{"id": "d2", `, 1) + `], "discounts": [` + sample(t, "catalog_discount") + `], "charges": [` + sample(t, "catalog_charge") + `], "images": [` + sample(t, "catalog_image") + `]}}`
	c := replay(t, map[string]string{
		"/account": sample(t, "account_retrieve"), "/locations": "[" + sample(t, "location_retrieve") + "," + strings.Replace(sample(t, "location_retrieve_2023"), "3r4s3-1", "3r4s3-2", 1) + "," + sample(t, "client_fixture_location") + "]",
		"/accounts/3r4s3/catalogs": sample(t, "catalogs_list"), "/locations/3r4s3-1/catalogs": `[]`, "/locations/abc-0/catalogs": `[` + sample(t, "client_fixture_catalog") + `]`,
		"/catalogs/87yu4": `{"id": "87yu4", "data": ` + string(upload.Data) + `}`, "/catalogs/sdm3b": parts,
		"/accounts/3r4s3/customer_lists": sample(t, "customer_lists_list"), "/locations/3r4s3-1/customer_lists": "[" + sample(t, "customer_list_retrieve") + "]", "/locations/abc-0/customer_lists": "[]", "/locations/3r4s3-2/customer_lists": "[]", "/locations/3r4s3-2/catalogs": "[]",
		"/customer_lists/apm3s/customers": "[" + sample(t, "customer_retrieve") + "]", "/customer_lists/s7ma5/customers": "[]", "/customer_lists/ag8u4/customers": "[]",
		"missing": sample(t, "error_routing"),
	})
	s := open(t, c, &hubrise.ListOptions{}, sources.Deps{})
	for name, want := range map[string]map[string]int{
		"locations": {"": 3},
		"customers": {"customers": 1, "loyalty_cards": 1, "customer_lists": 3},
		"catalogs":  {"catalogs": 2, "categories": 3, "products": 3, "skus": 6, "option_lists": 3, "options": 5, "deals": 2, "discounts": 1, "charges": 1},
	} {
		got := read(t, s, name, accountOf, sources.Interval{})
		if got.err != nil || len(got.rejects) > 0 {
			t.Errorf("%s: rejects %v, error %v", name, got.rejects, got.err)
		}
		for table, n := range want {
			if len(got.rows[table]) != n {
				t.Errorf("%s: %d rows in %q, want %d", name, len(got.rows[table]), table, n)
			}
		}
	}
}

func TestPublishedErrors(t *testing.T) {
	if samples == "" {
		return
	}
	for name, c := range map[string]struct {
		status int
		class  fault.Class
		text   string
	}{
		"error_401_blocked":    {401, fault.Auth, "The connection has been blocked (unauthorized)"},
		"error_422_validation": {422, fault.Permanent, "Validation failed; price 'abc' is not a valid monetary amount"},
		"error_routing":        {404, fault.Config, "(routing_error)"},
	} {
		text := sample(t, name)
		ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, text)
		}))
		cfg := newConfig()
		cfg.BaseURL, cfg.AccessToken = ts.URL+"/v1", accountToken
		wantError(t, open(t, cfg, &hubrise.Options{}, sources.Deps{}).(sources.Checker).Check(t.Context()), c.class, c.text)
		ts.Close()
	}
}
