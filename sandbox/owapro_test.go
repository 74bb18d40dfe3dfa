package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"exporter/sandbox"
	"exporter/sandbox/faults"
	"exporter/sandbox/owapro"
)

func TestOWAProControl(t *testing.T) {
	cfg := sandbox.Config{OWAPro: owapro.Config{
		OAuth: owapro.OAuth{AutoConsent: true, Clients: []owapro.Client{{RefreshToken: "first"}}},
		Data:  owapro.Data{Days: 3},
	}}
	r := open(t, cfg)
	_, login := r.ask("POST", "/_sandbox/owapro/login?client=client", "")
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(login), &got); err != nil || got.Access == "" {
		t.Fatalf("login: %s: %v", login, err)
	}
	res := r.send("GET", "/api/report/customer", "", got.Access) //nolint:bodyclose // read closes it
	status, body := r.read(res)
	if status != http.StatusOK || !strings.Contains(body, `"customerid":"4711"`) {
		t.Errorf("at the vendor's path: %d %s", status, body)
	}
	steps := []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", "/_sandbox/counters", "", 200, `"owapro:client:client":{"requests":1,`},
		{"GET", "/_sandbox/owapro/tokens?client=client", "", 200, `"valid":2,"newest":"refresh-`},
		{"GET", "/owapro/oauth/authorize?client_id=client&response_type=code", "", 200, `code-`},
		{"GET", "/oauth/authorize?client_id=client&response_type=code", "", 200, `code-`},
		{"POST", "/_sandbox/owapro/login?client=x", "", 400, `no client \"x\"`},
		{"GET", "/_sandbox/owapro/counters", "", 200, `{"relative_dates":0,"reports":0}`},
		{"POST", "/_sandbox/owapro/restate", `{"customer":4711,"day":"2026-01-02"}`, 200, `{}`},
		{"POST", "/_sandbox/owapro/restate", `{"day":"soon"}`, 400, `restate: day:`},
		{"POST", "/_sandbox/owapro/restate", `{"colour":1}`, 400, `colour`},
		{"POST", "/_sandbox/owapro/rows", `{"dimensions":["date","customer"],"metrics":["ctr"],"customers":[4712],"from":"2026-01-03"}`, 200, `"customer":"Gartenmöbel Süd","customerid":"4712","date":"2026-01-03"}`},
		{"POST", "/_sandbox/owapro/rows", `{"dimensions":["x"],"metrics":["ctr"]}`, 400, `Unknown dimension x`},
		{"POST", "/_sandbox/owapro/rows", `{`, 400, `read body`},
		{"POST", "/_sandbox/config", `{"owapro":{"oauth":{"rotation":"at_once"}}}`, 200, `{}`},
		{"POST", "/_sandbox/config", `{"owapro":{"oauth":{"rotation":"x"}}}`, 400, `oauth.rotation`},
		{"GET", "/_sandbox/config", "", 200, `"rotation":"at_once"`},
		{"POST", "/_sandbox/owapro/expire", "", 200, `{}`},
		{"POST", "/_sandbox/owapro/revoke", "", 200, `{}`},
		{"POST", "/_sandbox/owapro/expire_refresh", "", 200, `{}`},
		{"GET", "/_sandbox/owapro/tokens?client=client", "", 200, `"valid":0,`},
	}
	for _, s := range steps {
		status, body := r.ask(s.method, s.path, s.body)
		if status != s.status || !strings.Contains(body, s.part) {
			t.Errorf("%s %s %s:\n got %d %s\nwant %d %s", s.method, s.path, s.body, status, body, s.status, s.part)
		}
	}
	if r.OWAPro().RefreshTokens("client").Alive {
		t.Error("a refresh token outlived its end")
	}
}

// A report that breaks off on the wire breaks off at the caller.
func TestOWAProBreaksOff(t *testing.T) {
	r := open(t, sandbox.Config{OWAPro: owapro.Config{Data: owapro.Data{Days: 30}}})
	_, access, err := r.OWAPro().Login("client")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Faults().Add(faults.Rule{Kind: faults.Reset, Bytes: 500, Operation: "report/dw_generate_report"}); err != nil {
		t.Fatal(err)
	}
	body := `{"data_sources_overwrite":{"dimensions":["date","customer_trackgroup"],"metrics":["ctr"],"filters":[{"field":"date","operator":"exists"}]}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/owapro/api/report/dw_generate_report", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("configid", "1")
	req.Header.Set("Accept", "text/csv")
	req.Header.Set("Accept-Encoding", "identity")
	res, err := r.client.Do(req)
	if err != nil {
		return // the reset came before the headers were read
	}
	data, readErr := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if readErr == nil || errors.Is(readErr, io.EOF) || len(data) > 500 {
		t.Errorf("%d bytes: %v", len(data), readErr)
	}
}
