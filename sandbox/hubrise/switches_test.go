package hubrise_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"

	"github.com/google/go-cmp/cmp"
)

func answers(a hubrise.Answers) hubrise.Config { return hubrise.Config{Data: small(), Answers: a} }

const ordersPath = "/v1/account/orders"

// Whatever the pages look like, all of them together are the truth.
func TestPages(t *testing.T) {
	window := []string{"after", "2026-10-24T00:00:00Z", "before", "2026-10-25T00:00:00Z", "count", "10"}
	truth := ids(newVendor(t, hubrise.Config{Data: small()}).rows("orders", hubrise.Query{After: window[1], Before: window[3]}))
	if len(truth) < 90 {
		t.Fatalf("%d orders", len(truth))
	}
	for name, test := range map[string]struct {
		answers hubrise.Answers
		look    func(t *testing.T, pages [][]map[string]any, all []string)
	}{
		"ascending": {hubrise.Answers{}, func(t *testing.T, pages [][]map[string]any, all []string) {
			if !slices.Equal(all, truth) || len(pages) != (len(truth)+9)/10 {
				t.Errorf("%d pages, rows as the truth: %t", len(pages), slices.Equal(all, truth))
			}
		}},
		"descending": {hubrise.Answers{Rows: hubrise.RowsDescending}, func(t *testing.T, _ [][]map[string]any, all []string) {
			if slices.Reverse(all); !slices.Equal(all, truth) {
				t.Error("not the truth backwards")
			}
		}},
		"descending by offset": {hubrise.Answers{Rows: hubrise.RowsDescending, Cursors: hubrise.CursorsOffset}, func(t *testing.T, _ [][]map[string]any, all []string) {
			if slices.Reverse(all); !slices.Equal(all, truth) {
				t.Error("not the truth backwards")
			}
		}},
		"mixed": {hubrise.Answers{Rows: hubrise.RowsMixed}, func(t *testing.T, _ [][]map[string]any, all []string) {
			if slices.Equal(all, truth) {
				t.Error("sorted by created_at")
			}
		}},
		"offset": {hubrise.Answers{Cursors: hubrise.CursorsOffset}, nil},
		"empty pages between": {hubrise.Answers{EmptyPages: hubrise.EmptyBetween}, func(t *testing.T, pages [][]map[string]any, _ []string) {
			if len(pages[1]) != 0 || len(pages[2]) != 10 {
				t.Errorf("pages of %d, %d and %d rows", len(pages[0]), len(pages[1]), len(pages[2]))
			}
		}},
		"no more": {hubrise.Answers{NoMore: hubrise.NoMoreEmpty}, nil},
		"duplicates": {hubrise.Answers{Duplicates: true}, func(t *testing.T, pages [][]map[string]any, all []string) {
			if cmp.Diff(pages[0][9], pages[1][0]) != "" || len(all) <= len(truth) {
				t.Error("no row is there twice")
			}
		}},
		"duplicates by offset": {hubrise.Answers{Duplicates: true, Cursors: hubrise.CursorsOffset}, func(t *testing.T, pages [][]map[string]any, _ []string) {
			if cmp.Diff(pages[0][9], pages[1][0]) != "" {
				t.Error("no row is there twice")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, answers(test.answers))
			pages := v.pages(ordersPath, window...)
			var all []string
			for _, page := range pages {
				all = append(all, ids(page)...)
			}
			if test.look != nil {
				test.look(t, pages, slices.Clone(all))
			}
			want := slices.Clone(truth)
			slices.Sort(all)
			slices.Sort(want)
			if got := slices.Compact(all); !slices.Equal(got, want) {
				t.Errorf("%d different rows, want %d", len(got), len(want))
			}
		})
	}
}

func TestLastPage(t *testing.T) {
	v := newVendor(t, answers(hubrise.Answers{EmptyPages: hubrise.EmptyLast}))
	if pages := v.pages("/v1/locations", "count", "3"); len(pages) != 2 || len(pages[1]) != 0 {
		t.Errorf("%d pages: %v", len(pages), pages)
	}
	if pages := v.pages("/v1/locations", "count", "2"); len(pages) != 2 || len(pages[1]) != 1 {
		t.Errorf("%d pages: %v", len(pages), pages)
	}
	w := newVendor(t, answers(hubrise.Answers{NoMore: hubrise.NoMoreEmpty})).get("/v1/locations")
	if values, there := w.Header()["X-Cursor-Next"]; !there || values[0] != "" {
		t.Errorf("header %q", values)
	}
	w = newVendor(t, answers(hubrise.Answers{})).get("/v1/locations")
	if values, there := w.Header()["X-Cursor-Next"]; there {
		t.Errorf("header %q", values)
	}
}

func TestCursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, answers(hubrise.Answers{CursorSeconds: 60}))
		cursor := v.get(ordersPath, "count", "1").Header().Get("X-Cursor-Next")
		expect(t, "fresh", v.get(ordersPath, "cursor", cursor), 200, "id")
		for name, bad := range map[string]string{"another": "abc", "cut": cursor[:len(cursor)-2], "no base64": "%%", "changed": "A" + cursor[1:]} {
			expect(t, name, v.get(ordersPath, "cursor", bad), 422, `"field":"cursor"`)
		}
		expect(t, "of another index", v.get("/v1/locations/3r4s3-1/orders", "cursor", cursor), 422, "not a valid cursor")
		// What the cursor does not remember is asked for again.
		in := []string{"after", "2026-10-24T00:00:00Z", "before", "2026-10-24T04:00:00Z"}
		next := v.get(ordersPath, append(in, "count", "1")...).Header().Get("X-Cursor-Next")
		kept := parse[[]any](t, v.get(ordersPath, append(in, "cursor", next)...).Body.String())
		dropped := parse[[]any](t, v.get(ordersPath, "cursor", next).Body.String())
		if len(kept) >= len(dropped) {
			t.Errorf("%d rows with the window beside the cursor, %d without", len(kept), len(dropped))
		}
		time.Sleep(time.Minute)
		expect(t, "old", v.get(ordersPath, "cursor", cursor), 422, "expired")
	})
	v := newVendor(t, answers(hubrise.Answers{BadCursor: 400}))
	expect(t, "own status", v.get(ordersPath, "cursor", "x"), 400, "cursor")
	if err := v.faults.Add(faults.Rule{Kind: faults.Envelope, Status: 422, Body: "cursor refused", Operation: "orders", Query: "cursor=", Times: 1}); err != nil {
		t.Fatal(err)
	}
	cursor := v.get(ordersPath, "count", "1").Header().Get("X-Cursor-Next")
	expect(t, "refused once", v.get(ordersPath, "cursor", cursor), 422, "cursor refused")
	expect(t, "taken again", v.get(ordersPath, "cursor", cursor), 200, "id")
}

func TestCount(t *testing.T) {
	v := newVendor(t, answers(hubrise.Answers{}))
	for count, want := range map[string]int{"": 100, "7": 7, "0": 1, "-3": 1, "1000": 100} {
		if got := len(parse[[]any](t, v.get(ordersPath, "count", count).Body.String())); got != want {
			t.Errorf("count %q: %d rows, want %d", count, got, want)
		}
	}
	expect(t, "no number", v.get(ordersPath, "count", "many"), 422, `"field":"count"`)
	v = newVendor(t, answers(hubrise.Answers{Count: hubrise.CountRefused}))
	expect(t, "refused", v.get(ordersPath, "count", "101"), 422, `"field":"count"`)
	expect(t, "taken", v.get(ordersPath, "count", "100"), 200, "id")
}

func TestStatuses(t *testing.T) {
	count := func(a hubrise.Answers, pairs ...string) int {
		return len(newVendor(t, answers(a)).all(ordersPath, pairs...))
	}
	completed, cancelled := count(hubrise.Answers{}, "status", "completed"), count(hubrise.Answers{}, "status", "cancelled")
	if completed < 300 || cancelled < 10 {
		t.Fatalf("%d completed, %d cancelled", completed, cancelled)
	}
	for name, test := range map[string]struct {
		mode  hubrise.Statuses
		pairs []string
		want  int
	}{
		"exact, joined":   {hubrise.StatusesExact, []string{"status", "completed,cancelled"}, 0},
		"exact, repeated": {hubrise.StatusesExact, []string{"status", "completed", "status", "cancelled"}, cancelled},
		"many, joined":    {hubrise.StatusesMany, []string{"status", "completed,cancelled"}, completed + cancelled},
		"many, repeated":  {hubrise.StatusesMany, []string{"status", "completed", "status", "cancelled"}, completed + cancelled},
	} {
		if got := count(hubrise.Answers{Statuses: test.mode}, test.pairs...); got != test.want {
			t.Errorf("%s: %d orders, want %d", name, got, test.want)
		}
	}
	refused := newVendor(t, answers(hubrise.Answers{Statuses: hubrise.StatusesRefused}))
	expect(t, "refused", refused.get(ordersPath, "status", "new,completed"), 422, `"field":"status"`)
	expect(t, "one is fine", refused.get(ordersPath, "status", "new"), 200, "id")
}

// Documents look as the switches say; the truth does not change with them.
func TestDocuments(t *testing.T) {
	for name, test := range map[string]struct {
		answers hubrise.Answers
		path    string
		has     string // pattern
		hasNot  string
	}{
		"strings":            {hubrise.Answers{}, ordersPath, `"quantity":"2"`, `"quantity":2\.?0?,"subtotal"`},
		"numbers":            {hubrise.Answers{Decimals: hubrise.DecimalsNumbers}, ordersPath, `"quantity":1\.0,`, `"quantity":"`},
		"mixed":              {hubrise.Answers{Decimals: hubrise.DecimalsMixed}, ordersPath, `"quantity":1\.0,"subtotal".*"quantity":"1\.0"|"quantity":"1\.0".*"quantity":1\.0,"subtotal"`, `x_unheard`},
		"extra keys":         {hubrise.Answers{ExtraKeys: true}, ordersPath, `"x_unheard_of":\{`, `"deals":\{[^}]*\},"x_unheard_of"`},
		"new fields":         {hubrise.Answers{}, ordersPath, `"channel":".*"asap":.*"expected_time_pickup":.*"connection_name":.*"removed":true`, `x_unheard`},
		"old fields":         {hubrise.Answers{Fields: hubrise.FieldsOld}, ordersPath, `"status"`, `"channel"|"asap"|"removed"`},
		"delivery null":      {hubrise.Answers{}, ordersPath, `"delivery":null`, `x_unheard`},
		"delivery absent":    {hubrise.Answers{NoDelivery: hubrise.NoDeliveryAbsent}, ordersPath, `"delivery":\{`, `"delivery":null`},
		"options_lists":      {hubrise.Answers{}, "catalog", `"options_lists":\[\{`, `"option_lists":`},
		"option_lists":       {hubrise.Answers{OptionLists: hubrise.OptionListsPlain}, "catalog", `"option_lists":\[\{`, `"options_lists"`},
		"links both":         {hubrise.Answers{}, "catalog", `"category_id".*"category_ref".*"option_list_ids".*"option_list_refs"`, `x_unheard`},
		"links ids":          {hubrise.Answers{Links: hubrise.LinksIDs}, "catalog", `"category_id".*"option_list_ids"`, `"category_ref"|"option_list_refs"`},
		"links refs":         {hubrise.Answers{Links: hubrise.LinksRefs}, "catalog", `"category_ref".*"option_list_refs"`, `"category_id"|"option_list_ids"|"parent_id"`},
		"header of catalog":  {hubrise.Answers{}, "catalog?hide_data=true", `"account_id":"3r4s3"`, `"data"`},
		"acceptance":         {hubrise.Answers{}, "/v1/locations", `"mode":"normal"`, `"online"`},
		"acceptance online":  {hubrise.Answers{Acceptance: hubrise.AcceptanceOnline}, "/v1/locations", `"mode":"online"`, `"normal"`},
		"guests":             {hubrise.Answers{}, ordersPath, `"customer":\{"id":null,"customer_list_id":null`, `x_unheard`},
		"items outside deal": {hubrise.Answers{}, ordersPath, `"deleted":false\}`, `"deal_line":null`},
	} {
		v := newVendor(t, answers(test.answers))
		path, query, _ := strings.Cut(test.path, "?")
		if path == "catalog" {
			path = "/v1/catalogs/" + v.all("/v1/account/catalogs")[0]["id"].(string)
		}
		pairs := []string{"status", "completed"}
		if query != "" {
			pairs = strings.Split(query, "=")
		}
		body := v.get(path, pairs...).Body.String()
		if !regexp.MustCompile(test.has).MatchString(body) || regexp.MustCompile(test.hasNot).MatchString(body) {
			t.Errorf("%s: want %s and not %s in %.2000s", name, test.has, test.hasNot, body)
		}
		parse[any](t, body)
	}
	plain := newVendor(t, answers(hubrise.Answers{})).rows("order_items", hubrise.Query{})
	odd := newVendor(t, answers(hubrise.Answers{Decimals: hubrise.DecimalsMixed, ExtraKeys: true, Rows: hubrise.RowsMixed})).rows("order_items", hubrise.Query{})
	if diff := cmp.Diff(plain, odd); diff != "" || len(plain) < 1000 {
		t.Errorf("truth of %d items changes with the answers:\n%s", len(plain), diff)
	}
}

func TestOddData(t *testing.T) {
	for name, test := range map[string]struct {
		odd hubrise.Odd
		has string // pattern
	}{
		"no id":          {hubrise.Odd{NoID: 3}, `[[,]\{"location_id"`},
		"no currency":    {hubrise.Odd{NoCurrency: 3}, `"total":"\d+\.\d\d"`},
		"number":         {hubrise.Odd{NumberTotal: 3}, `"total":\d+\.\d\d,`},
		"null total":     {hubrise.Odd{NullTotal: 3}, `"total":null`},
		"null elements":  {hubrise.Odd{NullElements: 3}, `"items":null,"deals":null,"discounts":null,"charges":null,"payments":null`},
		"other currency": {hubrise.Odd{OtherCurrency: 3}, `"total":"\d+\.\d\d CHF"`},
		"no customer":    {hubrise.Odd{NoCustomer: 3}, `"customer":null`},
		"nul":            {hubrise.Odd{NUL: 3}, `"customer_notes":"before\\u0000after"`},
		"loose":          {hubrise.Odd{Loose: 3}, `"name":"[^"]*","ref":[^,]*,"removed".*"ref":2222,.*"tax_rate":4,`},
		"loose quantity": {hubrise.Odd{Loose: 1}, `"quantity":"2","removed"`},
		"dirty":          {hubrise.Odd{Dirty: 2}, `"email":"customer@email.hidden".*"phone":"0131 000.*"address_2":""`},
		"dirty notes":    {hubrise.Odd{Dirty: 2}, `"customer_notes":"(two\\nlines|emoji|back\\\\slash| blanks )`},
	} {
		data := small()
		data.Odd = test.odd
		v := newVendor(t, hubrise.Config{Data: data})
		var body strings.Builder
		next := []string{}
		for range 4 {
			w := v.get(ordersPath, next...)
			body.WriteString(w.Body.String())
			next = []string{"cursor", w.Header().Get("X-Cursor-Next")}
		}
		if !regexp.MustCompile(test.has).MatchString(body.String()) {
			t.Errorf("%s: no %s in %.1500s", name, test.has, body.String())
		}
		regular := newVendor(t, hubrise.Config{Data: small()}).get(ordersPath).Body.String()
		if regexp.MustCompile(test.has).MatchString(regular) {
			t.Errorf("%s: %s is there without the switch", name, test.has)
		}
	}
}

func TestCredentials(t *testing.T) {
	v := newVendor(t, answers(hubrise.Answers{}))
	ask := func(v *vendor, header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/v1/account", http.NoBody)
		r.Header.Set(header, value)
		return v.do(r)
	}
	expect(t, "bearer alone", ask(v, "Authorization", "Bearer account-token"), 401, `"error_type":"unauthorized"`)
	expect(t, "nothing", ask(v, "X", ""), 401, `"error_type":"unauthorized"`)
	expect(t, "unknown", ask(v, "X-Access-Token", "x"), 401, `Invalid access token`)
	taken := newVendor(t, answers(hubrise.Answers{Bearer: hubrise.BearerTaken}))
	expect(t, "bearer taken", ask(taken, "Authorization", "Bearer account-token"), 200, `"id":"3r4s3"`)
	for health, message := range map[hubrise.Health]string{hubrise.Revoked: "revoked", hubrise.Blocked: "The connection has been blocked", hubrise.Unpaid: "not paid"} {
		if err := v.SetHealth("account-token", health); err != nil {
			t.Fatal(err)
		}
		expect(t, string(health), v.get("/v1/account"), 401, message)
	}
	if err := v.SetHealth("account-token", hubrise.Alive); err != nil {
		t.Fatal(err)
	}
	expect(t, "alive again", v.get("/v1/account"), 200, "Bella Pizza")
	if v.SetHealth("account-token", "ill") == nil || v.SetHealth("x", hubrise.Alive) == nil {
		t.Error("an unknown health or token is accepted")
	}
}

func TestErrorBodies(t *testing.T) {
	for body, want := range map[hubrise.APIErrorBody]string{
		hubrise.APIErrorsJSON: `{"error_type":"not_found","message":"No such account: x"}`, hubrise.APIErrorsBare: `{"error_type":"not_found"}`,
		hubrise.APIErrorsText: `No such account: x`, hubrise.APIErrorsEmpty: ``,
	} {
		w := newVendor(t, answers(hubrise.Answers{Error: body})).get("/v1/accounts/x")
		if w.Code != 404 || w.Body.String() != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/v1/account", http.NoBody)
	r.Header.Set("X-Access-Token", "account-token")
	r.Header.Set("Accept-Encoding", "gzip")
	if w := newVendor(t, answers(hubrise.Answers{})).do(r); w.Header().Get("Content-Encoding") != "gzip" {
		t.Error("not packed")
	}
	if w := newVendor(t, answers(hubrise.Answers{Gzip: hubrise.GzipOff})).do(r); w.Header().Get("Content-Encoding") != "" {
		t.Error("packed")
	}
}
