package piwikpro_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"
)

// A filter leaves the rows that meet it, and all of them.
func TestFilters(t *testing.T) {
	single := func(column, operator, value string) string {
		return `{"column_id":"` + column + `","condition":{"operator":"` + operator + `","value":` + value + `}}`
	}
	cell := func(row []any, i int) string {
		doc, _ := json.Marshal(row[i])
		return string(doc)
	}
	source := func(row []any) string { return row[3].(string) }
	cases := map[string]struct {
		where string
		want  func(row []any) bool // session_id visitor_id timestamp source device_type session_total_events location_city_name browser_name
	}{
		"eq, in another case":   {single("source", "eq", `"GOOGLE"`), func(r []any) bool { return source(r) == "google" }},
		"neq":                   {single("source", "neq", `"google"`), func(r []any) bool { return source(r) != "google" }},
		"starts_with":           {single("source", "starts_with", `"www."`), func(r []any) bool { return strings.HasPrefix(source(r), "www.") }},
		"ends_with":             {single("source", "ends_with", `".com"`), func(r []any) bool { return strings.HasSuffix(source(r), ".com") }},
		"matches":               {single("source", "matches", `"^(bing|video)$"`), func(r []any) bool { return source(r) == "bing" || source(r) == "video" }},
		"not_matches":           {single("source", "not_matches", `"o"`), func(r []any) bool { return !strings.Contains(source(r), "o") }},
		"enum":                  {single("device_type", "eq", `1`), func(r []any) bool { return cell(r, 4) == `[1,"Smartphone"]` }},
		"enum as text":          {single("device_type", "eq", `"1"`), func(r []any) bool { return cell(r, 4) == `[1,"Smartphone"]` }},
		"not that enum":         {single("device_type", "neq", `1`), func(r []any) bool { return cell(r, 4) != `[1,"Smartphone"]` }},
		"enum, never its label": {single("browser_name", "eq", `"Chrome"`), func([]any) bool { return false }},
		"empty":                 {single("location_city_name", "empty", `null`), func(r []any) bool { return cell(r, 6) == `[0,""]` }},
		"not empty":             {single("browser_name", "not_empty", `null`), func(r []any) bool { return cell(r, 7) != `[null,""]` }},
		"more":                  {single("session_total_events", "gt", `4`), func(r []any) bool { return whole(r[5]) > 4 }},
		"at most":               {single("session_total_events", "lte", `4`), func(r []any) bool { return whole(r[5]) <= 4 }},
		"either": {
			`{"operator":"or","conditions":[` + single("source", "eq", `"bing"`) + `,` + single("source", "eq", `"video"`) + `]}`,
			func(r []any) bool { return source(r) == "bing" || source(r) == "video" },
		},
		"both": {
			single("source", "eq", `"google"`) + `,` + single("session_total_events", "gte", `3`),
			func(r []any) bool { return source(r) == "google" && whole(r[5]) >= 3 },
		},
		"an empty group": {`{"operator":"or","conditions":[]}`, func([]any) bool { return true }},
	}
	v := newVendor(t, piwikpro.Config{Data: small()})
	columns := "source device_type session_total_events location_city_name browser_name"
	all := v.rows("sessions", ask(columns, `"date_to":"2026-04-01"`)).Data
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := v.rows("sessions", ask(columns, `"date_to":"2026-04-01","filters":{"operator":"and","conditions":[`+c.where+`]}`))
			want := 0
			for _, row := range all {
				if c.want(row) {
					want++
				}
			}
			if len(got.Data) != want || got.Meta.Count != want || slices.ContainsFunc(got.Data, func(r []any) bool { return !c.want(r) }) {
				t.Errorf("%d rows, count %d, want %d", len(got.Data), got.Meta.Count, want)
			}
		})
	}
	for _, none := range []string{"null", `{"operator":"and","conditions":[]}`} {
		if got := v.rows("sessions", ask(columns, `"date_to":"2026-04-01","filters":`+none)); len(got.Data) != len(all) {
			t.Errorf("filters %s: %d rows, want %d", none, len(got.Data), len(all))
		}
	}
}

// Queries know more operators on texts, and filters on figures of the rows.
func TestQueryFilters(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	a := v.rows("query", ask("source sessions", `"filters":{"operator":"and","conditions":[{"column_id":"source","condition":{"operator":"icontains","value":"OO"}},`+
		`{"column_id":"source","condition":{"operator":"not_contains","value":"book"}}]}`))
	if len(a.Data) != 1 || a.Data[0][0] != "google" {
		t.Errorf("rows %v, want google", a.Data)
	}
	all := v.rows("query", ask("source sessions"))
	a = v.rows("query", ask("source sessions", `"metric_filters":{"operator":"and","conditions":[{"column_id":"sessions","condition":{"operator":"gte","value":7}}]}`))
	if len(a.Data) == 0 || len(a.Data) == len(all.Data) || a.Meta.Count != len(a.Data) {
		t.Errorf("%d of %d rows, count %d", len(a.Data), len(all.Data), a.Meta.Count)
	}
	for _, row := range a.Data {
		if whole(row[1]) < 7 {
			t.Errorf("row %v is below the filter", row)
		}
	}
	// A filter on an event moves the whole report to event scope.
	q := `"filters":{"operator":"and","conditions":[{"column_id":"event_type","condition":{"operator":"eq","value":9}}]}`
	orders := v.rows("query", ask("events ecommerce_conversions", q)).Data[0]
	if whole(orders[0]) != whole(orders[1]) || whole(orders[0]) == 0 {
		t.Errorf("events and orders %v, want the same", orders)
	}
}
