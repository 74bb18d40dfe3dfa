package hubrise_test

import (
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/record"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// harness puts a source of the vendor beside the vendor's own truth.
func harness(t *testing.T, v *vendor, config *hubrise.Config, name, part string, options sources.Options) sourcetest.Harness {
	t.Helper()
	s := open(t, config, options, sources.Deps{})
	shape := stream(t, s, name)
	h := sourcetest.Harness{
		Open: func(tb testing.TB, setup sourcetest.Setup) sources.Source {
			return open(tb, config, sized(options, setup.PageSize), sources.Deps{Log: setup.Log, OnRequest: setup.OnRequest})
		},
		Stream: name, Part: part, Zone: zone(t, "Europe/Paris"),
		Intervals: []sources.Interval{{}},
		PageSizes: []int{30, 7, 100},
		Columns:   scalars(shape),
		Requests:  func() int { return int(v.Requests.Load()) },
		Break: func(testing.TB) {
			v.SetFront(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		},
		Hang: func(testing.TB) <-chan struct{} {
			arrived := make(chan struct{}, 100)
			v.SetFront(func(_ http.ResponseWriter, r *http.Request) {
				// A server notices that its caller is gone only after it has read the request.
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				arrived <- struct{}{}
				<-r.Context().Done()
			})
			return arrived
		},
		Mend:    func(testing.TB) { v.SetFront(nil) },
		Secrets: secrets,
	}
	h.Truth = func(tb testing.TB, i sources.Interval) map[string][]sourcetest.Row {
		q := sandbox.Query{Account: accountOf}
		if part != accountOf {
			q.Locations = []string{part}
		}
		return truth(tb, v, shape, q, i)
	}
	return h
}

func sized(options sources.Options, size int) sources.Options {
	switch o := options.(type) {
	case *hubrise.Options:
		c := *o
		c.PageSize = size
		return &c
	case *hubrise.ListOptions:
		c := *o
		c.PageSize = size
		return &c
	}
	return options
}

// scalars are the columns whose text is the same however a document is written.
func scalars(s sources.Stream) []string {
	var names []string
	for _, table := range s.Tables {
		for _, c := range table.Columns {
			if c.Type != record.JSON {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// vendors are the vendor's names of tables, where they are others than ours.
var vendors = map[string]string{
	"": "locations", "categories": "catalog_categories", "products": "catalog_products", "skus": "catalog_skus", "option_lists": "catalog_option_lists",
	"options": "catalog_options", "deals": "catalog_deals", "discounts": "catalog_discounts", "charges": "catalog_charges", "variants": "catalog_variants",
}

// truth returns the vendor's rows as the tables have them.
func truth(tb testing.TB, v *vendor, s sources.Stream, q sandbox.Query, i sources.Interval) map[string][]sourcetest.Row {
	tb.Helper()
	if !i.Start.IsZero() {
		q.After, q.Before = i.Start.Format(time.RFC3339), i.End.Format(time.RFC3339)
	}
	zones := map[string]string{}
	locations := sourcetest.Must[iter.Seq[sandbox.Row]](tb)(v.Rows("locations", sandbox.Query{Account: q.Account}))
	for row := range locations {
		zones[row["id"].(string)] = row["timezone"].(map[string]any)["name"].(string)
	}
	tables, first := map[string]record.Table{}, "" // by the vendor's names
	for i, table := range s.Tables {
		name := table.Name
		if other, ok := vendors[name]; ok {
			name = other
		}
		if tables[name] = table; i == 0 {
			first = name
		}
	}
	out := map[string][]sourcetest.Row{}
	at := map[string]string{} // locations of orders
	rows := sourcetest.Must[iter.Seq2[string, sandbox.Row]](tb)(v.RowsWith(first, q))
	for name, row := range rows {
		table, ok := tables[name]
		if !ok {
			continue
		}
		if name == "orders" {
			at[row["id"].(string)] = row["location_id"].(string)
		}
		if id, ok := row["order_id"].(string); ok {
			row["location_id"] = at[id]
		}
		cells := sourcetest.Row{}
		for _, c := range table.Columns {
			if c.Type == record.JSON {
				continue
			}
			if text, ok := expected(tb, name, c, row, zones); ok {
				cells[c.Name] = text
			}
		}
		out[table.Name] = append(out[table.Name], cells)
	}
	return out
}

// expected writes down what a column holds for a row of the vendor, from the
// sheet and not from the code.
func expected(tb testing.TB, table string, c record.Column, row sandbox.Row, zones map[string]string) (string, bool) {
	tb.Helper()
	member := c.Wire()
	switch c.Name {
	case "account_id":
		return accountOf, true
	case "position":
		member = "item_no"
	case "op_no":
		member = "no"
	case "catalog_id":
		if table == "catalogs" {
			member = "id"
		}
	case "sku_id", "option_list_id", "option_id", "deal_id", "discount_id", "charge_id", "category_id", "product_id", "variant_id":
		if strings.HasPrefix(table, "catalog_") && strings.TrimPrefix(table, "catalog_")[:3] == c.Name[:3] && (table != "catalog_options" || c.Name == "option_id") {
			member = "id"
		}
	case "business_date", "timezone":
		if table == "orders" {
			name := zones[row["location_id"].(string)]
			if c.Name == "timezone" {
				return name, true
			}
			// The printed time is that of the location; its day begins at 6.
			printed := sourcetest.Must[time.Time](tb)(time.Parse(time.RFC3339, row["created_at"].(string)))
			wall := time.Date(printed.Year(), printed.Month(), printed.Day(), printed.Hour()-6, printed.Minute(), 0, 0, time.UTC)
			return wall.Format(time.DateOnly), true
		}
	}
	if outer, inner, nested := strings.Cut(member, "."); nested {
		if outer == "deal_line" {
			member = "deal_line_" + inner
		} else {
			object, _ := row[outer].(map[string]any)
			row, member = object, inner
		}
	}
	var text string
	switch value := row[member].(type) {
	case nil:
		if c.Name == "deleted" || c.Name == "removed" || c.Name == "anonymised" {
			return "false", true
		}
		return "", false
	case string:
		text = value
	case json.Number:
		text = value.String()
	case bool:
		text = strconv.FormatBool(value)
	case int:
		text = strconv.Itoa(value)
	default:
		tb.Fatalf("%s.%s is a %T", table, member, value)
	}
	if text = strings.ReplaceAll(text, "\x00", ""); text == "" {
		return "", false
	}
	amount, currency, isMoney := strings.Cut(text, " ")
	switch {
	case strings.HasSuffix(c.Name, "_currency") && isMoney:
		return currency, true
	case c.Type == record.Numeric && isMoney:
		return amount, true
	case c.Type == record.Timestamp:
		return sourcetest.Must[time.Time](tb)(time.Parse(time.RFC3339, text)).UTC().Format(time.RFC3339Nano), true
	}
	return text, true
}

func TestContract(t *testing.T) {
	days := func(h sourcetest.Harness) sourcetest.Harness {
		h.Intervals = []sources.Interval{day(t, "2026-03-27", 1), day(t, "2026-03-28", 1), day(t, "2026-03-29", 1), day(t, "2026-03-30", 2)}
		h.Empty = day(t, "2025-01-01", 1)
		h.Drop = "status"
		return h
	}
	t.Run("orders of an account", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		sourcetest.Run(t, days(harness(t, v, v.with(accountToken), "orders", accountOf, &hubrise.Options{})))
	})
	t.Run("orders of a location", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{
			Rows: sandbox.RowsDescending, Cursors: sandbox.CursorsOffset, EmptyPages: sandbox.EmptyLast, NoMore: sandbox.NoMoreEmpty,
			Fields: sandbox.FieldsOld, NoDelivery: sandbox.NoDeliveryAbsent, ExtraKeys: true,
		}, Data: sandbox.Data{
			FirstDay: "2026-03-20", Days: 40, Now: "2026-06-01T12:00:00Z",
			Odd: sandbox.Odd{NullTotal: 7, NullElements: 11, OtherCurrency: 5, NoCustomer: 6, NUL: 3, Dirty: 2},
		}})
		h := days(harness(t, v, v.with(locationToken), "orders", paris, &hubrise.Options{Raw: true}))
		h.PageSizes = []int{10, 3, 100}
		sourcetest.Run(t, h)
	})
	t.Run("orders twice and pages of none", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{EmptyPages: sandbox.EmptyBetween, Duplicates: true}})
		sourcetest.Run(t, days(harness(t, v, v.with(accountToken), "orders", accountOf, &hubrise.Options{})))
	})
	t.Run("customers", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		h := harness(t, v, v.with(accountToken), "customers", accountOf, &hubrise.ListOptions{})
		h.Drop = "email"
		sourcetest.Run(t, h)
	})
	t.Run("catalogs", func(t *testing.T) {
		account := sandbox.Account{ID: accountOf, Locations: []sandbox.Location{{}}, Catalogs: []sandbox.Catalog{{Products: 30}, {Products: 2}, {Products: 8, Location: paris}, {Products: -1}}}
		v := newVendor(t, sandbox.Config{Data: sandbox.Data{FirstDay: "2026-03-20", Days: 1, Accounts: []sandbox.Account{account}}})
		h := harness(t, v, v.with(accountToken), "catalogs", accountOf, &hubrise.ListOptions{})
		h.Drop, h.PageSizes = "name", []int{2}
		h.Columns = slices.DeleteFunc(h.Columns, func(name string) bool { return name == "position" }) // the truth has none
		sourcetest.Run(t, h)
	})
	t.Run("catalogs linked by references", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Links: sandbox.LinksRefs, OptionLists: sandbox.OptionListsPlain}})
		s := open(t, v.with(accountToken), &hubrise.ListOptions{}, sources.Deps{})
		got := read(t, s, "catalogs", accountOf, sources.Interval{})
		n := sourcetest.Must[int](t)(v.Count("catalog_options", sandbox.Query{Account: accountOf}))
		if got.err != nil || len(got.rejects) > 0 || len(got.rows["options"]) != n || got.rows["skus"][0]["option_list_refs"] == "" || got.rows["products"][0]["category_ref"] == "" {
			t.Errorf("%d options, want %d; SKU %v, rejects %v, error %v", len(got.rows["options"]), n, got.rows["skus"], got.rejects, got.err)
		}
	})
	t.Run("option lists in both spellings", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Accept-Encoding")
			said := httptest.NewRecorder()
			v.Handler().ServeHTTP(said, r)
			w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
			var catalog map[string]any
			if strings.HasPrefix(r.URL.Path, "/v1/catalogs/") && json.Unmarshal(said.Body.Bytes(), &catalog) == nil {
				data := catalog["data"].(map[string]any)
				data["option_lists"] = data["options_lists"]
				said.Body.Reset()
				_ = json.NewEncoder(said.Body).Encode(catalog)
			}
			_, _ = said.Body.WriteTo(w)
		})
		got := read(t, open(t, v.with(accountToken), &hubrise.ListOptions{}, sources.Deps{}), "catalogs", accountOf, sources.Interval{})
		n := sourcetest.Must[int](t)(v.Count("catalog_options", sandbox.Query{Account: accountOf}))
		if got.err != nil || len(got.rejects) > 0 || n == 0 || len(got.rows["options"]) != n {
			t.Errorf("%d options, want %d; rejects %v, error %v", len(got.rows["options"]), n, got.rejects, got.err)
		}
	})
	t.Run("one location", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		for token, o := range map[string]*hubrise.ListOptions{locationToken: {}, accountToken: {Locations: []string{paris}}} {
			s := open(t, v.with(token), o, sources.Deps{})
			parts := sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), "locations"))
			got := read(t, s, "locations", parts[0], sources.Interval{})
			if got.err != nil || len(got.rows[""]) != 1 || got.rows[""][0]["location_id"] != paris || got.rows[""][0]["timezone"] != "Europe/Paris" || got.rows[""][0]["currency"] != "EUR" {
				t.Errorf("%s: %v, error %v", token, got.rows, got.err)
			}
		}
		s := open(t, v.with(accountToken), &hubrise.ListOptions{Locations: []string{paris, "3r4s3-77"}}, sources.Deps{})
		if got := read(t, s, "locations", accountOf, sources.Interval{}); got.err != nil || len(got.rows[""]) != 1 || !strings.Contains(got.warnings, `no location "3r4s3-77"`) {
			t.Errorf("%v, warnings %q, error %v", got.rows, got.warnings, got.err)
		}
	})
	t.Run("locations", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		h := harness(t, v, v.with(accountToken), "locations", accountOf, &hubrise.ListOptions{})
		h.Drop, h.PageSizes = "city", []int{1, 2}
		sourcetest.Run(t, h)
	})
}
