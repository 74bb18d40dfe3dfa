package hasoffers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

// login asks for a token and returns it with the whole answer.
func (v *vendor) login(id, secret, audience string) (string, answer) {
	v.t.Helper()
	body := fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"audience":%q}`, id, secret, audience)
	a := v.do(httptest.NewRequest(http.MethodPost, "/authorize", strings.NewReader(body)))
	var reply struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
	}
	if err := json.Unmarshal(a.Body, &reply); err != nil {
		v.t.Fatalf("authorize %s: %v", a.Body, err)
	}
	if a.HTTP == http.StatusOK && (reply.Type != "Bearer" || reply.Expires == 0 || reply.Token == "") {
		v.t.Errorf("authorize answered %s", a.Body)
	}
	return reply.Token, a
}

// through asks the gateway for one page with a token.
func (v *vendor) through(token string, pairs ...string) answer {
	v.t.Helper()
	return v.do(gatewayCall(token, pairs...))
}

func gatewayCall(token string, pairs ...string) *http.Request {
	q := query(append([]string{"IntegratorId=acme", "NetworkId=demo", "Target=Conversion", "Method=findAll", "limit=1"}, pairs...)...)
	r := httptest.NewRequest(http.MethodGet, "/Apiv3/json?"+q, http.NoBody)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func (v *vendor) token() string {
	v.t.Helper()
	token, a := v.login("client", "secret", "BrandAPI")
	if a.HTTP != http.StatusOK {
		v.t.Fatalf("authorize: %d %s", a.HTTP, a.Body)
	}
	return token
}

func wantAnswer(t *testing.T, a answer, status int, body string) {
	t.Helper()
	if a.HTTP != status || strings.TrimSpace(string(a.Body)) != body {
		t.Errorf("answered %d %s\nwant     %d %s", a.HTTP, a.Body, status, body)
	}
}

func success(a answer) bool {
	return a.HTTP == http.StatusOK && a.Response.Status != nil && *a.Response.Status == 1
}

func TestGatewayErrors(t *testing.T) {
	cases := map[string]struct {
		change func(*http.Request)
		gate   hasoffers.Gateway
		status int
		text   string
	}{
		"no integrator":      {change: func(r *http.Request) { drop(r, "IntegratorId=acme&") }, status: 400, text: "missing integratorId parameter"},
		"unknown integrator": {change: func(r *http.Request) { swap(r, "=acme", "=nobody") }, status: 404, text: "nobody does not exist within our system. Please contact an administrator"},
		"no token":           {change: func(r *http.Request) { r.Header.Del("Authorization") }, status: 401, text: "JWT is not valid or missing"},
		"wrong token":        {change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, status: 401, text: "JWT is not valid or missing"},
		"origin":             {change: func(r *http.Request) { r.Header.Set("Origin", "http://a.example") }, status: 403, text: "Invalid origin: http://a.example"},
		"method":             {change: func(r *http.Request) { r.Method = http.MethodPut }, status: 405, text: "Invalid HTTP Method: PUT"},
		"post":               {change: func(r *http.Request) { r.Method = http.MethodPost }, status: 405, text: "Invalid HTTP Method: POST"},
		"long url": {
			gate:   hasoffers.Gateway{URLMaxBytes: 400},
			change: func(r *http.Request) { r.URL.RawQuery += strings.Repeat("&fields[]=id", 50) },
			status: 414, text: "URL exceeds allowed length. Please shorten query and try again.",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, hasoffers.Config{Gateway: c.gate})
			r := gatewayCall(v.token())
			c.change(r)
			wantAnswer(t, v.do(r), c.status, `{"message":"`+c.text+`"}`)
		})
	}
}

func drop(r *http.Request, part string) { swap(r, part, "") }

func swap(r *http.Request, part, other string) {
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, part, other, 1)
}

func TestGatewayBodies(t *testing.T) {
	const text = "JWT is not valid or missing"
	for shape, want := range map[hasoffers.GatewayBody]string{
		"":                     `{"message":"` + text + `"}`,
		hasoffers.BodyMessage:  `{"message":"` + text + `"}`,
		hasoffers.BodyText:     text,
		hasoffers.BodyError:    `{"error":"` + text + `"}`,
		hasoffers.BodyEnvelope: `{"response":{"status":-1,"httpStatus":401,"data":"","errors":[{"publicMessage":"` + text + `"}],"errorMessage":"` + text + `"}}`,
	} {
		v := newVendor(t, hasoffers.Config{
			Gateway: hasoffers.Gateway{Body: shape}, Answers: hasoffers.Answers{Request: hasoffers.RequestOmit},
		})
		wantAnswer(t, v.through(""), http.StatusUnauthorized, want)
	}
}

func TestAuthorize(t *testing.T) {
	const unauthorized = `{"error":"access_denied","error_description":"Unauthorized"}`
	v := newVendor(t, hasoffers.Config{Integrators: []hasoffers.Integrator{{}, {ID: "late", ClientID: "late", BadLogin: hasoffers.LoginLate}}})
	for name, login := range map[string][3]string{
		"wrong client":   {"nobody", "secret", "BrandAPI"},
		"wrong secret":   {"client", "guess", "BrandAPI"},
		"wrong audience": {"client", "secret", "OtherAPI"},
	} {
		t.Run(name, func(t *testing.T) {
			_, a := v.login(login[0], login[1], login[2])
			wantAnswer(t, a, http.StatusUnauthorized, unauthorized)
		})
	}
	if a := v.through(v.token()); !success(a) {
		t.Errorf("a good token: %d %s", a.HTTP, a.Body)
	}
	bad, a := v.login("late", "guess", "BrandAPI")
	if a.HTTP != http.StatusOK || bad == "" {
		t.Errorf("a late refusal begins with %d %s, want a token", a.HTTP, a.Body)
	}
	wantAnswer(t, v.through(bad, "IntegratorId=late"), http.StatusUnauthorized, `{"message":"JWT is not valid or missing"}`)
	if got := v.through(v.token(), "IntegratorId=late"); got.HTTP != http.StatusUnauthorized {
		t.Errorf("a token of another integrator: %d %s", got.HTTP, got.Body)
	}
	wantAnswer(t, v.do(httptest.NewRequest(http.MethodGet, "/authorize", strings.NewReader("{}"))), 405, `{"message":"Invalid HTTP Method: GET"}`)
	wantAnswer(t, v.do(httptest.NewRequest(http.MethodPost, "/authorize", strings.NewReader("client_id=x"))), 400, `{"error":"invalid_request","error_description":"Bad Request"}`)
	if got := v.meter.Count(hasoffers.AuthorizeKey("client")).Requests; got != 4 {
		t.Errorf("%d token calls counted for the client, want 4", got)
	}
}

func TestTokenLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t, hasoffers.Config{Integrators: []hasoffers.Integrator{{TokenSeconds: 60}}})
		token := v.token()
		<-time.After(time.Minute - 1)
		if !success(v.through(token)) {
			t.Error("refused before its end")
		}
		<-time.After(1)
		if success(v.through(token)) {
			t.Error("accepted after its end")
		}
		token = v.token()
		v.RevokeTokens()
		if success(v.through(token)) {
			t.Error("accepted though revoked")
		}
	})
	v := newVendor(t, hasoffers.Config{Integrators: []hasoffers.Integrator{{RevokeAfter: 2}}})
	token := v.token()
	var got []bool
	for range 4 {
		got = append(got, success(v.through(token)))
	}
	if diff := cmp.Diff([]bool{true, true, false, false}, got); diff != "" {
		t.Errorf("revoked after two calls (-want +got):\n%s", diff)
	}
}

func TestScope(t *testing.T) {
	const insufficient = `{"message":"Insufficient permissions for this request. Please verify your JWT and try again later"}`
	networks := []hasoffers.Network{{}, {ID: "second"}}
	for name, c := range map[string]struct {
		integrator  hasoffers.Integrator
		demo, other bool
	}{
		"everything":            {hasoffers.Integrator{}, true, true},
		"the method":            {hasoffers.Integrator{Scope: []string{"Conversion::findAll"}}, true, true},
		"another method":        {hasoffers.Integrator{Scope: []string{"Offer::findAll"}}, false, false},
		"the method there":      {hasoffers.Integrator{Scope: []string{"Conversion::findAll@second"}}, false, true},
		"one network":           {hasoffers.Integrator{Networks: []string{"demo"}}, true, false},
		"network without scope": {hasoffers.Integrator{Networks: []string{"demo"}, Scope: []string{"Offer::findAll"}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, hasoffers.Config{Integrators: []hasoffers.Integrator{c.integrator}, Networks: networks})
			token := v.token() // one token serves many networks
			for network, want := range map[string]bool{"demo": c.demo, "second": c.other} {
				a := v.through(token, "NetworkId="+network)
				if success(a) != want {
					t.Errorf("%s: %d %.200s", network, a.HTTP, a.Body)
				}
				if !want {
					wantAnswer(t, a, http.StatusUnauthorized, insufficient)
				}
			}
		})
	}
}

func TestNetworkLayer(t *testing.T) {
	omit := hasoffers.Answers{Request: hasoffers.RequestOmit}
	refused := func(text string) string {
		return `{"response":{"status":-1,"httpStatus":200,"data":"","errors":[{"publicMessage":"` + text + `"}],"errorMessage":"` + text + `"}}`
	}
	const unknown = `{"response":{"errors":{"publicMessage":"Network id is not valid"},"link":"http:\/\/developers.hasoffers.com\/"}}`
	get := func(q string) *http.Request {
		return httptest.NewRequest(http.MethodGet, "/Apiv3/json?"+q, http.NoBody)
	}
	v := newVendor(t, hasoffers.Config{Answers: omit, NetworkAPI: hasoffers.NetworkAPI{IPAllowed: []string{"192.0.2.1"}}})
	wantAnswer(t, v.do(get("NetworkId=x&NetworkToken=NETdemo")), 200, unknown)
	wantAnswer(t, v.do(get("")), 200, unknown)
	wantAnswer(t, v.through(v.token(), "NetworkId=x"), 200, unknown)
	wantAnswer(t, v.do(get("NetworkId=demo&NetworkToken=NETx")), 200, refused("NetworkToken NETx is not authenticated"))
	wantAnswer(t, v.call("findAll", "Target="), 200, refused("Missing required argument: Target"))
	wantAnswer(t, v.call(""), 200, refused("Missing required argument: Method"))

	elsewhere := get("NetworkId=demo&NetworkToken=NETdemo")
	elsewhere.RemoteAddr = "198.51.100.7:1234"
	wantAnswer(t, v.do(elsewhere), 200, refused(`IP 198.51.100.7 is not white-listed. Please enable it in the application, Support => API`))

	host := get("NetworkToken=NETdemo&Target=Conversion&Method=findAllIds")
	host.Host = "demo.api.example.com"
	if a := v.do(host); !success(a) {
		t.Errorf("network named by the host: %s", a.Body)
	}
	path := httptest.NewRequest(http.MethodGet, "/v3/Conversion.json?Method=findAllIds&NetworkId=demo&NetworkToken=NETdemo", http.NoBody)
	if a := v.do(path); !success(a) {
		t.Errorf("path style: %s", a.Body)
	}
}

func TestPost(t *testing.T) {
	form := query("NetworkId=demo", "NetworkToken=NETdemo", "Target=Conversion", "Method=findAll", "limit=1")
	post := func(contentType, q string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/Apiv3/json?"+q, strings.NewReader(form))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	v := newVendor(t, hasoffers.Config{Gateway: hasoffers.Gateway{AllowPost: true}})
	if a := v.do(post("application/x-www-form-urlencoded", "")); !success(a) {
		t.Errorf("form: %s", a.Body)
	}
	if a := v.do(post("application/json", "")); success(a) {
		t.Errorf("parameters of a JSON body are understood: %s", a.Body)
	}
	token := v.token()
	gateway := post("application/x-www-form-urlencoded", "IntegratorId=acme")
	gateway.Header.Set("Authorization", "Bearer "+token)
	if a := v.do(gateway); !success(a) {
		t.Errorf("form through the gateway: %d %s", a.HTTP, a.Body)
	}
	strict := newVendor(t, hasoffers.Config{NetworkAPI: hasoffers.NetworkAPI{RefusePost: true}})
	if a := strict.do(post("application/x-www-form-urlencoded", "")); a.HTTP != http.StatusMethodNotAllowed {
		t.Errorf("refused POST: %d %s", a.HTTP, a.Body)
	}
}
