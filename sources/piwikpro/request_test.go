package piwikpro_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// What the vendor leaves open or answers silently otherwise is always said.
func TestRequestsSayEverything(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"query": {
			"options": `{"sampling":1}`, "order_by": `[[0,"asc"],[1,"asc"],[2,"asc"],[3,"asc"],[4,"asc"]]`,
			"date_from": `"2026-03-05"`, "date_to": `"2026-03-05"`,
		},
		"sessions": {"date_from": `"2026-03-05"`, "date_to": `"2026-03-05"`},
		"events":   {"date_from": `"2026-03-05"`, "date_to": `"2026-03-05"`},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			var bodies []map[string]json.RawMessage
			v.SetFront(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/api/analytics/") {
					text := sourcetest.Must[[]byte](t)(io.ReadAll(r.Body))
					r.Body = io.NopCloser(bytes.NewReader(text))
					var body map[string]json.RawMessage
					if err := json.Unmarshal(text, &body); err != nil || !strings.HasSuffix(r.URL.Path, "/"+name+"/") {
						t.Errorf("%s %s: %v", r.URL.Path, text, err)
					}
					bodies = append(bodies, body)
				}
				v.Handler().ServeHTTP(w, r)
			})
			if got := ofDay(t, v, streams[name](20)); got.err != nil {
				t.Fatal(got.err)
			}
			// Later pages begin with the last row of the page before.
			for i, page := range []struct{ offset, limit string }{{"0", "20"}, {"19", "21"}, {"39", "21"}} {
				want["offset"], want["limit"], want["format"], want["column_format"] = page.offset, page.limit, `"json"`, `"id"`
				for key, value := range want {
					if got := string(bodies[i][key]); got != value {
						t.Errorf("page %d: %s is %s, want %s", i+1, key, got, value)
					}
				}
				if name != "query" && (bodies[i]["order_by"] != nil || bodies[i]["options"] != nil) {
					t.Errorf("page %d asks for what only reports have", i+1)
				}
			}
		})
	}
}

func TestManyApps(t *testing.T) {
	data := sandbox.Data{FirstDay: "2026-03-01", Days: 2}
	var want []string
	for n := range 2005 {
		data.Sites = append(data.Sites, sandbox.Site{Sessions: -1})
		want = append(want, sandbox.SiteID(n))
	}
	v := newVendor(t, sandbox.Config{Data: data})
	got := sourcetest.Must[[]string](t)(overWire(t, v, v.config(), sessions(0)).(sources.Parted).Parts(t.Context(), "sessions"))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %d apps, want %d", len(got), len(want))
	}
}

// A list that changes while it is read is read again.
func TestAppsThatMove(t *testing.T) {
	page := func(total int, ids ...string) string {
		var data []string
		for _, id := range ids {
			data = append(data, fmt.Sprintf(`{"id":%q,"attributes":{}}`, id))
		}
		return fmt.Sprintf(`{"meta":{"total":%d},"data":[%s]}`, total, strings.Join(data, ","))
	}
	for name, test := range map[string]struct {
		pages []string
		class fault.Class
	}{
		"once":           {[]string{page(3, "a", "b"), page(3, "b"), page(3, "a", "b"), page(3, "c")}, ""},
		"another number": {[]string{page(3, "a", "b"), page(4, "c"), page(3, "a", "b"), page(3, "c")}, ""},
		"for ever":       {[]string{page(3, "a", "b"), page(3), page(3, "a", "b"), page(3), page(3, "a", "b"), page(3)}, fault.Drift},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			served := 0
			v.SetFront(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/apps/v2" {
					v.Handler().ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/vnd.api+json")
				_, _ = io.WriteString(w, test.pages[served])
				served++
			})
			got, err := overWire(t, v, v.config(), sessions(0)).(sources.Parted).Parts(t.Context(), "sessions")
			if fault.ClassOf(err) != test.class || err == nil && !slices.Equal(got, []string{"a", "b", "c"}) || served != len(test.pages) {
				t.Errorf("got %v and %v after %d pages, want class %q after %d", got, err, served, test.class, len(test.pages))
			}
		})
	}
}

func TestCheckpointsOfOthers(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := overWire(t, v, v.config(), sessions(0))
	for _, text := range []string{`{}`, `{"read":5,"count":10,"rows":7,"hash":"x"}`, `{"read":-5,"count":-10,"rows":-7,"hash":"x"}`, `"x"`, `[1]`} {
		req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
		req.After = sources.Checkpoint{Kind: sources.Position, Cursor: json.RawMessage(text)}
		if got := collect(t.Context(), t, s, req); fault.ClassOf(got.err) != fault.Drift || got.rows > 0 {
			t.Errorf("%s: got %v and %d rows, want class %q", text, got.err, got.rows, fault.Drift)
		}
	}
}

// Pages that end before the vendor's own count are never taken for all.
func TestTruncation(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	v.SetFront(answering(v, "/sessions/", `{"data":[],"meta":{"columns":["session_id","visitor_id","timestamp","source"],"count":5}}`))
	got := ofDay(t, v, piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"source"}}))
	if fault.ClassOf(got.err) != fault.Drift || len(got.marks) > 0 {
		t.Errorf("got %v and %d checkpoints, want class %q and none", got.err, len(got.marks), fault.Drift)
	}
}

// What a job drops is not asked for, unless rows are told apart by it.
func TestDroppedColumnsAreNotAskedFor(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	for name, test := range map[string]struct {
		drop []string
		gone []string // of the columns that are asked for
	}{
		"sessions": {[]string{"source", "device_type_id", "device_type_label", "operating_system_label", "visitor_id"}, []string{"source", "device_type"}},
		"query":    {[]string{"visitors", "device_type_label"}, []string{"visitors"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := overWire(t, v, v.config(), streams[name](0))
			req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
			all := len(piwikpro.Asked(s, req))
			table := &req.Stream.Tables[0]
			for _, drop := range test.drop {
				i := table.Column(drop)
				table.Columns = slices.Delete(slices.Clone(table.Columns), i, i+1)
			}
			asked := piwikpro.Asked(s, req)
			for _, id := range test.gone {
				if slices.Contains(asked, id) {
					t.Errorf("%s is asked for", id)
				}
			}
			if len(asked) != all-len(test.gone) {
				t.Errorf("asked for %v, want all but %v", asked, test.gone)
			}
			if got := collect(t.Context(), t, s, req); got.err != nil || got.rows == 0 {
				t.Errorf("%d rows, %v", got.rows, got.err)
			}
		})
	}
}
