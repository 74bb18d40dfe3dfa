package hasoffers_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/meter"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendor is a server under test with its shared rooms.
type vendor struct {
	*hasoffers.Server
	t      *testing.T
	h      http.Handler
	meter  *meter.Meter
	faults *faults.Set
}

func newVendor(t *testing.T, cfg hasoffers.Config) *vendor {
	t.Helper()
	set, err := faults.NewSet(7)
	if err != nil {
		t.Fatal(err)
	}
	m := meter.New()
	s, err := hasoffers.New(7, cfg, m, set)
	if err != nil {
		t.Fatalf("New(%+v): %v", cfg, err)
	}
	return &vendor{Server: s, t: t, h: s.Handler(), meter: m, faults: set}
}

// small is a network of few rows around the autumn change of clocks.
func small() hasoffers.Network {
	return hasoffers.Network{FirstDay: "2026-10-30", Days: 5, RowsPerDay: 96, Now: "2026-12-01T00:00:00Z"}
}

// answer is a reply, taken apart as far as it goes.
type answer struct {
	HTTP   int
	Header http.Header
	Body   []byte

	Request  json.RawMessage
	Response struct {
		Status       *int
		HTTPStatus   int
		Data         json.RawMessage
		Errors       json.RawMessage
		ErrorMessage *string
	}
}

func (v *vendor) do(r *http.Request) answer {
	v.t.Helper()
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	a := answer{HTTP: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	if w.Header().Get("Content-Encoding") == "" && json.Valid(a.Body) {
		if err := json.Unmarshal(a.Body, &a); err != nil {
			v.t.Fatalf("answer %.300s: %v", a.Body, err)
		}
	}
	return a
}

// query makes a query from pairs; a pair without = stays as it is.
func query(pairs ...string) string {
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if ok {
			pairs[i] = url.QueryEscape(name) + "=" + url.QueryEscape(value)
		}
	}
	return strings.Join(pairs, "&")
}

// call asks the Network API for a method of Conversion.
func (v *vendor) call(method string, pairs ...string) answer {
	v.t.Helper()
	q := query(append([]string{"NetworkId=demo", "NetworkToken=NETdemo", "Target=Conversion", "Method=" + method}, pairs...)...)
	return v.do(httptest.NewRequest(http.MethodGet, "/Apiv3/json?"+q, http.NoBody))
}

// page is response.data with or without paging keys, its rows in wire order.
type page struct {
	Page             json.RawMessage
	Current          int
	Count, PageCount int
	Data             json.RawMessage
	keys             []string
	rows             []map[string]*string
}

// findAll asks for a page and takes its rows apart.
func (v *vendor) findAll(pairs ...string) page {
	v.t.Helper()
	return v.page(v.call("findAll", pairs...), strings.Contains(strings.Join(pairs, "&"), "limit="))
}

func (v *vendor) page(a answer, paged bool) page {
	v.t.Helper()
	if a.HTTP != http.StatusOK || a.Response.Status == nil || *a.Response.Status != 1 {
		v.t.Fatalf("answer is no success: %d %.500s", a.HTTP, a.Body)
	}
	p := page{Data: a.Response.Data}
	if paged {
		if err := json.Unmarshal(a.Response.Data, &p); err != nil {
			v.t.Fatalf("paged data %.300s: %v", a.Response.Data, err)
		}
	}
	if string(p.Data) != "[]" {
		p.keys, p.rows = v.rowsOf(p.Data)
	}
	return p
}

func (v *vendor) rowsOf(data []byte) (keys []string, rows []map[string]*string) {
	v.t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		v.t.Fatalf("rows %.300s: %v", data, err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			v.t.Fatalf("row key: %v", err)
		}
		var row struct{ Conversion map[string]*string }
		if err := d.Decode(&row); err != nil {
			v.t.Fatalf("row %v: %v", key, err)
		}
		keys, rows = append(keys, key.(string)), append(rows, row.Conversion)
	}
	return keys, rows
}

// truth returns all rows of the first network with all their values.
func (v *vendor) truth() []truth {
	v.t.Helper()
	rows, err := v.Rows("", time.Time{}, time.Time{})
	if err != nil {
		v.t.Fatal(err)
	}
	var out []truth
	for row := range rows {
		one := truth{Row: row, values: map[string]*string{}}
		for _, name := range v.Fields() {
			one.values[name] = nil
			if value, ok := row.Value(name); ok {
				one.values[name] = &value
			}
		}
		out = append(out, one)
	}
	return out
}

type truth struct {
	hasoffers.Row
	values map[string]*string
}

func (r truth) text(field string) string {
	if p := r.values[field]; p != nil {
		return *p
	}
	return "(null)"
}
