package hubrise_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/meter"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a server under test with its shared rooms.
type vendor struct {
	*hubrise.Server
	t      testing.TB
	h      http.Handler
	meter  *meter.Meter
	faults *faults.Set
	token  string
}

func newVendor(t testing.TB, cfg hubrise.Config) *vendor {
	t.Helper()
	set, err := faults.NewSet(7)
	if err != nil {
		t.Fatal(err)
	}
	m := meter.New()
	s, err := hubrise.New(7, cfg, m, set)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	return &vendor{Server: s, t: t, h: s.Handler(), meter: m, faults: set, token: "account-token"}
}

// small is data of a few days around the autumn night in which the clock goes back in Europe and America.
func small() hubrise.Data {
	return hubrise.Data{FirstDay: "2026-10-22", Days: 6, Now: "2026-12-18T12:00:00Z"}
}

func (v *vendor) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w
}

// get asks with the token; pairs are parameters.
func (v *vendor) get(path string, pairs ...string) *httptest.ResponseRecorder {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, path+"?"+q.Encode(), http.NoBody)
	r.Header.Set("X-Access-Token", v.token)
	return v.do(r)
}

// one asks for one document.
func (v *vendor) one(path string) map[string]any {
	v.t.Helper()
	w := v.get(path)
	if w.Code != http.StatusOK {
		v.t.Fatalf("%s: %d %.300s", path, w.Code, w.Body)
	}
	return parse[map[string]any](v.t, w.Body.String())
}

func parse[T any](t testing.TB, doc string) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%.500s: %v", doc, err)
	}
	return out
}

// pages follows the cursors of an index and returns its pages.
func (v *vendor) pages(path string, pairs ...string) [][]map[string]any {
	v.t.Helper()
	var out [][]map[string]any
	cursor := []string{}
	for {
		w := v.get(path, append(cursor, pairs...)...)
		if w.Code != http.StatusOK {
			v.t.Fatalf("%s %v: %d %.300s", path, pairs, w.Code, w.Body)
		}
		out = append(out, parse[[]map[string]any](v.t, w.Body.String()))
		next := w.Header().Get("X-Cursor-Next")
		if next == "" {
			return out
		}
		if len(out) > 10_000 {
			v.t.Fatalf("%s %v: no end after %d pages", path, pairs, len(out))
		}
		cursor = []string{"cursor", next}
	}
}

func (v *vendor) all(path string, pairs ...string) []map[string]any {
	v.t.Helper()
	var out []map[string]any
	for _, page := range v.pages(path, pairs...) {
		out = append(out, page...)
	}
	return out
}

func ids(rows []map[string]any) []string {
	out := []string{}
	for _, row := range rows {
		out = append(out, row["id"].(string))
	}
	return out
}

// rows collects the truth.
func (v *vendor) rows(table string, q hubrise.Query) []map[string]any {
	v.t.Helper()
	all, err := v.Rows(table, q)
	if err != nil {
		v.t.Fatal(err)
	}
	out := []map[string]any{}
	for row := range all {
		out = append(out, row)
	}
	return out
}

func (v *vendor) mutate(m hubrise.Mutation) []string {
	v.t.Helper()
	changed, err := v.Mutate(m)
	if err != nil {
		v.t.Fatal(err)
	}
	return changed
}

// expect compares status and a part of the body.
func expect(t testing.TB, what string, w *httptest.ResponseRecorder, status int, part string) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), part) {
		t.Errorf("%s:\n got %d %.300s\nwant %d %s", what, w.Code, w.Body, status, part)
	}
}
