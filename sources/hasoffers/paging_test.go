package hasoffers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

const oneDay = "2026-03-05"

func TestPagesMayBeClamped(t *testing.T) {
	for _, paging := range []string{"keyset", "page"} {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{MaxLimit: 30, RowOrder: sandbox.RowsShuffled, PageEcho: sandbox.PageEchoString}})
		got := read(t, overWire(t, v, v.network(), &hasoffers.Options{Paging: paging, PageSize: 120}), day(t, oneDay, 1))
		got.whole(t, v, day(t, oneDay, 1))
		if len(got.marks) < 6 {
			t.Errorf("%s: got %d pages, want one for every 30 rows", paging, len(got.marks))
		}
	}
}

// TestRowsThatMove reads 200 rows, 50 at a time, while the day changes after the
// second call.
func TestRowsThatMove(t *testing.T) {
	tests := []struct {
		name, paging string
		kind         sandbox.DriftKind
		class        fault.Class
		provisional  bool
	}{
		{"arrivals", "keyset", sandbox.Arrive, "", false},
		{"rows added by hand", "keyset", sandbox.Backdate, "", false},
		{"rows that go", "keyset", sandbox.Delete, "", true},
		{"arrivals", "page", sandbox.Arrive, fault.Drift, false},
		{"rows added by hand", "page", sandbox.Backdate, fault.Drift, false},
		{"rows that go", "page", sandbox.Delete, fault.Drift, false},
	}
	for _, test := range tests {
		t.Run(test.paging+", "+test.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			if _, err := v.Drift(sandbox.Drift{Kind: test.kind, Day: oneDay, Rows: 5, AfterCalls: 2}); err != nil {
				t.Fatal(err)
			}
			got := read(t, overWire(t, v, v.network(), &hasoffers.Options{Paging: test.paging, PageSize: 50}), day(t, oneDay, 1))
			if fault.ClassOf(got.err) != test.class {
				t.Fatalf("got %v of class %q, want class %q", got.err, fault.ClassOf(got.err), test.class)
			}
			if test.class != "" {
				return
			}
			if !test.provisional {
				got.whole(t, v, day(t, oneDay, 1))
				return
			}
			if !got.provisional || got.announced == got.rows || !strings.Contains(got.warning(), "provisional") {
				t.Errorf("got %d rows of %d announced, provisional %t, warnings %q, want a provisional slice that says so", got.rows, got.announced, got.provisional, got.warnings)
			}
		})
	}
}

func TestPositionsAreVerified(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := overWire(t, v, v.network(), &hasoffers.Options{Paging: "page", PageSize: 50})
	req := request(t, s, "conversions", day(t, oneDay, 1))
	first := collect(t.Context(), t, s, req)
	first.whole(t, v, req.Interval)
	if _, err := v.Restate(oneDay, 40); err != nil {
		t.Fatal(err)
	}
	req.After = first.marks[1]
	if got := collect(t.Context(), t, s, req); fault.ClassOf(got.err) != fault.Drift || got.rows != 0 {
		t.Errorf("got %d rows and %v, want class %q and nothing", got.rows, got.err, fault.Drift)
	}
	req.After.Cursor = []byte(`{"passes":7}`)
	if got := collect(t.Context(), t, s, req); fault.ClassOf(got.err) != fault.Drift {
		t.Errorf("a cursor of another definition: got %v, want class %q", got.err, fault.Drift)
	}
	req.After.Cursor = []byte(`{`)
	if got := collect(t.Context(), t, s, req); fault.ClassOf(got.err) != fault.Drift {
		t.Errorf("a broken cursor: got %v, want class %q", got.err, fault.Drift)
	}
}

// TestVendorsThatCheat has a vendor that ignores what pages are found by.
func TestVendorsThatCheat(t *testing.T) {
	tests := []struct {
		name, paging string
		class        fault.Class
		change       func(query map[string][]string, call int)
	}{
		{"ignores the filter on id", "keyset", fault.Data, func(q map[string][]string, _ int) { delete(q, "filters[id][GREATER_THAN]") }},
		{"ignores the page", "page", fault.Data, func(q map[string][]string, _ int) { delete(q, "page") }},
		{"gives rows of the page before", "page", fault.Drift, func(q map[string][]string, call int) {
			if call == 3 {
				q["limit"] = []string{"45"}
			}
		}},
		{"gives fewer rows for the other half of the fields", "split keyset", fault.Drift, func(q map[string][]string, _ int) {
			if !slices.Contains(q["fields[]"], "id") {
				q["limit"] = []string{"40"}
			}
		}},
		{"gives other rows for the other half of the fields", "split page", fault.Drift, func(q map[string][]string, _ int) {
			if !slices.Contains(q["fields[]"], "id") {
				q["page"] = []string{"2"}
			}
		}},
		{"ends early", "keyset", fault.Data, func(q map[string][]string, call int) {
			if call > 1 && q["limit"][0] != "1" {
				q["page"] = []string{"9"}
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			calls := 0
			v.SetFront(func(w http.ResponseWriter, r *http.Request) {
				calls++
				q := r.URL.Query()
				test.change(q, calls)
				r.URL.RawQuery = q.Encode()
				v.Handler().ServeHTTP(w, r)
			})
			c := v.network()
			paging, split := strings.CutPrefix(test.paging, "split ")
			if split {
				c.URLMax = 900
			}
			got := read(t, overWire(t, v, c, &hasoffers.Options{Paging: paging, PageSize: 50}), day(t, oneDay, 1))
			if fault.ClassOf(got.err) != test.class || fault.HintOf(got.err) == "" {
				t.Errorf("got %d rows and %v of class %q, want class %q and a hint", got.rows, got.err, fault.ClassOf(got.err), test.class)
			}
		})
	}
}

func TestIDRefused(t *testing.T) {
	refused := sandbox.Config{Answers: sandbox.Answers{RefusedFields: []string{"id"}}}
	t.Run("falls back to pages", func(t *testing.T) {
		v := newVendor(t, refused)
		s := overWire(t, v, v.network(), &hasoffers.Options{PageSize: 50})
		got := read(t, s, day(t, oneDay, 1))
		got.whole(t, v, day(t, oneDay, 1))
		if !strings.Contains(got.warning(), `paging = "page"`) || got.nulls["id"] != 0 {
			t.Errorf("got warnings %q and %d rows without id, want a word about paging, and the ids", got.warnings, got.nulls["id"])
		}
		if got.marks[0].Kind != sources.Position {
			t.Errorf("got a checkpoint of kind %q", got.marks[0].Kind)
		}
		read(t, s, day(t, "2026-03-06", 1)).whole(t, v, day(t, "2026-03-06", 1))
	})
	t.Run("gone altogether", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{NoID: true}})
		got := read(t, overWire(t, v, v.network(), &hasoffers.Options{PageSize: 50}), day(t, oneDay, 1))
		got.whole(t, v, day(t, oneDay, 1))
		if got.nulls["id"] != got.rows {
			t.Errorf("%d of %d rows have an id", got.rows-got.nulls["id"], got.rows)
		}
	})
	for name, o := range map[string]hasoffers.Options{
		"options.paging":         {Paging: "keyset"},
		"options.fields":         {Fields: []string{"id", "datetime"}, Paging: "page"},
		"options.filters.status": {Filters: map[string]any{"status": "approved"}},
	} {
		t.Run("fails where the job insists: "+name, func(t *testing.T) {
			v := newVendor(t, refused)
			got := read(t, overWire(t, v, v.network(), &o), day(t, oneDay, 1))
			key := name[strings.LastIndexByte(name, '.')+1:]
			if fault.ClassOf(got.err) != fault.Config || !strings.Contains(fault.HintOf(got.err), key) {
				t.Errorf("got %v with hint %q, want class %q and a hint at %s", got.err, fault.HintOf(got.err), fault.Config, name)
			}
		})
	}
}

// TestCheckpointsOutliveOptions goes on after a checkpoint though the job has
// been told to page in another way since.
func TestCheckpointsOutliveOptions(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	ways := []string{"keyset", "page"}
	for i, paging := range ways {
		s := overWire(t, v, v.network(), &hasoffers.Options{Paging: paging, PageSize: 50})
		req := request(t, s, "conversions", day(t, oneDay, 1))
		whole := collect(t.Context(), t, s, req)
		whole.whole(t, v, req.Interval)
		req.After = whole.marks[1]
		other := overWire(t, v, v.network(), &hasoffers.Options{Paging: ways[1-i], PageSize: 70})
		rest := collect(t.Context(), t, other, req)
		if rest.err != nil || rest.rows != whole.rows-100 || rest.announced != whole.announced {
			t.Errorf("%s gone on with as %s: got %d rows of %d announced, %v, want the %d after two pages", paging, ways[1-i], rest.rows, rest.announced, rest.err, whole.rows-100)
		}
	}
}
