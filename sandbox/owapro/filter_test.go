package owapro_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

func TestFilters(t *testing.T) {
	data := small()
	data.Absent = -1
	data.Customers = []owapro.Customer{{ID: 10, Name: "Ten", Trackgroups: 3, Idle: -1}, {ID: 9, Name: "Nine", Trackgroups: 2, Idle: -1}}
	v := newVendor(t, owapro.Config{Data: data})
	ids := map[string]string{} // label of a trackgroup of 10 to its id
	for _, row := range v.truth(owapro.Query{Dimensions: []string{"customer_trackgroup"}, Metrics: []string{"ctr"}, Customers: []int{10}}) {
		ids[row["customer_trackgroup"]] = row["customer_trackgroupid"]
	}
	google, bing := ids["Google Ads Brand"], ids["Bing Ads Brand"]
	cases := []struct {
		field, operator, value string
		column                 string
		want                   string
	}{
		{"date", "eq", `"2026-01-01"`, "date", "2026-01-01"},
		{"date", "ne", `"2026-01-01"`, "date", "2025-12-28 2025-12-29 2025-12-30 2025-12-31 2026-01-02 2026-01-03 2026-01-04 2026-01-05 2026-01-06"},
		{"date", "lt", `"2025-12-30"`, "date", "2025-12-28 2025-12-29"},
		{"date", "le", `"2025-12-30"`, "date", "2025-12-28 2025-12-29 2025-12-30"},
		{"date", "gt", `"2026-01-04"`, "date", "2026-01-05 2026-01-06"},
		{"date", "ge", `["2026-01-05"]`, "date", "2026-01-05 2026-01-06"},
		{"date", "in", `["2026-01-05","2025-12-28"]`, "date", "2025-12-28 2026-01-05"},
		{"date", "not_in", `["2025-12-28","2025-12-29","2025-12-30","2025-12-31","2026-01-01","2026-01-02","2026-01-03","2026-01-04"]`, "date", "2026-01-05 2026-01-06"},
		{"date", "between", `["2025-12-31","2026-01-01"]`, "date", "2025-12-31 2026-01-01"},
		{"date", "starts_with", `"2025"`, "date", "2025-12-28 2025-12-29 2025-12-30 2025-12-31"},
		{"date", "ends_with", `"-01"`, "date", "2026-01-01"},
		{"date", "contains", `"12-3"`, "date", "2025-12-30 2025-12-31"},
		{"date", "does_not_contain", `"-0"`, "date", "2025-12-28 2025-12-29 2025-12-30 2025-12-31"},
		{"date", "does_not_exist", `""`, "date", ""},
		{"date", "in", `[]`, "date", "error"},
		{"date", "eq", `"08/08/2018"`, "date", "error"},
		{"date", "like", `"x"`, "date", "error"},
		{"date", "between", `"2025-12-31"`, "date", "error"},
		{"colour", "eq", `"x"`, "date", "error"},
		{"day_of_week", "eq", `"Sunday"`, "date", "2025-12-28 2026-01-04"},

		{"customerid", "eq", `9`, "customerid", "9"},
		{"customerid", "ne", `"9"`, "customerid", "10"},
		{"customerid", "lt", `10`, "customerid", "9"},
		{"customerid", "le", `10`, "customerid", "10 9"},
		{"customerid", "gt", `9`, "customerid", "10"},
		{"customerid", "ge", `9`, "customerid", "10 9"},
		{"customerid", "between", `[5,9]`, "customerid", "9"},
		{"customerid", "in", `[9,10,11]`, "customerid", "10 9"},
		{"customerid", "not_in", `[9,11]`, "customerid", "10"},
		{"customerid", "exists", `null`, "customerid", "10 9"},
		{"customerid", "does_not_existid", `null`, "customerid", ""},
		{"customer", "eq", `"Nine"`, "customerid", "9"},
		{"customer", "eq", `"9"`, "customerid", "9"},
		{"customer", "in", `["Ten","9"]`, "customerid", "10 9"},
		{"customer", "starts_with", `"N"`, "customerid", "9"},
		{"customer", "contains", `"in"`, "customerid", "9"},
		{"customer", "ends_with", `"n"`, "customerid", "10"},

		{"customer_trackgroupid", "in", `["` + google + `","` + bing + `"]`, "customer_trackgroupid", google + " " + bing},
		{"customer_trackgroupid", "eq", google, "customer_trackgroupid", google},
		{"customer_trackgroupid", "gt", google, "customer_trackgroup", "Bing Ads Brand Facebook Brand"},
		{"customer_trackgroup", "eq", google, "customer_trackgroupid", google},
		{"customer_trackgroup", "ne", `"Bing Ads Brand"`, "customer_trackgroup", "Google Ads Brand Facebook Brand"},
		{"customer_trackgroup", "contains", `"oo"`, "customer_trackgroup", "Google Ads Brand Facebook Brand"},
		{"customer_trackgroup", "does_not_contain", `"oo"`, "customer_trackgroup", "Bing Ads Brand"},
		{"customer_trackgroup", "starts_with", `"Face"`, "customer_trackgroup", "Facebook Brand"},
		{"customer_trackgroup", "exists", `""`, "customer_trackgroup", "Google Ads Brand Bing Ads Brand Facebook Brand"},
		{"customer_trackgroup", "does_not_exist", `""`, "customer_trackgroup", ""},
		{"customer_trackgroup", "does_not_existid", `""`, "customer_trackgroup", ""},
		{"tag", "exists", `""`, "customer_trackgroup", "Bing Ads Brand Facebook Brand"},
		{"tag", "does_not_exist", `""`, "customer_trackgroup", "Google Ads Brand"},
		{"tag", "eq", `"Tag 1"`, "customer_trackgroup", "Bing Ads Brand"},
		{"tag", "ne", `"Tag 1"`, "customer_trackgroup", "Google Ads Brand Facebook Brand"},
	}
	for _, c := range cases {
		t.Run(c.field+" "+c.operator+" "+c.value, func(t *testing.T) {
			body := ask("date customer customer_trackgroup", "ctr", fmt.Sprintf(`"filters":[{"field":"date","operator":"exists"},{"field":%q,"operator":%q,"value":%s}]`, c.field, c.operator, c.value))
			if c.want == "error" {
				if w := v.report(body); w.Code != http.StatusBadRequest {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			var got []string
			seen := map[string]bool{}
			for _, row := range rows(v.block(body)) {
				if strings.HasPrefix(c.field, "customer_track") || c.field == "tag" {
					if row["customerid"] != "10" {
						continue
					}
				}
				if value := row[c.column]; !seen[value] {
					seen[value] = true
					got = append(got, value)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

func TestRelativeDates(t *testing.T) {
	data := small()
	data.FirstDay, data.Days = "2025-10-01", 200
	v := newVendor(t, owapro.Config{Data: data}) // it is Wednesday, 2026-02-18
	cases := map[string]string{
		"today": "2026-02-18", "yesterday": "2026-02-17", "week_begin": "2026-02-16", "month_begin": "2026-02-01",
		"year_begin": "2026-01-01", "quarter_begin": "2026-01-01", "quarter_end": "2026-03-31", "0_day_ago": "2026-02-18", "7_day_ago": "2026-02-11",
		"last_1_month_begin": "2026-01-01", "last_1_month_end": "2026-01-31", "last_3_month_begin": "2025-11-01", "last_3_month_end": "2025-11-30",
	}
	for word, want := range cases {
		b := v.block(ask("date", "ctr", `"filters":[{"field":"date","operator":"eq","value":"`+word+`"}]`))
		if got := column(b, "date"); !cmp.Equal(got, []string{want}) {
			t.Errorf("%s: %v, want %s", word, got, want)
		}
	}
	if v.RelativeDates() != len(cases) {
		t.Errorf("%d relative dates were counted, want %d", v.RelativeDates(), len(cases))
	}
	v.block(ask("date", "ctr", `"filters":[{"field":"date","operator":"between","value":["2026-01-01","2026-01-02"]}]`))
	if v.RelativeDates() != len(cases) {
		t.Error("an absolute date was counted")
	}
	for _, bad := range []string{"tomorrow", "x_day_ago", "-1_day_ago", "last__month_end"} {
		if w := v.report(ask("date", "ctr", `"filters":[{"field":"date","operator":"eq","value":"`+bad+`"}]`)); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

// Without a number of days the data goes on until today.
func TestUntilToday(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: owapro.Data{FirstDay: "2026-02-16", Now: "2026-02-18T00:00:00Z"}})
	if got := column(v.block(ask("date", "ctr")), "date"); !cmp.Equal(got, []string{"2026-02-16", "2026-02-17", "2026-02-18"}) {
		t.Errorf("days: %v", got)
	}
}

// The envelope of the vendor's front end means what the simple form means.
func TestForms(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: small()})
	simple := ask("date", "sale_count", `"page_limit":5`)
	outer := `{"params":` + simple + `,"non_blocking":1,"url":"http://x","method":"POST"}`
	blocks := `{"data_sources_overwrite":{"filters":[{"field":"date","operator":"exists"}],"data_blocks":{"1":[{"dimensions":["date"],"metrics":["sale_count"],"page_limit":5}]}}}`
	want := v.block(simple).Data
	for _, body := range []string{outer, blocks} {
		if diff := cmp.Diff(want, v.block(body).Data); diff != "" {
			t.Errorf("%s (-simple +got):\n%s", body, diff)
		}
	}
	a := v.blocks(`{"data_sources_overwrite":{"filters":[{"field":"date","operator":"exists"}],"data_blocks":{
		"2":[{"dimensions":["month"],"metrics":["sale_count"],"filters":[{"field":"year","operator":"eq","value":2026}]}],"1":[{"dimensions":["date"],"metrics":["sale_count"]}]}}}`)
	if len(a.Data) != 2 || a.Data[0].ID != "1" || len(a.Data[0].Data) != 10 || len(a.Data[1].Data) != 1 {
		t.Errorf("two blocks: %s", a.Body)
	}
	var echo struct {
		Data []struct {
			Metadata struct {
				Overwritten map[string]any `json:"data_sources_overwritten"`
			}
		}
	}
	if err := json.Unmarshal(v.report(simple).Body.Bytes(), &echo); err != nil {
		t.Fatal(err)
	}
	wantEcho := map[string]any{
		"include_organic": "0", "dimensions": []any{"date"}, "metrics": []any{"sale_count"}, "sort": nil, "page_limit": 5.0, "page_number": 1.0,
		"filters":      []any{map[string]any{"field": "date", "operator": "exists", "value": nil}},
		"data_blockid": "1", "data_source_order": "1",
	}
	if diff := cmp.Diff(wantEcho, echo.Data[0].Metadata.Overwritten); diff != "" {
		t.Errorf("echo (-want +got):\n%s", diff)
	}
}
