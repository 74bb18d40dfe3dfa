package hubrise_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/hubrise"
)

// samples is the folder of published vendor documents, which are not ours to
// ship; without it there is nothing to compare with and the list of cases is empty.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

// kinds notes the JSON kinds of every member of a document, by path: "items[].price": {"string"}.
func kinds(into map[string]map[string]bool, path string, v any) {
	note := func(kind string) {
		if into[path] == nil {
			into[path] = map[string]bool{}
		}
		into[path][kind] = true
	}
	switch v := v.(type) {
	case map[string]any:
		note("object")
		for key, member := range v {
			if strings.HasSuffix(path, "deals") && key == "0" {
				key = "<key>"
			}
			kinds(into, strings.TrimPrefix(path+"."+key, "."), member)
		}
	case []any:
		note("list")
		for _, one := range v {
			kinds(into, path+"[]", one)
		}
	case nil:
		note("null")
	default:
		note(strings.TrimPrefix(fmt.Sprintf("%T", v), "json."))
	}
}

func kindsOf(docs ...any) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, doc := range docs {
		kinds(out, "", doc)
	}
	return out
}

func asAny[T any](all []T) []any {
	var out []any
	for _, one := range all {
		out = append(out, one)
	}
	return out
}

// free are members whose content is free, or depends on what an account fills in.
var free = []string{"custom_fields.", "info.", "restrictions.", "opening_hours.", "events."}

// rendered returns documents of the kind a sample is of, as the server writes them.
func rendered(v *vendor) map[string][]any {
	list := v.all("/v1/account/customer_lists")[0]["id"].(string)
	catalog := "/v1/catalogs/" + v.all("/v1/account/catalogs")[0]["id"].(string)
	part := func(name string) []any { return asAny(v.all(catalog + "/" + name)) }
	orders := v.all("/v1/account/orders")
	var deliveries, operations, skus, options []any
	for _, o := range orders[:200] {
		path := "/v1/locations/" + o["location_id"].(string) + "/orders/" + o["id"].(string) + "/delivery"
		if w := v.get(path); w.Code == 200 {
			deliveries = append(deliveries, parse[any](v.t, w.Body.String()))
		}
	}
	for _, card := range v.all("/v1/customer_lists/" + list + "/loyalty_cards")[:40] {
		operations = append(operations, asAny(v.all("/v1/customer_lists/"+list+"/loyalty_cards/"+card["id"].(string)+"/operations"))...)
	}
	for _, p := range v.all(catalog + "/products") {
		skus = append(skus, asAny(v.all(catalog+"/products/"+p["id"].(string)+"/skus"))...)
	}
	for _, l := range v.all(catalog + "/option_lists") {
		options = append(options, asAny(v.all(catalog+"/option_lists/"+l["id"].(string)+"/options"))...)
	}
	unknown := *v
	unknown.token = "x"
	v.t.Helper()
	if err := v.SetHealth("location-token", hubrise.Blocked); err != nil {
		v.t.Fatal(err)
	}
	unknown.token = "location-token"
	return map[string][]any{
		"order_retrieve":             asAny(orders),
		"customer_retrieve":          asAny(v.all("/v1/customer_lists/" + list + "/customers")),
		"customer_list_retrieve":     {v.one("/v1/customer_lists/" + list)},
		"customer_lists_list":        {asAny(v.all("/v1/account/customer_lists"))},
		"loyalty_card_retrieve":      asAny(v.all("/v1/customer_lists/" + list + "/loyalty_cards")),
		"loyalty_cards_list":         {asAny(v.all("/v1/customer_lists/" + list + "/loyalty_cards"))},
		"loyalty_operation_retrieve": operations,
		"delivery_retrieve":          deliveries,
		"account_retrieve":           {v.one("/v1/account")},
		"location_retrieve":          asAny(v.all("/v1/locations")),
		"client_fixture_location":    asAny(v.all("/v1/locations")),
		"user_retrieve":              {v.one("/v1/user")},
		"callback_retrieve_none":     {v.one("/v1/callback")},
		"catalogs_list":              {asAny(v.all("/v1/account/catalogs"))},
		"client_fixture_catalog":     {v.one(catalog), v.one("/v1/catalogs/" + v.all("/v1/locations/3r4s3-1/catalogs")[1]["id"].(string))},
		"catalog_category":           part("categories"),
		"catalog_product":            part("products"),
		"catalog_sku":                skus,
		"catalog_option":             options,
		"catalog_deal":               part("deals"),
		"catalog_discount":           part("discounts"),
		"catalog_charge":             part("charges"),
		"catalog_image":              part("images"),
		"inventory_list":             {asAny(v.all(catalog + "/locations/3r4s3-1/inventory"))},
		"error_routing":              {parse[any](v.t, v.get("/v1/nothing").Body.String())},
		"error_422_validation":       {parse[any](v.t, v.get("/v1/account/orders", "cursor", "x").Body.String())},
		"error_401_blocked":          {parse[any](v.t, unknown.get("/v1/location").Body.String())},
	}
}

// requests are samples of what a client sends, older or partial documents, and parts of the order, which is looked at as a whole.
var requests = []string{
	"bridge_", "order_c", "order_d", "order_half", "order_item", "order_l", "order_o", "order_p",
	"callback_create_request", "catalog_create_request", "catalog_deal_upload", "catalog_option_list_upload", "catalog_sku_upload",
	"customer_create_request", "callback_retrieve.json", "location_retrieve_2023",
}

// Every published answer has the shape of ours: its members are there with the same JSON kinds, and documents of the
// old edition have no others.
func TestPublishedShapes(t *testing.T) {
	if samples == "" {
		return
	}
	files, err := os.ReadDir(filepath.Join(samples, "hubrise"))
	if err != nil {
		t.Fatal(err)
	}
	v := newVendor(t, hubrise.Config{Data: small(), Answers: hubrise.Answers{Fields: hubrise.FieldsOld}})
	old := rendered(v)
	newer := rendered(newVendor(t, hubrise.Config{Data: small()}))
	code, err := v.Code(hubrise.Token{Scope: "location[orders.read,catalog.read,customer_list.read]"})
	if err != nil {
		t.Fatal(err)
	}
	w := v.post("/oauth2/v1/token", "client", "secret", "code", code)
	old["token_response"] = []any{parse[any](t, w.Body.String())}
	newer["token_response"] = old["token_response"]
	seen := 0
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".json")
		if name == file.Name() || slices.ContainsFunc(requests, func(r string) bool { return strings.HasPrefix(file.Name(), r) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(samples, "hubrise", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		ours, known := old[name]
		if strings.Contains(name, "location") {
			ours = newer[name]
		}
		if !known {
			t.Errorf("%s: nothing to compare with", name)
			continue
		}
		seen++
		compareKinds(t, name, kindsOf(parse[any](t, string(data))), kindsOf(ours...))
	}
	if seen < 25 {
		t.Errorf("%d samples", seen)
	}
}

// extra are members that other pages name and the sample of that name lacks.
var extra = map[string][]string{
	"catalog_product": {"description", "tags", "skus[].product_id", "skus[].restrictions", "skus[].price_overrides", "skus[].tags"},
	"catalog_option":  {"default"}, "catalog_deal": {"restrictions", "tags", "lines[].label", "lines[].pricing_value"},
	"order_retrieve": {"loyalty_operations[]", "items[].deal_line.", "coupon_codes[]", "customer.loyalty_cards[]"},
	"inventory_list": {"[].expires_at"}, "client_fixture_location": {"order_acceptance", "timezone"},
	"client_fixture_catalog": {"account_id", "data."}, "catalog_sku": {"price_overrides[]"},
}

func compareKinds(t *testing.T, name string, want, got map[string]map[string]bool) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if path == "timezone.offset" { // deprecated
			continue
		}
		for kind := range want[path] {
			if !got[path][kind] && !slices.ContainsFunc(free, func(f string) bool { return strings.Contains(path, f) }) {
				t.Errorf("%s: %q is published as %s, ours is %v", name, path, kind, slices.Collect(maps.Keys(got[path])))
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		known := want[path] != nil || slices.ContainsFunc(free, func(f string) bool { return strings.Contains(path, f) }) ||
			slices.ContainsFunc(extra[name], func(e string) bool { return strings.HasPrefix(path, e) })
		if !known {
			t.Errorf("%s: %q is not published", name, path)
		}
	}
}
