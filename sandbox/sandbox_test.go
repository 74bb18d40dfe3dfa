package sandbox_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/meter"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// room is a sandbox on a real port, as other processes meet it.
type room struct {
	*sandbox.Sandbox
	t      *testing.T
	url    string
	client *http.Client
}

func open(t *testing.T, cfg sandbox.Config) *room {
	t.Helper()
	s, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	client := srv.Client()
	t.Cleanup(client.CloseIdleConnections)
	return &room{s, t, srv.URL, client}
}

func (r *room) ask(method, path, body string) (status int, answer string) {
	r.t.Helper()
	return r.read(r.send(method, path, body, "")) //nolint:bodyclose // read closes it
}

// send returns when the headers are there.
func (r *room) send(method, path, body, token string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res
}

func (r *room) read(res *http.Response) (status int, answer string) {
	r.t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

const findAll = "/hasoffers/Apiv3/json?NetworkId=demo&NetworkToken=NETdemo&Target=Conversion&Method=findAll&fields[]=id&sort[id]=asc&limit=2"

func TestControl(t *testing.T) {
	r := open(t, sandbox.Config{HasOffers: hasoffers.Config{Networks: []hasoffers.Network{{Days: 2, RowsPerDay: 10}}}})
	steps := []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"GET", findAll, "", 200, `"count":20`},
		{"GET", strings.TrimPrefix(findAll, "/hasoffers") + "&page=2", "", 200, `"page":"2"`},
		{"GET", "/_sandbox/counters?window=10s", "", 200, `"hasoffers:network:demo":{"requests":2,"refused":0,"in_flight":0,"max_in_flight":1,"max_in_window":{"10s":2}}`},
		{"GET", "/_sandbox/counters?window=soon", "", 400, `{"error":"window \"soon\": want a positive duration"}`},
		{"DELETE", "/_sandbox/counters", "", 200, `{}`},
		{"GET", "/_sandbox/counters", "", 200, `"all":{"requests":0,`},
		{"POST", "/_sandbox/faults", `{"kind":"status","status":502,"times":1}`, 200, `"seen":0,"hits":0`},
		{"POST", "/_sandbox/faults", `[{"kind":"html","from":2,"times":1},{"kind":"envelope","times":1}]`, 200, `"kind":"html"`},
		{"POST", "/_sandbox/faults", `{"kind":"explode"}`, 400, `unknown kind of fault`},
		{"POST", "/_sandbox/faults", `{"kin":"explode"}`, 400, `unknown object member name \"kin\"`},
		{"GET", findAll, "", 502, ``},
		{"GET", findAll, "", 200, `<html>`},
		{"GET", findAll, "", 200, `database error with the trackable id [SE-`},
		{"GET", findAll, "", 200, `"count":20`},
		{"GET", "/_sandbox/faults", "", 200, `"kind":"status","status":502,"times":1,"seen":4,"hits":1`},
		{"DELETE", "/_sandbox/faults", "", 200, `{}`},
		{"GET", "/_sandbox/faults", "", 200, `[]`},
		{"POST", "/_sandbox/config", `{"hasoffers":{"answers":{"max_limit":1,"max_limit_mode":"error"}}}`, 200, `{}`},
		{"GET", findAll, "", 200, `The limit may not be greater than 1.`},
		{"POST", "/_sandbox/config", `{"hasoffers":{"answers":{"max_limit":0}}}`, 200, `{}`},
		{"POST", "/_sandbox/config", `{"hasoffers":{"colour":0}}`, 400, `colour`},
		{"POST", "/_sandbox/config", `{}`, 400, `nothing to change`},
		{"GET", "/_sandbox/config", "", 200, `"max_limit_mode":"error"`},
		{"POST", "/_sandbox/restate", `{"day":"2026-01-01","rows":2}`, 200, `{"ids":[1`},
		{"POST", "/_sandbox/drift", `{"kind":"delete","day":"2026-01-01","rows":3}`, 200, `{"ids":[1`},
		{"POST", "/_sandbox/drift", `{"kind":"arrive","day":"2026-01-01","after_calls":99}`, 200, `{"ids":[]}`},
		{"POST", "/_sandbox/drift", `{"kind":"delete","day":"soon"}`, 400, `drift delete: day:`},
		{"GET", findAll, "", 200, `"count":17`},
		{"POST", "/_sandbox/release", "", 200, `{}`},
		{"POST", "/_sandbox/revoke", "", 200, `{}`},
		{"GET", "/_sandbox/rows?from=soon", "", 400, `read bound`},
		{"GET", "/_sandbox/rows?network=x", "", 400, `no network "x"`},
		{"GET", "/hasoffers/v3/Conversion.xml", "", 404, ``},
	}
	for _, s := range steps {
		status, body := r.ask(s.method, s.path, s.body)
		if status != s.status || !strings.Contains(body, s.part) {
			t.Errorf("%s %s %s:\n got %d %s\nwant %d %s", s.method, s.path, s.body, status, body, s.status, s.part)
		}
	}
}

func TestRowsOverHTTP(t *testing.T) {
	r := open(t, sandbox.Config{HasOffers: hasoffers.Config{Networks: []hasoffers.Network{{Days: 2, RowsPerDay: 10}}}})
	_, body := r.ask("GET", "/_sandbox/rows?from=2026-01-02T05:00:00Z&to=2026-01-03T05:00:00Z", "")
	lines := bufio.NewScanner(strings.NewReader(body))
	n := 0
	for lines.Scan() {
		var row struct {
			ID     int64
			UTC    time.Time
			Fields map[string]*string
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if got := *row.Fields["datetime"]; got[:10] != "2026-01-02" || row.UTC.Day() != 2 && row.UTC.Day() != 3 {
			t.Errorf("row %d of %s, %v", row.ID, got, row.UTC)
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d rows, want 10", n)
	}
}

// The concurrent limit holds for as long as an answer is being sent, and the counters see both calls.
func TestConcurrentLimit(t *testing.T) {
	cfg := sandbox.Config{}
	cfg.HasOffers.Gateway.Concurrent = 1
	cfg.HasOffers.Faults = []faults.Rule{{Kind: faults.Stall, Operation: "Conversion::findAll", Times: 1}}
	r := open(t, cfg)
	_, login := r.ask("POST", "/authorize", `{"client_id":"client","client_secret":"secret","audience":"BrandAPI"}`)
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(login), &reply); err != nil {
		t.Fatal(err)
	}
	const path = "/Apiv3/json?IntegratorId=acme&NetworkId=demo&Target=Conversion&Method=findAll&limit=1"
	stalled := r.send("GET", path, "", reply.AccessToken)              //nolint:bodyclose // its body hangs; read closes it
	status, body := r.read(r.send("GET", path, "", reply.AccessToken)) //nolint:bodyclose // read closes it
	if status != http.StatusTooManyRequests || body != `{"message":"Exceeded concurrent rate limit: 2 / 1"}` {
		t.Errorf("second call: %d %s", status, body)
	}
	r.Faults().Release()
	if status, body := r.read(stalled); status != http.StatusOK || !strings.HasSuffix(body, `"errorMessage":null}}`) {
		t.Errorf("first call: %d %s", status, body)
	}
	got := r.Meter().Count(hasoffers.IntegratorKey("acme"))
	if diff := cmp.Diff(meter.Count{Requests: 2, Refused: 1, InFlight: got.InFlight, MaxInFlight: 2}, got); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestParse(t *testing.T) {
	cfg, err := sandbox.Parse([]byte(`{"seed":9,"hasoffers":{"networks":[{"days":3}],"answers":{"no_id":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := sandbox.Default()
	want.Seed, want.HasOffers.Answers.NoID = 9, true
	want.HasOffers.Networks = []hasoffers.Network{{Days: 3}}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	for _, bad := range []string{`{"colour":1}`, `{"hasoffers":{"answers":{"colour":1}}}`, `{`} {
		if _, err := sandbox.Parse([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	if _, err := sandbox.New(sandbox.Default()); err != nil {
		t.Errorf("the default: %v", err)
	}
	if _, err := sandbox.New(sandbox.Config{HasOffers: hasoffers.Config{Answers: hasoffers.Answers{Gzip: "x"}}}); err == nil {
		t.Error("a bad choice is accepted")
	}
}
