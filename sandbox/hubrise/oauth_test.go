package hubrise_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"

	"github.com/google/go-cmp/cmp"
)

// post sends a form with Basic authentication; a client of "" sends none.
func (v *vendor) post(path, client, secret string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		r.SetBasicAuth(client, secret)
	}
	return v.do(r)
}

func (v *vendor) code(t hubrise.Token) string {
	v.t.Helper()
	code, err := v.Code(t)
	if err != nil {
		v.t.Fatal(err)
	}
	return code
}

const consent = "/oauth2/v1/authorize"

// A person opens the page, picks, allows; the app gets the code and its state, and with the code the token.
func TestConsent(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	ask := []string{
		"client_id", "client", "redirect_uri", "http://127.0.0.1:8123/back?a=b", "scope", "location[orders.read,customer_list.read,catalog.read]",
		"state", "xyz & co", "device_id", "dev", "location_name", "prefilled",
	}
	page := v.get(consent, ask...)
	expect(t, "page", page, 200, `<select name="location">`)
	expect(t, "page", page, 200, `name="state" value="xyz &amp; co"`)
	expect(t, "page", page, 200, `<select name="customer_list">`)
	catalog := v.all("/v1/locations/3r4s3-1/catalogs")[1]["id"].(string)
	w := v.get(consent, append(ask, "location", "3r4s3-1", "catalog", catalog, "allow", "1")...)
	back, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound || back.Host != "127.0.0.1:8123" || back.Query().Get("state") != "xyz & co" || back.Query().Get("a") != "b" {
		t.Fatalf("%d %s: %v", w.Code, back, err)
	}
	code := back.Query().Get("code")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(code) {
		t.Errorf("code %q", code)
	}
	got := parse[map[string]any](t, v.post("/oauth2/v1/token", "client", "secret", "code", code).Body.String())
	if token := got["access_token"].(string); !regexp.MustCompile(`^[0-9a-f]{26}$`).MatchString(token) {
		t.Errorf("token %q", token)
	} else {
		v.token = token
	}
	delete(got, "access_token")
	want := map[string]any{
		"token_type": "Bearer", "account_id": "3r4s3", "account_name": "Bella Pizza", "location_id": "3r4s3-1", "location_name": "Paris",
		"catalog_id": catalog, "catalog_name": "Web", "customer_list_id": got["customer_list_id"], "customer_list_name": "Online customers",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("token answer (-want +got):\n%s", diff)
	}
	expect(t, "with the token", v.get("/v1/location"), 200, `"id":"3r4s3-1"`)
}

func TestConsentAnswers(t *testing.T) {
	base := []string{"client_id", "client", "redirect_uri", "http://localhost/cb", "scope", "account[orders.read,]"}
	oob := []string{"client_id", "client", "redirect_uri", "urn:ietf:wg:oauth:2.0:oob", "scope", "account[]", "response_type", "code"}
	for name, test := range map[string]struct {
		cfg    hubrise.OAuth
		pairs  []string
		status int
		part   string // of body or address
	}{
		"auto":              {hubrise.OAuth{AutoConsent: true}, base, 302, "http://localhost/cb?code="},
		"auto of a call":    {hubrise.OAuth{}, append([]string{"auto", "1"}, base...), 302, "?code="},
		"denied by switch":  {hubrise.OAuth{Deny: true, AutoConsent: true}, base, 302, "?error=access_denied"},
		"denied by person":  {hubrise.OAuth{}, append([]string{"deny", "1", "state", "s"}, base...), 302, "?error=access_denied&state=s"},
		"oob":               {hubrise.OAuth{AutoConsent: true}, oob, 200, "<code>"},
		"oob denied":        {hubrise.OAuth{Deny: true}, oob, 200, "access_denied"},
		"oob denied, quiet": {hubrise.OAuth{Deny: true, DenyOOB: hubrise.DenySilent}, oob, 200, "<p></p>"},
		"accounts to pick":  {hubrise.OAuth{}, base, 200, `<option value="ab4k2">Harbour Grill`},
		"profile only":      {hubrise.OAuth{AutoConsent: true}, []string{"client_id", "client", "redirect_uri", "http://h/", "scope", "profile"}, 302, "code="},
		"unknown client":    {hubrise.OAuth{}, []string{"client_id", "x", "redirect_uri", "http://h/", "scope", "account[]"}, 400, "client_id"},
		"no redirect":       {hubrise.OAuth{}, []string{"client_id", "client", "scope", "account[]"}, 400, "redirect_uri"},
		"no scope":          {hubrise.OAuth{}, []string{"client_id", "client", "redirect_uri", "http://h/"}, 400, "scope"},
		"bad scope":         {hubrise.OAuth{}, []string{"client_id", "client", "redirect_uri", "http://h/", "scope", "account[coffee.read]"}, 400, "coffee.read"},
		"bad right":         {hubrise.OAuth{}, []string{"client_id", "client", "redirect_uri", "http://h/", "scope", "account[orders.drop]"}, 400, "orders.drop"},
		"unclosed scope":    {hubrise.OAuth{}, []string{"client_id", "client", "redirect_uri", "http://h/", "scope", "account[orders.read"}, 400, "scope"},
		"unknown location":  {hubrise.OAuth{}, []string{"client_id", "client", "redirect_uri", "http://h/", "scope", "location[]", "location", "x"}, 400, "no location"},
	} {
		v := newVendor(t, hubrise.Config{OAuth: test.cfg, Data: small()})
		w := v.get(consent, test.pairs...)
		if all := w.Header().Get("Location") + w.Body.String(); w.Code != test.status || !strings.Contains(all, test.part) {
			t.Errorf("%s: %d %.300s, want %d %s", name, w.Code, all, test.status, test.part)
		}
	}
}

func TestTokenRefusals(t *testing.T) {
	wish := hubrise.Token{Scope: "account[orders.read]"}
	two := []hubrise.Client{{}, {ID: "other", Secret: "s2"}}
	for name, test := range map[string]struct {
		cfg    hubrise.OAuth
		ask    func(v *vendor, code string) *httptest.ResponseRecorder
		status int
		part   string
	}{
		"used": {hubrise.OAuth{}, func(v *vendor, code string) *httptest.ResponseRecorder {
			expect(v.t, "first use", v.post("/oauth2/v1/token", "client", "secret", "code", code), 200, "access_token")
			return v.post("/oauth2/v1/token", "client", "secret", "code", code)
		}, 400, `"error_type":"unprocessable_entity","message":"The code has already been used"`},
		"unknown": {hubrise.OAuth{BadCode: 404}, func(v *vendor, _ string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "client", "secret", "code", "x")
		}, 404, `"error_type":"not_found"`},
		"somebody else's": {hubrise.OAuth{Clients: two}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "other", "s2", "code", code)
		}, 400, "Invalid code"},
		"wrong secret": {hubrise.OAuth{ErrorBody: hubrise.ErrorsOAuth}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "client", "x", "code", code)
		}, 401, `"error":"invalid_client"`},
		"wrong secret, own status": {hubrise.OAuth{BadClient: 403, ErrorBody: hubrise.ErrorsText}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "client", "x", "code", code)
		}, 403, `Invalid client credentials`},
		"body only": {hubrise.OAuth{ClientAuth: hubrise.AuthBody, ErrorBody: hubrise.ErrorsEmpty}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "client", "secret", "code", code)
		}, 401, ``},
		"basic only": {hubrise.OAuth{ClientAuth: hubrise.AuthBasic}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.post("/oauth2/v1/token", "", "", "code", code, "client_id", "client", "client_secret", "secret")
		}, 401, ``},
		"GET": {hubrise.OAuth{}, func(v *vendor, code string) *httptest.ResponseRecorder {
			return v.get("/oauth2/v1/token", "code", code, "client_id", "client", "client_secret", "secret")
		}, 404, `routing_error`},
		"a fault": {hubrise.OAuth{}, func(v *vendor, code string) *httptest.ResponseRecorder {
			if err := v.faults.Add(faults.Rule{Kind: faults.Envelope, Status: 503, Body: "later", Operation: "oauth2/token"}); err != nil {
				v.t.Fatal(err)
			}
			return v.post("/oauth2/v1/token", "client", "secret", "code", code)
		}, 503, `later`},
	} {
		v := newVendor(t, hubrise.Config{OAuth: test.cfg, Data: small()})
		expect(t, name, test.ask(v, v.code(wish)), test.status, test.part)
	}
}

// All forms of authentication and of bodies that clients were seen to send.
func TestTokenForms(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small(), OAuth: hubrise.OAuth{Response: hubrise.TokenAnswer{NoTokenType: true, IDs: true, Nulls: true}}})
	code := func() string { return v.code(hubrise.Token{Scope: "account[]"}) }
	extra := v.post("/oauth2/v1/token", "client", "secret", "code", code(), "grant_type", "authorization_code", "redirect_uri", "http://x/")
	expect(t, "extra members", extra, 200, `"location_id":null,`)
	expect(t, "ids", extra, 200, `"user_id":"v6ap7"`)
	if strings.Contains(extra.Body.String(), "token_type") {
		t.Errorf("token_type: %s", extra.Body)
	}
	expect(t, "in the body", v.post("/oauth2/v1/token", "", "", "code", code(), "client_id", "client", "client_secret", "secret"), 200, "access_token")
	query := url.Values{"code": {code()}, "client_id": {"client"}, "client_secret": {"secret"}}
	expect(t, "in the query", v.post("/oauth2/v1/token?"+query.Encode(), "", ""), 200, "access_token")
	r := httptest.NewRequest(http.MethodPost, "/oauth2/v1/token", strings.NewReader(`{"code":"`+code()+`","client_id":"client","client_secret":"secret"}`))
	r.Header.Set("Content-Type", "application/json")
	expect(t, "JSON", v.do(r), 200, "access_token")
}

func TestCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, hubrise.Config{Data: small()})
		early, late := v.code(hubrise.Token{}), v.code(hubrise.Token{})
		time.Sleep(10*time.Minute - time.Second)
		expect(t, "in time", v.post("/oauth2/v1/token", "client", "secret", "code", early), 200, "access_token")
		time.Sleep(time.Second)
		expect(t, "too late", v.post("/oauth2/v1/token", "client", "secret", "code", late), 400, "expired")
	})
}

// The same client, place and device have the same token; another selection makes it lose the first.
func TestSameToken(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small(), OAuth: hubrise.OAuth{Clients: []hubrise.Client{{}, {ID: "other", Secret: "s2"}}}})
	lists := v.all("/v1/locations/3r4s3-1/customer_lists")
	first, second := lists[0]["id"].(string), lists[1]["id"].(string)
	login := func(w hubrise.Token) hubrise.Token {
		t.Helper()
		got, err := v.Login(w)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	wish := hubrise.Token{Scope: "location[customer_list.read]", Location: "3r4s3-1", CustomerList: first, DeviceID: "d"}
	a := login(wish)
	v.token = a.Token
	expect(t, "selected", v.get("/v1/customer_lists/"+first+"/customers"), 200, "customer")
	expect(t, "not selected", v.get("/v1/customer_lists/"+second), 404, "not_found")
	wish.CustomerList = second
	if b := login(wish); b.Token != a.Token || b.CustomerList != second {
		t.Errorf("again: %+v, first %+v", b, a)
	}
	expect(t, "now selected", v.get("/v1/customer_lists/"+second), 200, "POS customers")
	expect(t, "lost", v.get("/v1/customer_lists/"+first+"/customers"), 404, "not_found")
	for name, other := range map[string]hubrise.Token{
		"device":   {Scope: wish.Scope, Location: "3r4s3-1", DeviceID: "e"},
		"location": {Scope: wish.Scope, Location: "3r4s3-2", DeviceID: "d"},
		"client":   {Scope: wish.Scope, Location: "3r4s3-1", DeviceID: "d", Client: "other"},
		"level":    {Scope: "account[]", DeviceID: "d"},
	} {
		if c := login(other); c.Token == a.Token {
			t.Errorf("another %s has the same token", name)
		}
	}
	expect(t, "revoked by another client", v.post("/oauth2/v1/revoke", "other", "s2", "token", a.Token), 403, "another client")
	expect(t, "still alive", v.get("/v1/location"), 200, "Paris")
	w := v.post("/oauth2/v1/revoke", "client", "secret", "token", a.Token)
	if expect(t, "revoked", w, 200, ""); w.Body.Len() != 0 {
		t.Errorf("body of a revocation: %q", w.Body)
	}
	expect(t, "dead", v.get("/v1/location"), 401, `"error_type":"unauthorized"`)
	expect(t, "revoked twice", v.post("/oauth2/v1/revoke", "client", "secret", "token", a.Token), 404, "not_found")
	if d := login(wish); d.Token == a.Token {
		t.Error("a dead token came back")
	}
}
