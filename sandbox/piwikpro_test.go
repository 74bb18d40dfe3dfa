package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"exporter/sandbox"
	"exporter/sandbox/piwikpro"
)

func TestPiwikPROControl(t *testing.T) {
	r := open(t, sandbox.Config{PiwikPRO: piwikpro.Config{Data: piwikpro.Data{FirstDay: "2026-03-25", Days: 2}}})
	truth := `{"report":"sessions","from":"2026-03-25","to":"2026-03-26","columns":[{"column_id":"device_type"}]}`
	_, rows := r.ask("POST", "/_sandbox/piwikpro/rows", truth)
	if got := strings.Count(rows, "\n"); got != 60 {
		t.Errorf("%d rows of the truth, want 60", got)
	}
	steps := []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", "/api/apps/v2", "", 401, `{"code":401,"message":"JWT not found"}`},
		{"GET", "/piwikpro/api/apps/v2", "", 401, `JWT not found`},
		{"GET", "/analytics/api/engine/metrics/", "", 401, `No valid credentials`},
		{"GET", "/api/meta-sites/v1", "", 401, `Unauthorized`},
		{"POST", "/api/analytics/v1/query/", "", 401, `No valid credentials`},
		{"GET", "/_sandbox/counters", "", 200, `"piwikpro:GET":{"requests":4,`},
		{"POST", "/auth/token", `{"grant_type":"client_credentials","client_id":"client","client_secret":"secret"}`, 200, `"expires_in":1800`},
		{"POST", "/_sandbox/config", `{"piwikpro":{"auth":{"expires_in":2}}}`, 200, `{}`},
		{"POST", "/_sandbox/config", `{"piwikpro":{"answers":{"ids":"x"}}}`, 400, `answers.ids`},
		{"GET", "/_sandbox/config", "", 200, `"expires_in":2`},
		{"GET", "/_sandbox/piwikpro/counters", "", 200, `{"reports":0,"tokens":1}`},
		{"POST", "/_sandbox/piwikpro/restate", `{"day":"2026-03-25","doubled":true}`, 200, `{}`},
		{"POST", "/_sandbox/piwikpro/restate", `{"day":"soon"}`, 400, `restate: day:`},
		{"POST", "/_sandbox/piwikpro/cleanup", "", 200, `{}`},
		{"POST", "/_sandbox/piwikpro/forget", "", 200, `{}`},
		{"POST", "/_sandbox/piwikpro/revoke", "", 200, `{}`},
		{"POST", "/_sandbox/piwikpro/expire", "", 200, `{}`},
		{"POST", "/_sandbox/piwikpro/delete?client=client", "", 200, `{}`},
		{"POST", "/auth/token", `{"grant_type":"client_credentials","client_id":"client","client_secret":"secret"}`, 401, `{"error":"invalid_client"}`},
		{"POST", "/_sandbox/piwikpro/rows", `{"columns":[{"column_id":"x"}]}`, 400, `does not exist`},
		{"POST", "/_sandbox/piwikpro/rows", `{`, 400, `read body`},
	}
	for _, s := range steps {
		status, body := r.ask(s.method, s.path, s.body)
		if status != s.status || !strings.Contains(body, s.part) {
			t.Errorf("%s %s %s: %d %s, want %d with %s", s.method, s.path, s.body, status, body, s.status, s.part)
		}
	}
	if _, after := r.ask("POST", "/_sandbox/piwikpro/rows", truth); after == rows {
		t.Error("a restatement changed nothing")
	}
}

// A report path without its slash is sent on to where it was asked for, under the name of the room too.
func TestPiwikPROSlash(t *testing.T) {
	r := open(t, sandbox.Config{PiwikPRO: piwikpro.Config{Answers: piwikpro.Answers{Slash: piwikpro.SlashRedirect}}})
	res := r.send("POST", "/piwikpro/api/analytics/v1/query", "{}", "")
	r.read(res)
	if got := res.Request.URL.Path; res.Request.Method != http.MethodGet || got != "/piwikpro/api/analytics/v1/query/" {
		t.Errorf("ended at %s %s", res.Request.Method, got)
	}
}
