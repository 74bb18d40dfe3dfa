package piwikpro_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"
)

// login asks for a token with a JSON body.
func (v *vendor) login(body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return v.do(r)
}

const credentials = `{"grant_type":"client_credentials","client_id":"client","client_secret":"secret"}`

func (v *vendor) form(values url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

func TestToken(t *testing.T) {
	for _, seconds := range []int{0, 86_400, 2} {
		v := newVendor(t, piwikpro.Config{Auth: piwikpro.Auth{ExpiresIn: seconds}})
		want := seconds
		if want == 0 {
			want = 1800
		}
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {"secret"}}
		for name, w := range map[string]*httptest.ResponseRecorder{"json": v.login(credentials), "form": v.form(form)} {
			var got struct {
				Type    string `json:"token_type"`
				Expires int    `json:"expires_in"`
				Token   string `json:"access_token"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Type != "Bearer" || got.Expires != want {
				t.Fatalf("%s: %d %s: %v, want expires_in %d", name, w.Code, w.Body, err, want)
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/json; charset=UTF-8" {
				t.Errorf("%s: Content-Type %q", name, ct)
			}
			checkClaims(t, got.Token, int64(want))
			if v.token = got.Token; v.get("/api/apps/v2").Code != 200 {
				t.Errorf("%s: the token is not taken", name)
			}
		}
	}
}

// checkClaims expects a JWT with the claims of the documentation.
func checkClaims(t *testing.T, token string, seconds int64) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q has %d parts", token, len(parts))
	}
	var head, claims map[string]any
	for i, into := range []*map[string]any{&head, &claims} {
		doc, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(doc, into) != nil {
			t.Fatalf("part %d of the token: %s: %v", i, doc, err)
		}
	}
	if head["typ"] != "JWT" || head["alg"] != "RS256" {
		t.Errorf("header %v", head)
	}
	for _, name := range []string{"iss", "aud", "sub", "org", "eml"} {
		if claims[name] == nil {
			t.Errorf("no claim %s in %v", name, claims)
		}
	}
	if exp, iat := claims["exp"].(float64), claims["iat"].(float64); int64(exp-iat) != seconds {
		t.Errorf("exp - iat = %v, want %d", exp-iat, seconds)
	}
}

func TestTokenRefused(t *testing.T) {
	wrong := strings.Replace(credentials, `"secret"`, `"x"`, 1)
	cases := map[string]struct {
		auth   piwikpro.Auth
		body   string
		status int
		want   []string
	}{
		"wrong secret":      {piwikpro.Auth{}, wrong, 401, []string{`{"error":"invalid_client"}`}},
		"wrong secret, 400": {piwikpro.Auth{WrongSecret: piwikpro.BadSecret400}, wrong, 400, []string{`{"error":"invalid_client"}`}},
		"wrong id":          {piwikpro.Auth{}, strings.Replace(credentials, `"client"`, `"x"`, 1), 401, []string{`invalid_client`}},
		"no id": {
			piwikpro.Auth{},
			`{"grant_type":"client_credentials","client_secret":"secret"}`, 400,
			[]string{`"error":"invalid_client"`, "Check the `client_id` parameter", `"message":"The request is missing a required parameter`, `"error_description"`},
		},
		"no JSON":    {piwikpro.Auth{}, `x`, 400, []string{`Check the`}},
		"grant type": {piwikpro.Auth{}, strings.Replace(credentials, "client_credentials", "password", 1), 400, []string{`"error":"unsupported_grant_type"`, `"hint"`}},
		"no licence": {piwikpro.Auth{NoLicense: true}, credentials, 402, []string{`"code":402`, `There is no active license for \"default\" organization`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newVendor(t, piwikpro.Config{Auth: c.auth}).login(c.body)
			for _, want := range c.want {
				if w.Code != c.status || !strings.Contains(w.Body.String(), want) {
					t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, want)
				}
			}
		})
	}
	v := newVendor(t, piwikpro.Config{Auth: piwikpro.Auth{Form: piwikpro.FormRefused}})
	if w := v.form(url.Values{"grant_type": {"client_credentials"}, "client_id": {"client"}, "client_secret": {"secret"}}); w.Code != 400 {
		t.Errorf("refused form: %d %s", w.Code, w.Body)
	}
	if w := v.do(httptest.NewRequest(http.MethodGet, "/auth/token", http.NoBody)); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
}

// Each service has a body of its own for a token that is not taken; a switch makes them one.
func TestUnauthorized(t *testing.T) {
	bodies := map[string]string{
		"/api/analytics/v1/manage/goals/": `{"errors":[{"detail":"No valid credentials provided.","status":"401"}]}`,
		"/api/meta-sites/v1":              `{"message":"Unauthorized"}`,
		"/api/apps/v2":                    `{"code":401,"message":"access token not authorized"}`,
	}
	v := newVendor(t, piwikpro.Config{})
	v.RevokeTokens()
	for path, want := range bodies {
		if w := v.get(path); w.Code != 401 || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
	v = newVendor(t, piwikpro.Config{})
	v.ExpireTokens()
	if w := v.get("/api/apps/v2"); w.Code != 401 || !strings.Contains(w.Body.String(), "Expired JWT Token") {
		t.Errorf("expired: %d %s", w.Code, w.Body)
	}
	v.token = ""
	for shape, want := range map[piwikpro.Shape]string{
		piwikpro.ShapeErrors: `{"errors":[{"detail":"`, piwikpro.ShapeMessage: `{"message":"`, piwikpro.ShapeCode: `{"code":401,"message":"`,
		piwikpro.ShapeError: `{"error":"`, piwikpro.ShapeHTML: `<html>`, piwikpro.ShapeEmpty: ``,
	} {
		v.configure(func(c *piwikpro.Config) { c.Auth.Unauthorized = shape })
		w := v.get("/api/apps/v2")
		if w.Code != 401 || !strings.HasPrefix(w.Body.String(), want) || shape == piwikpro.ShapeEmpty && w.Body.Len() > 0 {
			t.Errorf("%s: %d %s", shape, w.Code, w.Body)
		}
	}
}

func TestTokensEnd(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Auth: piwikpro.Auth{RevokeAfter: 2, OneToken: true}})
	for i, want := range []int{200, 200, 401} {
		if got := v.get("/api/apps/v2").Code; got != want {
			t.Errorf("call %d: %d, want %d", i+1, got, want)
		}
	}
	old := v.Login("client")
	v.token = v.Login("client")
	if got := v.get("/api/apps/v2").Code; got != 200 {
		t.Errorf("new token: %d", got)
	}
	if v.token = old; v.get("/api/apps/v2").Code != 401 {
		t.Error("a new token did not end the old one")
	}
	v.DeleteClient("client")
	if w := v.login(credentials); w.Code != 401 {
		t.Errorf("deleted credentials: %d %s", w.Code, w.Body)
	}
	if got := v.Issued(); got != 3 {
		t.Errorf("%d tokens issued, want 3", got)
	}
}
