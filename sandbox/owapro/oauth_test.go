package owapro_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

type expiring struct {
	Token   string
	Expires int `json:"expires_in"`
}

type tokens struct {
	HTTP    int             `json:"-"`
	Refresh *expiring       `json:"refresh_token"`
	Access  *expiring       `json:"access_token"`
	Type    string          `json:"token_type"`
	Error   string          `json:"error"`
	Why     string          `json:"error_description"`
	Raw     json.RawMessage `json:"-"`
}

func (v *vendor) tokens(w *httptest.ResponseRecorder) tokens {
	v.t.Helper()
	var out tokens
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		v.t.Fatalf("token answer %d %s: %v", w.Code, w.Body, err)
	}
	out.HTTP, out.Raw = w.Code, w.Body.Bytes()
	return out
}

func (v *vendor) renew(refresh string) tokens {
	v.t.Helper()
	return v.tokens(v.form("/oauth/get_access_token", "client_id", "client", "refresh_token", refresh))
}

func (v *vendor) redeem(code string) tokens {
	v.t.Helper()
	return v.tokens(v.form("/oauth/get_refresh_token", "client_id", "client", "client_secret", "secret", "code", code))
}

func TestAuthorize(t *testing.T) {
	const ask = "/oauth/authorize?client_id=client&response_type=code&state=a%26b"
	registered := owapro.OAuth{Clients: []owapro.Client{{RedirectURI: "https://app.example/back?x=1"}}}
	with := func(change func(*owapro.OAuth)) owapro.OAuth {
		o := registered
		o.Clients = []owapro.Client{registered.Clients[0]}
		change(&o)
		return o
	}
	cases := map[string]struct {
		oauth  owapro.OAuth
		url    string
		method string
		status int
		query  string // of the redirect, C for the code
		body   string
	}{
		"page":          {oauth: registered, url: ask, status: 200, body: `<a href="?client_id=client&amp;response_type=code&amp;state=a%26b&amp;allow=1">allow</a>`},
		"allowed":       {oauth: registered, url: ask + "&allow=1", status: 302, query: "code=C&state=a%26b&x=1"},
		"script":        {oauth: registered, url: ask + "&auto=1", status: 302, query: "code=C&state=a%26b&x=1"},
		"switch":        {oauth: with(func(o *owapro.OAuth) { o.AutoConsent = true }), url: ask, status: 302, query: "code=C&state=a%26b&x=1"},
		"no state":      {oauth: registered, url: "/oauth/authorize?client_id=client&response_type=code&auto=1", status: 302, query: "code=C&x=1"},
		"denied":        {oauth: registered, url: ask + "&deny=1", status: 302, query: "error=access_denied&state=a%26b&x=1"},
		"denied always": {oauth: with(func(o *owapro.OAuth) { o.Deny = true }), url: ask + "&auto=1", status: 302, query: "error=access_denied&state=a%26b&x=1"},
		"inactive":      {oauth: with(func(o *owapro.OAuth) { o.Clients[0].Inactive = true }), url: ask + "&auto=1", status: 302, query: "error=access_denied&error_description=APP+INACTIVE&state=a%26b&x=1"},
		"other type":    {oauth: registered, url: "/oauth/authorize?client_id=client&response_type=token", status: 302, query: "error=unsupported_response_type&x=1"},
		"unknown app":   {oauth: registered, url: "/oauth/authorize?client_id=x&response_type=code", status: 400, body: "invalid_client\n"},
		"other address": {oauth: registered, url: ask + "&redirect_uri=https://evil.example/", status: 400, body: "redirect_uri is not the registered one\n"},
		"POST":          {oauth: registered, url: ask, method: "POST", status: 405, body: "method not allowed\n"},
		"own address":   {url: ask + "&auto=1&redirect_uri=http://127.0.0.1:1/cb", status: 302, query: "code=C&state=a%26b"},
		"no address":    {url: ask + "&auto=1", status: 200, body: "code-"},
		"denied, none":  {url: ask + "&deny=1", status: 200, body: "access_denied\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, owapro.Config{OAuth: c.oauth})
			if c.method == "" {
				c.method = http.MethodGet
			}
			w := v.do(httptest.NewRequest(c.method, c.url, http.NoBody))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Fatalf("%d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			if c.status != http.StatusFound {
				return
			}
			u, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if code := q.Get("code"); code != "" {
				q.Set("code", "C")
				if got := v.redeem(code); got.HTTP != http.StatusOK {
					t.Errorf("the code is refused: %s", got.Raw)
				}
			}
			if q.Encode() != c.query {
				t.Errorf("redirected to %s, want ?%s", u, c.query)
			}
		})
	}
}

func TestTokenShapes(t *testing.T) {
	v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{AccessSeconds: 10, RefreshSeconds: 20, Rotation: owapro.RotateAtOnce}})
	code, err := v.Code("client")
	if err != nil {
		t.Fatal(err)
	}
	got := v.redeem(code)
	if got.HTTP != 200 || got.Type != "Bearer" || got.Access.Expires != 10 || got.Refresh.Expires != 20 {
		t.Errorf("nested: %s", got.Raw)
	}
	if err := v.Update([]byte(`{"oauth":{"shape":"flat"}}`)); err != nil {
		t.Fatal(err)
	}
	w := v.form("/oauth/get_access_token", "client_id", "client", "refresh_token", got.Refresh.Token)
	var flat map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &flat); err != nil {
		t.Fatal(err)
	}
	newest := v.RefreshTokens("client").Newest
	want := map[string]any{"access_token": flat["access_token"], "expires_in": 10.0, "token_type": "Bearer", "refresh_token": newest, "refresh_token_expires_in": 20.0}
	if diff := cmp.Diff(want, flat); diff != "" || newest == got.Refresh.Token {
		t.Errorf("flat (-want +got):\n%s", diff)
	}
}

func TestRefusedTokenCalls(t *testing.T) {
	good := []string{"client_id", "client", "client_secret", "secret"}
	cases := map[string]struct {
		oauth  owapro.OAuth
		path   string
		pairs  []string
		status int
		name   string
		why    string
	}{
		"no code":         {path: "get_refresh_token", pairs: good, status: 400, name: "invalid_grant", why: "INVALID CODE"},
		"wrong secret":    {path: "get_refresh_token", pairs: []string{"client_id", "client", "client_secret", "x"}, status: 401, name: "invalid_client"},
		"unknown client":  {path: "get_access_token", pairs: []string{"client_id", "x"}, status: 401, name: "invalid_client"},
		"unknown token":   {path: "get_access_token", pairs: []string{"client_id", "client", "refresh_token", "x"}, status: 400, name: "invalid_grant", why: "INVALID REFRESH TOKEN"},
		"inactive app":    {oauth: owapro.OAuth{Clients: []owapro.Client{{Inactive: true}}}, path: "get_access_token", pairs: good, status: 403, name: "access_denied", why: "APP INACTIVE"},
		"status as asked": {oauth: owapro.OAuth{ErrorStatus: 200}, path: "get_access_token", pairs: good, status: 200, name: "invalid_grant"},
		"no form":         {path: "get_access_token", status: 400, name: "invalid_request"},
	}
	for name, c := range cases {
		v := newVendor(t, owapro.Config{})
		if err := v.Configure(owapro.Config{OAuth: c.oauth}); err != nil {
			t.Fatal(err)
		}
		got := v.tokens(v.form("/oauth/"+c.path, c.pairs...))
		if got.HTTP != c.status || got.Error != c.name || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: %d %s", name, got.HTTP, got.Raw)
		}
	}
	v := newVendor(t, owapro.Config{})
	if w := v.do(httptest.NewRequest(http.MethodGet, "/oauth/get_access_token?client_id=client", http.NoBody)); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %s", w.Code, w.Body)
	}
	r := httptest.NewRequest(http.MethodPost, "/oauth/get_access_token", strings.NewReader(`{"client_id":"client"}`))
	r.Header.Set("Content-Type", "application/json")
	if w := v.do(r); w.Code != http.StatusBadRequest {
		t.Errorf("JSON: %d %s", w.Code, w.Body)
	}
}

func TestLifetimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, owapro.Config{})
		code, err := v.Code("client")
		if err != nil {
			t.Fatal(err)
		}
		late, err := v.Code("client")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Minute - 1)
		first := v.redeem(code)
		if first.HTTP != 200 || first.Refresh.Expires != 31_536_000 || first.Access.Expires != 86_400 {
			t.Fatalf("code in time: %s", first.Raw)
		}
		if again := v.redeem(code); again.Why != "INVALID CODE" {
			t.Errorf("code used twice: %s", again.Raw)
		}
		time.Sleep(time.Nanosecond)
		if got := v.redeem(late); got.Why != "EXPIRED CODE" {
			t.Errorf("code too late: %s", got.Raw)
		}
		v.access = first.Access.Token
		time.Sleep(24*time.Hour - 2)
		if w := v.get("/api/report/customer"); w.Code != 200 {
			t.Errorf("token in time: %d %s", w.Code, w.Body)
		}
		time.Sleep(time.Nanosecond)
		if w := v.get("/api/report/customer"); w.Code != 401 || w.Body.String() != `{"error":"invalid_grant","error_description":"EXPIRED ACCESS TOKEN"}` {
			t.Errorf("token too late: %d %s", w.Code, w.Body)
		}
		time.Sleep(364*24*time.Hour - 1)
		if got := v.renew(first.Refresh.Token); got.HTTP != 200 || got.Refresh != nil {
			t.Errorf("renewal in time, without rotation: %s", got.Raw)
		}
		time.Sleep(time.Nanosecond)
		if got := v.renew(first.Refresh.Token); got.Why != "EXPIRED REFRESH TOKEN" {
			t.Errorf("renewal too late: %s", got.Raw)
		}
	})
}

func TestAccessTokens(t *testing.T) {
	invalid := `{"error":"invalid_grant","error_description":"INVALID ACCESS TOKEN"}`
	expired := `{"error":"invalid_grant","error_description":"EXPIRED ACCESS TOKEN"}`
	check := func(v *vendor, want string) {
		t.Helper()
		if w := v.get("/api/report/customer"); (w.Code == 401) != (want != "") || want != "" && w.Body.String() != want {
			t.Errorf("%d %s, want %s", w.Code, w.Body, want)
		}
	}
	v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{RevokeAfter: 2}})
	check(v, "")
	check(v, "")
	check(v, invalid) // mid-run
	v = newVendor(t, owapro.Config{})
	check(v, "")
	v.RevokeAccess()
	check(v, invalid)
	v = newVendor(t, owapro.Config{})
	v.ExpireAccess()
	check(v, expired)
	v.ExpireRefresh()
	if got := v.RefreshTokens("client"); got.Valid != 0 || got.Alive {
		t.Errorf("after the end of all refresh tokens: %+v", got)
	}
	v = newVendor(t, owapro.Config{OAuth: owapro.OAuth{OneAccess: true}})
	old := v.access
	_, next, err := v.Login("client")
	if err != nil {
		t.Fatal(err)
	}
	check(v, invalid)
	v.access = next
	check(v, "")
	v.access = old + "x"
	check(v, invalid)
	if err := v.Update([]byte(`{"oauth":{"clients":[{"inactive":true}]}}`)); err != nil {
		t.Fatal(err)
	}
	v.access = next
	if w := v.get("/api/report/customer"); w.Code != 403 || !strings.Contains(w.Body.String(), "APP INACTIVE") {
		t.Errorf("inactive app: %d %s", w.Code, w.Body)
	}
	if _, err := v.Code("nobody"); err == nil {
		t.Error("a code for nobody")
	}
	if _, _, err := v.Login("nobody"); err == nil {
		t.Error("a login of nobody")
	}
}

func TestSessionCookie(t *testing.T) {
	v := newVendor(t, owapro.Config{OAuth: owapro.OAuth{HASID: "4053-abc"}})
	for cookie, want := range map[string]int{"4053-abc": 200, "other": 401, "": 401} {
		r := httptest.NewRequest(http.MethodGet, "/api/report/customer", http.NoBody)
		r.AddCookie(&http.Cookie{Name: "HASID", Value: cookie})
		if w := v.do(r); w.Code != want {
			t.Errorf("cookie %q: %d %s", cookie, w.Code, w.Body)
		}
	}
	if got := v.meter.Count(owapro.SessionKey).Requests; got != 1 {
		t.Errorf("%d calls of the session", got)
	}
	if w := newVendor(t, owapro.Config{}).do(httptest.NewRequest(http.MethodGet, "/api/report/customer", http.NoBody)); w.Code != 401 {
		t.Errorf("without anything: %d", w.Code)
	}
}
