package hubrise_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"exporter/sandbox/hubrise"
)

// connect makes a token with a scope and uses it from now on.
func (v *vendor) connect(t hubrise.Token) hubrise.Token {
	v.t.Helper()
	t.DeviceID = t.Scope + t.Location // a token of its own
	got, err := v.Login(t)
	if err != nil {
		v.t.Fatal(err)
	}
	v.token = got.Token
	return got
}

// Short forms are for the level of the token, long ones for what it was granted for.
func TestLevels(t *testing.T) {
	paths := map[string]string{ // to the levels that may ask
		"/v1/account": "account", "/v1/accounts": "account", "/v1/accounts/3r4s3": "account", "/v1/locations": "account",
		"/v1/account/orders": "account", "/v1/accounts/3r4s3/orders": "account", "/v1/account/customer_lists": "account", "/v1/account/catalogs": "account",
		"/v1/location": "location", "/v1/location/orders": "location", "/v1/location/customer_lists": "location", "/v1/location/catalogs": "location",
		"/v1/locations/3r4s3-1": "both", "/v1/locations/3r4s3-1/orders": "both", "/v1/locations/3r4s3-1/catalogs": "both", "/v1/locations/3r4s3-1/customer_lists": "both",
		"/v1/locations/3r4s3-2": "account", "/v1/locations/3r4s3-2/orders": "account", "/v1/locations/3R4S3-1": "none",
		"/v1/locations/ab4k2-1/orders": "none", "/v1/accounts/ab4k2": "none", "/v1/accounts/ab4k2/orders": "none",
	}
	for _, status := range []int{0, 403} {
		v := newVendor(t, answers(hubrise.Answers{Level: status, Foreign: status}))
		for level, token := range map[string]string{"account": "account-token", "location": "location-token"} {
			v.token = token
			for path, who := range paths {
				want := http.StatusOK
				if who != level && who != "both" {
					want = max(status, http.StatusNotFound*(1-min(status, 1)))
				}
				if w := v.get(path, "count", "1"); w.Code != want {
					t.Errorf("%s with a token of level %s: %d %.100s, want %d", path, level, w.Code, w.Body, want)
				}
			}
		}
	}
	v := newVendor(t, answers(hubrise.Answers{}))
	expect(t, "the other level", v.get("/v1/location"), 404, `{"error_type":"routing_error"}`)
	expect(t, "no endpoint", v.get("/v1/account/orders/1/2/3"), 404, `{"error_type":"routing_error"}`)
	r := httptest.NewRequest(http.MethodPost, "/v1/account", http.NoBody)
	r.Header.Set("X-Access-Token", v.token)
	expect(t, "writing", v.do(r), 404, `routing_error`)
	r.Header.Set("X-Http-Method-Override", "get")
	expect(t, "a verb in a header", v.do(r), 200, `"id":"3r4s3"`)
}

// Every resource needs its scope; those for one list or catalog show that one.
func TestScopes(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	lists, catalogs := v.all("/v1/locations/3r4s3-1/customer_lists"), v.all("/v1/locations/3r4s3-1/catalogs")
	id := func(row map[string]any) string { return row["id"].(string) }
	one, other := id(lists[0]), id(lists[1])
	menu, web := id(catalogs[0]), id(catalogs[1])
	if len(lists) != 2 || len(catalogs) != 2 {
		t.Fatalf("%d lists, %d catalogs", len(lists), len(catalogs))
	}
	for _, test := range []struct {
		scope, path string
		status      int
	}{
		{"location[]", "/v1/location", 200},
		{"location[]", "/v1/location/orders", 403},
		{"location[orders.write]", "/v1/location/orders", 200},
		{"location[orders.read]", "/v1/location/customer_lists", 403},
		{"location[orders.read]", "/v1/customer_lists/" + one + "/customers", 403},
		{"location[orders.read]", "/v1/catalogs/" + menu, 403},
		{"location[orders.read]", "/v1/location/catalogs", 403},
		{"location[customer_list.read]", "/v1/customer_lists/" + one + "/customers", 200},
		{"location[customer_list.read]", "/v1/customer_lists/" + other + "/customers", 404},
		{"location[all_customer_lists.read]", "/v1/customer_lists/" + other + "/customers", 200},
		{"location[catalog.read]", "/v1/catalogs/" + menu, 200},
		{"location[catalog.read]", "/v1/catalogs/" + web, 404},
		{"location[all_catalogs.read]", "/v1/catalogs/" + web, 200},
		{"location[catalog.read]", "/v1/catalogs/" + menu + "/location/inventory", 200}, // deprecated, and works
		{"account[catalog.read]", "/v1/catalogs/" + menu + "/locations/3r4s3-1/inventory", 403},
		{"account[inventory.read]", "/v1/catalogs/" + menu + "/locations/3r4s3-2/inventory", 200},
		{"account[inventory.read]", "/v1/catalogs/" + web + "/locations/3r4s3-2/inventory", 404},
		{"account[]", "/v1/user", 403},
		{"account[],profile", "/v1/user", 200},
	} {
		v.connect(hubrise.Token{Scope: test.scope})
		if w := v.get(test.path); w.Code != test.status {
			t.Errorf("%s with %s: %d %.200s, want %d", test.path, test.scope, w.Code, w.Body, test.status)
		}
	}
	v.connect(hubrise.Token{Scope: "location[]"})
	expect(t, "message", v.get("/v1/location/orders"), 403, `"error_type":"forbidden","message":"A 'orders' read scope is required"`)
	v.connect(hubrise.Token{Scope: "account[],profile"})
	if _, there := v.one("/v1/user")["email"]; there {
		t.Error("an e-mail without its scope")
	}
	v.connect(hubrise.Token{Scope: "profile_with_email", DeviceID: "mail"})
	if v.one("/v1/user")["email"] == nil {
		t.Error("no e-mail with its scope")
	}
	v.connect(hubrise.Token{Scope: "location[all_customer_lists.read,all_catalogs.read]", Location: "3r4s3-2"})
	if got := ids(v.all("/v1/location/customer_lists")); !slices.Equal(got, []string{one}) {
		t.Errorf("lists at another location: %v", got)
	}
	expect(t, "catalog of another location", v.get("/v1/catalogs/"+web), 404, "not_found")
	own := newVendor(t, answers(hubrise.Answers{Scope: 401}))
	own.connect(hubrise.Token{Scope: "account[]"})
	expect(t, "own status", own.get("/v1/account/orders"), 401, "scope is required")
}

func TestCustomerFilters(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	path := "/v1/customer_lists/" + v.all("/v1/account/customer_lists")[0]["id"].(string) + "/customers"
	all := v.all(path)
	if n, err := v.Count("customers", hubrise.Query{Lists: []string{all[0]["customer_list_id"].(string)}}); err != nil || n != len(all) || n != 300 {
		t.Errorf("%d customers, truth %d: %v", len(all), n, err)
	}
	ref := ""
	for _, c := range all {
		if text, ok := c["private_ref"].(string); ok {
			ref = text
		}
	}
	for _, test := range []struct {
		pairs []string
		want  int
	}{
		{[]string{"email", "customer17@dummy-mail.org"}, 1},
		{[]string{"email", "customer17*"}, 11},
		{[]string{"email", "*.org"}, 300},
		{[]string{"phone", "+33610000017"}, 1},
		{[]string{"phone", "*00017"}, 1},
		{[]string{"phone", "17"}, 0},
		{[]string{"email", "[c]*"}, 0},
		{[]string{"private_ref", ref}, 1},
		{[]string{"private_ref", "x"}, 0},
	} {
		if got := v.all(path, test.pairs...); len(got) != test.want {
			t.Errorf("%v: %d customers, want %d", test.pairs, len(got), test.want)
		}
	}
	one := path + "/" + all[5]["id"].(string)
	if got := v.one(one); got["email"] != all[5]["email"] {
		t.Errorf("%s: %v, in the index %v", one, got, all[5])
	}
	expect(t, "unknown customer", v.get(path+"/zzzzz"), 404, "not_found")
	for _, order := range []hubrise.RowOrder{hubrise.RowsDescending, hubrise.RowsMixed} {
		got := ids(newVendor(t, answers(hubrise.Answers{Rows: order})).all(path, "count", "33"))
		want := ids(all)
		if slices.Equal(got, want) {
			t.Errorf("%s: in ascending order", order)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: other customers", order)
		}
	}
}

// Cards and their operations add up.
func TestLoyalty(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	list := "/v1/customer_lists/" + v.all("/v1/account/customer_lists")[0]["id"].(string)
	cards := v.all(list+"/loyalty_cards", "count", "50")
	if n, err := v.Count("loyalty_cards", hubrise.Query{}); err != nil || n <= len(cards) { // the truth has those of both lists
		t.Errorf("%d cards, truth %d: %v", len(cards), n, err)
	}
	named := v.all(list+"/loyalty_cards", "ref", "LOY")
	if len(named) == 0 || len(named) >= len(cards) {
		t.Errorf("%d of %d cards are named LOY", len(named), len(cards))
	}
	card := named[0]
	if got := v.all(list+"/loyalty_cards", "customer_id", card["customer_id"].(string), "name", "Come back!"); len(got) != 1 || got[0]["id"] != card["id"] {
		t.Errorf("cards of a customer: %v", got)
	}
	path := list + "/loyalty_cards/" + card["id"].(string)
	if got := v.one(path); got["balance"] != card["balance"] {
		t.Errorf("%s: %v", path, got)
	}
	expect(t, "unknown card", v.get(list+"/loyalty_cards/x"), 404, "not_found")
	seen := 0
	for _, card := range cards[:30] {
		ops := v.all(list + "/loyalty_cards/" + card["id"].(string) + "/operations")
		for i, op := range ops {
			seen++
			if i == 0 && op["new_balance"] != card["balance"] || i > 0 && !created(t, op).Before(created(t, ops[i-1])) {
				t.Errorf("operation %d of card %v: %v", i, card, op)
			}
		}
	}
	if seen == 0 {
		t.Error("no operations")
	}
}

func TestCatalogParts(t *testing.T) {
	v := newVendor(t, answers(hubrise.Answers{}))
	path := "/v1/catalogs/" + v.all("/v1/account/catalogs")[0]["id"].(string)
	data := v.one(path)["data"].(map[string]any)
	for _, name := range []string{"categories", "products", "option_lists", "deals", "discounts", "charges"} {
		key := name
		if name == "option_lists" {
			key = "options_lists"
		}
		whole, parts := data[key].([]any), v.all(path+"/"+name, "count", "2")
		if len(whole) != len(parts) || len(parts) == 0 {
			t.Errorf("%s: %d in the catalog, %d in the index", name, len(whole), len(parts))
			continue
		}
		for i, p := range parts {
			if one := v.one(path + "/" + name + "/" + p["id"].(string)); one["id"] != whole[i].(map[string]any)["id"] || one["ref"] != p["ref"] {
				t.Errorf("%s %d: %v, in the catalog %v", name, i, one, whole[i])
			}
		}
		expect(t, "unknown "+name, v.get(path+"/"+name+"/x"), 404, "not_found")
	}
	product := data["products"].([]any)[2].(map[string]any)
	skus := v.all(path + "/products/" + product["id"].(string) + "/skus")
	if want := product["skus"].([]any); len(skus) != len(want) || skus[0]["product_id"] != product["id"] {
		t.Errorf("SKUs of a product: %v, in the catalog %v", skus, want)
	}
	refs := map[any]bool{}
	for _, s := range v.rows("catalog_skus", hubrise.Query{Catalogs: []string{menuID(v)}}) {
		if refs[s["ref"]] {
			t.Errorf("ref %v is there twice", s["ref"])
		}
		refs[s["ref"]] = true
	}
	if len(refs) < 30 {
		t.Errorf("%d SKUs", len(refs))
	}
	expect(t, "callback", v.get("/v1/callback"), 200, `{"url":null,"events":{}}`)
}

// menuID is the id of the account's catalog.
func menuID(v *vendor) string { return v.all("/v1/account/catalogs")[0]["id"].(string) }
