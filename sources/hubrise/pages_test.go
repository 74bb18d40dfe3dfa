package hubrise_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"exporter/fault"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// Pages that are not what they should be.
func TestOddPages(t *testing.T) {
	a, b, c := order("a", ""), order("b", ""), order("c", "")
	for _, one := range []struct {
		name    string
		pages   []string
		orders  int
		asked   int
		warning string
		err     string
		class   fault.Class
	}{
		{name: "one after the other", pages: []string{"[" + a + "]", "[" + b + "]", "[" + c + "]"}, orders: 3, asked: 3},
		{name: "empty ones between", pages: []string{"[]", "[" + a + "]", "[]", "[]", "[" + b + "]", "[]"}, orders: 2, asked: 6},
		{name: "a row on two", pages: []string{"[" + a + "," + b + "]", "[" + b + "," + c + "]"}, orders: 3, asked: 2, warning: "rows came twice"},
		{name: "a row twice on one", pages: []string{"[" + a + "," + a + "]"}, orders: 1, asked: 1, warning: "rows came twice"},
		{name: "a row on two that changed", pages: []string{"[" + a + "]", "[" + order("a", `, "status": "completed"`) + "]"}, err: "a came twice and had changed", class: fault.Drift},
		{name: "no end", pages: slicesOf("["+a+"]", 200), err: "do not end", class: fault.Data},
		{name: "no end and no row", pages: slicesOf("[]", 200), err: "do not end", class: fault.Data},
	} {
		t.Run(one.name, func(t *testing.T) {
			s, asked := played(t, one.pages...)
			got := read(t, s, "orders", accountOf, day(t, "2026-03-27", 1))
			if one.err != "" {
				wantError(t, got.err, one.class, one.err)
				return
			}
			if got.err != nil || len(got.rows["orders"]) != one.orders || len(asked()) != one.asked || !strings.Contains(got.warnings, one.warning) {
				t.Errorf("%d orders, %d calls, warnings %q, error %v", len(got.rows["orders"]), len(asked()), got.warnings, got.err)
			}
			for _, query := range asked() { // the other parameters stay beside the cursor
				if !strings.Contains(query, "after=2026-03-26T23%3A00%3A00Z&before=2026-03-27T23%3A00%3A00Z&count=100") {
					t.Errorf("asked with %s", query)
				}
			}
		})
	}
}

func slicesOf(text string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text
	}
	return all
}

// A cursor the vendor does not take starts the slice again, whichever status says so.
func TestRefusedCursor(t *testing.T) {
	for _, status := range []int{400, 404, 422} {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{BadCursor: status}})
		s := open(t, v.with(accountToken), &hubrise.Options{PageSize: 10}, sources.Deps{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query(); q.Get("cursor") != "" {
				q.Set("cursor", "made-up")
				r.URL.RawQuery = q.Encode()
			}
			v.Handler().ServeHTTP(w, r)
		})
		wantError(t, read(t, s, "orders", accountOf, day(t, "2026-03-27", 1)).err, fault.Drift, "refuses its own cursor", "starts again")
	}
}

// After a crash a reading goes on, or starts again; whichever, no row comes twice.
func TestResume(t *testing.T) {
	for name, c := range map[string]struct {
		answers sandbox.Answers
		between func(*testing.T, *vendor)
		drifts  bool
	}{
		"nothing happened":      {},
		"newest first":          {answers: sandbox.Answers{Rows: sandbox.RowsDescending}},
		"offsets":               {answers: sandbox.Answers{Cursors: sandbox.CursorsOffset}},
		"rows in no order":      {answers: sandbox.Answers{Rows: sandbox.RowsMixed}, drifts: true},
		"the last page changed": {between: cancel, drifts: true},
		"the cursor expired":    {between: expire, drifts: true},
		"a page to come": {between: func(t *testing.T, v *vendor) {
			t.Helper()
			sourcetest.Must[[]string](t)(v.Mutate(sandbox.Mutation{Kind: sandbox.ChangeStatus, Order: lastOrder(t, v), Status: "cancelled"}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Answers: c.answers})
			i := day(t, "2026-03-27", 1)
			source := func() sources.Source {
				return open(t, v.with(accountToken), &hubrise.Options{PageSize: 20}, sources.Deps{})
			}
			first := source()
			req := sources.Request{Stream: stream(t, first, "orders"), Part: accountOf, Interval: i, Zone: zone(t, "Europe/Paris")}
			had := &reading{rows: map[string][]map[string]string{}}
			half := 0
			for page, err := range first.Read(t.Context(), req) {
				if err != nil {
					t.Fatal(err)
				}
				if page.Batch.Table == 0 {
					for row := range page.Batch.Rows() {
						id, _ := page.Batch.Cell(row, 2)
						had.rows["orders"] = append(had.rows["orders"], map[string]string{"order_id": string(id)})
					}
				}
				if page.Next != nil {
					if half++; half == 2 {
						req.After = *page.Next
						break
					}
				}
			}
			if c.between != nil {
				c.between(t, v)
			}
			rest := readOn(t, source(), req)
			if c.drifts {
				wantError(t, rest.err, fault.Drift, "again")
				return
			}
			if rest.err != nil {
				t.Fatal(rest.err)
			}
			ids := map[string]int{}
			for _, row := range append(had.rows["orders"], rest.rows["orders"]...) {
				ids[row["order_id"]]++
			}
			n := sourcetest.Must[int](t)(v.Count("orders", sandbox.Query{Account: accountOf, After: i.Start.Format(time.RFC3339), Before: i.End.Format(time.RFC3339)}))
			if len(ids) != n || len(had.rows["orders"])+len(rest.rows["orders"]) != n || len(rest.rows["orders"]) == n {
				t.Errorf("%d and %d orders, %d of them different, want %d", len(had.rows["orders"]), len(rest.rows["orders"]), len(ids), n)
			}
		})
	}
}

// cancel cancels all orders of a location and day.
func cancel(t *testing.T, v *vendor) {
	t.Helper()
	sourcetest.Must[[]string](t)(v.Mutate(sandbox.Mutation{Kind: sandbox.ChangeStatus, Location: paris, Day: "2026-03-27", Status: "cancelled"}))
}

func expire(t *testing.T, v *vendor) {
	t.Helper()
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") != "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		v.Handler().ServeHTTP(w, r)
	})
}

// lastOrder is the last order of the day.
func lastOrder(t *testing.T, v *vendor) string {
	t.Helper()
	last := ""
	i := day(t, "2026-03-27", 1)
	rows, err := v.Rows("orders", sandbox.Query{Account: accountOf, After: i.Start.Format(time.RFC3339), Before: i.End.Format(time.RFC3339)})
	if err != nil {
		t.Fatal(err)
	}
	for row := range rows {
		last = row["id"].(string)
	}
	return last
}
