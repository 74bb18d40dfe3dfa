package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"exporter/sandbox"
	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"
)

// hub asks HubRise with a token.
func (r *room) hub(path, token string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-Access-Token", token)
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

func TestHubRiseControl(t *testing.T) {
	r := open(t, sandbox.Config{HubRise: hubrise.Config{Data: hubrise.Data{Days: 3}}})
	_, login := r.ask("POST", "/_sandbox/hubrise/login", `{"scope":"location[orders.read]","device_id":"d"}`)
	var got struct{ Token string }
	if err := json.Unmarshal([]byte(login), &got); err != nil || got.Token == "" {
		t.Fatalf("login: %s: %v", login, err)
	}
	_, code := r.ask("POST", "/_sandbox/hubrise/code", `{"scope":"account[]"}`)
	code = strings.Split(code, `"`)[3]
	form := url.Values{"code": {code}, "client_id": {"client"}, "client_secret": {"secret"}}.Encode()
	for _, prefix := range []string{"", "/hubrise"} {
		status, body := r.read(r.hub(prefix+"/v1/location/orders?count=1", got.Token)) //nolint:bodyclose // read closes it
		if status != http.StatusOK || !strings.Contains(body, `"location_id":"3r4s3-1"`) {
			t.Errorf("%s: %d %s", prefix, status, body)
		}
	}
	steps := []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", "/_sandbox/counters", "", 200, `"hubrise:heavy:` + got.Token + `":{"requests":2,`},
		{"GET", "/hubrise/oauth2/v1/authorize?client_id=client&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=account[]&auto=1", "", 200, `<code>`},
		{"GET", "/oauth2/v1/authorize?client_id=client&redirect_uri=urn:ietf:wg:oauth:2.0:oob&scope=account[]", "", 200, `<form>`},
		{"POST", "/oauth2/v1/token?" + form, "", 200, `"access_token"`},
		{"POST", "/_sandbox/hubrise/mutate", `{"kind":"status","location":"3r4s3-1","day":"2026-01-02","orders":1}`, 200, `{"ids":["`},
		{"POST", "/_sandbox/hubrise/mutate", `{"kind":"delete_list","list":"x","after_pages":99}`, 400, `no list`},
		{"POST", "/_sandbox/hubrise/mutate", `{"colour":1}`, 400, `colour`},
		{"POST", "/_sandbox/hubrise/login", `{"client":"x"}`, 400, `no client`},
		{"POST", "/_sandbox/hubrise/code", `{"scope":"coffee"}`, 400, `coffee`},
		{"POST", "/_sandbox/hubrise/rows?table=orders", `{"locations":["3r4s3-2"],"statuses":["cancelled"]}`, 200, `"location_id":"3r4s3-2"`},
		{"POST", "/_sandbox/hubrise/rows?table=x", `{}`, 400, `no table`},
		{"POST", "/_sandbox/hubrise/rows?table=orders", `{`, 400, `read body`},
		{"POST", "/_sandbox/hubrise/health?health=blocked&token=" + got.Token, "", 200, `{}`},
		{"GET", "/_sandbox/hubrise/connection?token=" + got.Token, "", 200, `"health":"blocked","known":true`},
		{"GET", "/_sandbox/hubrise/connection?token=x", "", 200, `"known":false`},
		{"POST", "/_sandbox/hubrise/health?health=ill&token=" + got.Token, "", 400, `health`},
		{"POST", "/_sandbox/config", `{"hubrise":{"answers":{"rows":"descending"}}}`, 200, `{}`},
		{"POST", "/_sandbox/config", `{"hubrise":{"answers":{"rows":"x"}}}`, 400, `answers.rows`},
		{"GET", "/_sandbox/config", "", 200, `"rows":"descending"`},
	}
	for _, s := range steps {
		status, body := r.ask(s.method, s.path, s.body)
		if status != s.status || !strings.Contains(body, s.part) {
			t.Errorf("%s %s %s:\n got %d %.500s\nwant %d %s", s.method, s.path, s.body, status, body, s.status, s.part)
		}
	}
	if status, body := r.read(r.hub("/v1/location", got.Token)); status != http.StatusUnauthorized || !strings.Contains(body, "blocked") { //nolint:bodyclose // read closes it
		t.Errorf("a blocked token: %d %s", status, body)
	}
}

// A page that breaks off on the wire breaks off at the caller.
func TestHubRiseBreaksOff(t *testing.T) {
	r := open(t, sandbox.Config{HubRise: hubrise.Config{Data: hubrise.Data{Days: 3}}})
	if err := r.Faults().Add(faults.Rule{Kind: faults.Reset, Bytes: 2000, Operation: "orders"}); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/account/orders", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Access-Token", "account-token")
	req.Header.Set("Accept-Encoding", "identity")
	res, err := r.client.Do(req)
	if err != nil {
		return // the reset came before the headers were read
	}
	var rows []any
	if err := json.NewDecoder(res.Body).Decode(&rows); err == nil {
		t.Errorf("%d rows came through", len(rows))
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
}
