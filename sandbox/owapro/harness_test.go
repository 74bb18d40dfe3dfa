package owapro_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	"exporter/sandbox/owapro"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a server under test with its shared rooms and a login.
type vendor struct {
	*owapro.Server
	t      testing.TB
	h      http.Handler
	meter  *meter.Meter
	faults *faults.Set
	access string
}

func newVendor(t testing.TB, cfg owapro.Config) *vendor {
	t.Helper()
	set, err := faults.NewSet(7)
	if err != nil {
		t.Fatal(err)
	}
	m := meter.New()
	s, err := owapro.New(7, cfg, m, set)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	v := &vendor{Server: s, t: t, h: s.Handler(), meter: m, faults: set}
	if _, v.access, err = s.Login("client"); err != nil {
		t.Fatal(err)
	}
	return v
}

// small is data of a few days around the turn of a year; its Now is in the middle of a quarter.
func small() owapro.Data {
	return owapro.Data{FirstDay: "2025-12-28", Days: 10, Now: "2026-02-18T12:00:00Z"}
}

func (v *vendor) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w
}

// get asks a list endpoint with the access token.
func (v *vendor) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+v.access)
	return v.do(r)
}

// form posts to the account host.
func (v *vendor) form(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

// ask is a report request in the simple form; where is put into data_sources_overwrite.
func ask(dims, metrics string, where ...string) string {
	quote := func(list string) string { return `["` + strings.ReplaceAll(list, " ", `","`) + `"]` }
	body := `{"configid":1,"data_sources_overwrite":{"dimensions":` + quote(dims) + `,"metrics":` + quote(metrics)
	if !strings.Contains(strings.Join(where, ""), `"filters"`) {
		where = append(where, `"filters":[{"field":"date","operator":"exists"}]`)
	}
	return body + "," + strings.Join(where, ",") + "}}"
}

// report posts a report request; pairs are headers.
func (v *vendor) report(body string, headers ...string) *httptest.ResponseRecorder {
	r := v.request(body, "")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return v.do(r)
}

// request is a report request; the query begins with a question mark.
func (v *vendor) request(body, query string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/report/dw_generate_report"+query, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+v.access)
	r.Header.Set("configid", "1")
	return r
}

// block is a block of an answer as far as tests look at it.
type block struct {
	ID       string `json:"data_blockid"`
	Data     []map[string]any
	Status   map[string]any
	Metadata struct {
		DimensionsOrder []string `json:"dimensions_order"`
		MetricsOrder    []string `json:"metrics_order"`
		Currency        string
		Sort            any
		ShowSummary     any `json:"show_summary"`
		Dimension       map[string]struct {
			ID   string `json:"dw_name_id"`
			Dict map[string]string
		}
		Metric map[string]map[string]any
	}
}

type answer struct {
	HTTP   int
	Body   string
	Status int
	Data   []block
}

// blocks posts a report request and takes the answer apart.
func (v *vendor) blocks(body string, headers ...string) answer {
	v.t.Helper()
	w := v.report(body, headers...)
	a := answer{HTTP: w.Code, Body: w.Body.String()}
	d := json.NewDecoder(strings.NewReader(a.Body))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		v.t.Fatalf("answer to %s: %d %.300s: %v", body, a.HTTP, a.Body, err)
	}
	return a
}

// block expects one good block.
func (v *vendor) block(body string, headers ...string) block {
	v.t.Helper()
	a := v.blocks(body, headers...)
	if a.HTTP != http.StatusOK || a.Status != 1 || len(a.Data) != 1 || a.Data[0].Status["code"] != json.Number("0") {
		v.t.Fatalf("answer to %s is no success: %d %.500s", body, a.HTTP, a.Body)
	}
	return a.Data[0]
}

// truth returns the rows of a query as maps from column to value, "(null)" for none.
func (v *vendor) truth(q owapro.Query) []map[string]string {
	v.t.Helper()
	rows, err := v.Rows(q)
	if err != nil {
		v.t.Fatal(err)
	}
	var out []map[string]string
	for row := range rows {
		one := map[string]string{}
		for _, name := range row.Columns() {
			value, ok := row.Value(name)
			if !ok {
				value = "(null)"
			}
			one[name] = value
		}
		out = append(out, one)
	}
	return out
}
