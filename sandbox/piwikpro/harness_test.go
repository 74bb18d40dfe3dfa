package piwikpro_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	"exporter/sandbox/piwikpro"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a server under test with its shared rooms and a login.
type vendor struct {
	*piwikpro.Server
	t      testing.TB
	h      http.Handler
	meter  *meter.Meter
	faults *faults.Set
	token  string
}

func newVendor(t testing.TB, cfg piwikpro.Config) *vendor {
	t.Helper()
	set, err := faults.NewSet(7)
	if err != nil {
		t.Fatal(err)
	}
	m := meter.New()
	s, err := piwikpro.New(7, cfg, m, set)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	return &vendor{Server: s, t: t, h: s.Handler(), meter: m, faults: set, token: s.Login("client")}
}

// small is data of some days in March, in which clocks change.
func small() piwikpro.Data {
	return piwikpro.Data{FirstDay: "2026-03-25", Days: 10, Now: "2026-04-10T12:00:00Z"}
}

func (v *vendor) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w
}

func (v *vendor) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Accept", "application/json")
	return v.do(r)
}

func (v *vendor) request(report, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/analytics/v1/"+report+"/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (v *vendor) post(report, body string) *httptest.ResponseRecorder {
	return v.do(v.request(report, body))
}

// ask is a report request of the first site and day; more replaces and adds members.
func ask(columns string, more ...string) string {
	members := map[string]json.RawMessage{
		"website_id": json.RawMessage(`"` + piwikpro.SiteID(0) + `"`),
		"date_from":  json.RawMessage(`"2026-03-25"`), "date_to": json.RawMessage(`"2026-03-25"`),
		"limit": json.RawMessage("100000"),
	}
	list := []map[string]string{}
	for _, name := range strings.Fields(columns) {
		id, turn, _ := strings.Cut(name, "/")
		column := map[string]string{"column_id": id}
		if turn != "" {
			column["transformation_id"] = turn
		}
		list = append(list, column)
	}
	members["columns"], _ = json.Marshal(list)
	for _, m := range more {
		var add map[string]json.RawMessage
		if err := json.Unmarshal([]byte("{"+m+"}"), &add); err != nil {
			panic(m + ": " + err.Error())
		}
		for name, value := range add {
			members[name] = value
			if string(value) == `"-"` {
				delete(members, name)
			}
		}
	}
	out, _ := json.Marshal(members)
	return string(out)
}

type answer struct {
	Data [][]any
	Meta struct {
		Columns []string
		Count   int
	}
}

// rows posts a report request that succeeds.
func (v *vendor) rows(report, body string) answer {
	v.t.Helper()
	w := v.post(report, body)
	var a answer
	d := json.NewDecoder(w.Body)
	d.UseNumber()
	text := w.Body.String()
	if err := d.Decode(&a); err != nil || w.Code != http.StatusOK {
		v.t.Fatalf("answer to %s %s: %d %.300s: %v", report, body, w.Code, text, err)
	}
	return a
}

// configure changes the configuration in force.
func (v *vendor) configure(change func(*piwikpro.Config)) {
	v.t.Helper()
	cfg := v.Config()
	change(&cfg)
	if err := v.Configure(cfg); err != nil {
		v.t.Fatal(err)
	}
}

// refused posts a report request that fails and returns the detail and the parameter.
func (v *vendor) refused(report, body string, status int) (detail, parameter string) {
	v.t.Helper()
	w := v.post(report, body)
	var got struct {
		Errors []struct {
			Status string
			Detail string
			Source struct{ Parameter string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != status || len(got.Errors) != 1 || got.Errors[0].Status != strconv.Itoa(status) {
		v.t.Errorf("answer to %s: %d %.300s: %v, want an error %d", body, w.Code, w.Body, err, status)
		return "", ""
	}
	return got.Errors[0].Detail, got.Errors[0].Source.Parameter
}

// truth returns the rows of a query as lines of texts, "(null)" for none.
func (v *vendor) truth(q piwikpro.Query) []string {
	v.t.Helper()
	rows, err := v.Rows(q)
	if err != nil {
		v.t.Fatal(err)
	}
	var out []string
	for row := range rows {
		var line []string
		for _, name := range row.Columns() {
			value, ok := row.Value(name)
			if !ok {
				value = "(null)"
			}
			line = append(line, value)
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}

// flat writes the rows of an answer as truth does.
func (a answer) flat() []string {
	var out []string
	text := func(v any) string {
		switch v := v.(type) {
		case nil:
			return "(null)"
		case string:
			return v
		}
		doc, _ := json.Marshal(v)
		return string(doc)
	}
	for _, row := range a.Data {
		var line []string
		for i, v := range row {
			list, isList := v.([]any)
			if isList && len(list) == 2 && a.pair(i) {
				line = append(line, text(list[0]), text(list[1]))
				continue
			}
			line = append(line, text(v))
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}

// pair reports whether a column has an id and a label; lists of two are none.
func (a answer) pair(i int) bool {
	return !strings.Contains(a.Meta.Columns[i], "goals") && !strings.Contains(a.Meta.Columns[i], "products.") && !strings.Contains(a.Meta.Columns[i], "uuids")
}
