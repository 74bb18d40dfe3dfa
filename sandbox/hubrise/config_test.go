package hubrise_test

import (
	"net/http"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/meter"
)

func TestBadConfigurations(t *testing.T) {
	account := func(a hubrise.Account) hubrise.Config {
		return hubrise.Config{Data: hubrise.Data{Accounts: []hubrise.Account{a}}}
	}
	for name, cfg := range map[string]hubrise.Config{
		"windows":            {Limits: hubrise.Limits{Windows: []string{"often"}}},
		"heavy":              {Limits: hubrise.Limits{Heavy: []string{"10"}}},
		"heavy calls":        {Limits: hubrise.Limits{HeavyCalls: []string{"coffee"}}},
		"retry after":        {Limits: hubrise.Limits{RetryAfter: "x"}},
		"two clients":        {OAuth: hubrise.OAuth{Clients: []hubrise.Client{{}, {}}}},
		"code":               {OAuth: hubrise.OAuth{CodeSeconds: -1}},
		"status":             {OAuth: hubrise.OAuth{BadCode: 200}},
		"deny_oob":           {OAuth: hubrise.OAuth{DenyOOB: "x"}},
		"client_auth":        {OAuth: hubrise.OAuth{ClientAuth: "x"}},
		"error_body":         {OAuth: hubrise.OAuth{ErrorBody: "x"}},
		"scope of a token":   {OAuth: hubrise.OAuth{Tokens: []hubrise.Token{{Token: "t", Scope: "x"}}}},
		"place of a token":   {OAuth: hubrise.OAuth{Tokens: []hubrise.Token{{Token: "t", Location: "x"}}}},
		"catalog of a token": {OAuth: hubrise.OAuth{Tokens: []hubrise.Token{{Token: "t", Scope: "location[catalog.read]", Catalog: "x"}}}},
		"list of a token":    {OAuth: hubrise.OAuth{Tokens: []hubrise.Token{{Token: "t", Scope: "location[customer_list.read]", CustomerList: "x"}}}},
		"rows":               {Answers: hubrise.Answers{Rows: "x"}},
		"cursors":            {Answers: hubrise.Answers{Cursors: "x"}},
		"empty_pages":        {Answers: hubrise.Answers{EmptyPages: "x"}},
		"no_more":            {Answers: hubrise.Answers{NoMore: "x"}},
		"count":              {Answers: hubrise.Answers{Count: "x"}},
		"statuses":           {Answers: hubrise.Answers{Statuses: "x"}},
		"bearer":             {Answers: hubrise.Answers{Bearer: "x"}},
		"decimals":           {Answers: hubrise.Answers{Decimals: "x"}},
		"fields":             {Answers: hubrise.Answers{Fields: "x"}},
		"no_delivery":        {Answers: hubrise.Answers{NoDelivery: "x"}},
		"total":              {Answers: hubrise.Answers{Total: "x"}},
		"option_lists":       {Answers: hubrise.Answers{OptionLists: "x"}},
		"links":              {Answers: hubrise.Answers{Links: "x"}},
		"acceptance":         {Answers: hubrise.Answers{Acceptance: "x"}},
		"error":              {Answers: hubrise.Answers{Error: "x"}},
		"gzip":               {Answers: hubrise.Answers{Gzip: "x"}},
		"cursor_seconds":     {Answers: hubrise.Answers{CursorSeconds: -1}},
		"level":              {Answers: hubrise.Answers{Level: 200}},
		"first_day":          {Data: hubrise.Data{FirstDay: "x"}},
		"now":                {Data: hubrise.Data{Now: "x"}},
		"days":               {Data: hubrise.Data{Days: -1}},
		"odd":                {Data: hubrise.Data{Odd: hubrise.Odd{NUL: -1}}},
		"zone":               account(hubrise.Account{Locations: []hubrise.Location{{Zone: "Mars/Olympus"}}}),
		"orders":             account(hubrise.Account{Locations: []hubrise.Location{{Orders: 100_001}}}),
		"two locations":      account(hubrise.Account{Locations: []hubrise.Location{{ID: "a"}, {ID: "a"}}}),
		"list":               account(hubrise.Account{Lists: []hubrise.List{{Location: "x"}}}),
		"catalog":            account(hubrise.Account{Catalogs: []hubrise.Catalog{{Products: 10_001}}}),
		"fault":              {Faults: []faults.Rule{{Kind: "x"}}},
		"mutation":           {Mutations: []hubrise.Mutation{{Kind: "x"}}},
	} {
		set, err := faults.NewSet(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hubrise.New(1, cfg, meter.New(), set); err == nil {
			t.Errorf("%s: a mistake is accepted", name)
		}
	}
}

// A configuration is changed in parts; what happened before stays.
func TestUpdate(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small(), Mutations: []hubrise.Mutation{{Kind: hubrise.AddPayment, Location: "3r4s3-1", Day: "2026-10-23", Orders: 1}}})
	before := v.all(ordersPath)
	connection := v.connect(hubrise.Token{Scope: "account[orders.read]"})
	if err := v.Update([]byte(`{"answers":{"level":403},"limits":{"windows":["2/1h"]}}`)); err != nil {
		t.Fatal(err)
	}
	expect(t, "a new status", v.get("/v1/location"), 403, "level location")
	expect(t, "an older token", v.get("/v1/account"), 200, "Bella Pizza")
	expect(t, "a new limit", v.get("/v1/account"), 429, "too_many_requests")
	if err := v.Update([]byte(`{"limits":{"windows":[]}}`)); err != nil {
		t.Fatal(err)
	}
	if got := changed(before, v.all(ordersPath)); len(got) != 0 {
		t.Errorf("%d orders changed with the configuration", len(got))
	}
	if token, health, ok := v.Connection(connection.Token); !ok || health != hubrise.Alive || token.Scope != "account[orders.read]" {
		t.Errorf("connection %+v, %q", token, health)
	}
	for _, bad := range []string{`{"colour":1}`, `{"faults":[{"kind":"html"}]}`, `{"answers":{"rows":"x"}}`, `{`} {
		if v.Update([]byte(bad)) == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if v.Config().Answers.Level != http.StatusForbidden {
		t.Error("a mistake changed the configuration")
	}
	if _, err := v.Login(hubrise.Token{Client: "x"}); err == nil {
		t.Error("an unknown client can connect")
	}
}

// Accounts without locations, lists or catalogs answer with nothing.
func TestEmptyAccount(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: hubrise.Data{Days: 2, Accounts: []hubrise.Account{{Lists: []hubrise.List{}, Catalogs: []hubrise.Catalog{}}}}})
	for _, path := range []string{"/v1/locations", ordersPath, "/v1/account/customer_lists", "/v1/account/catalogs"} {
		expect(t, path, v.get(path), 200, "[]")
	}
	none := newVendor(t, hubrise.Config{Data: hubrise.Data{Days: 2, Accounts: []hubrise.Account{{
		Locations: []hubrise.Location{{Orders: -1}}, Lists: []hubrise.List{{Customers: -1}}, Catalogs: []hubrise.Catalog{{Products: -1}},
	}}}})
	expect(t, "no orders", none.get(ordersPath), 200, "[]")
	expect(t, "no customers", none.get("/v1/customer_lists/"+none.all("/v1/account/customer_lists")[0]["id"].(string)+"/customers"), 200, "[]")
	if n := len(none.rows("catalog_products", hubrise.Query{})); n != 0 {
		t.Errorf("%d products", n)
	}
}
