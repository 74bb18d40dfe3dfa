package piwikpro_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"
)

// list is a JSON:API document.
type list struct {
	Meta struct{ Total int }
	Data []struct {
		Type, ID   string
		Attributes map[string]any
	}
}

func (v *vendor) list(path string) list {
	v.t.Helper()
	w := v.get(path)
	var out list
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/vnd.api+json" {
		v.t.Fatalf("%s: %d %s %.200s: %v", path, w.Code, w.Header(), w.Body, err)
	}
	return out
}

// Lists have ten items a page; more have to be asked for.
func TestLists(t *testing.T) {
	v := newVendor(t, piwikpro.Config{})
	for path, total := range map[string]int{
		"/api/apps/v2?": 12, "/api/analytics/v1/manage/goals/?website_id=" + piwikpro.SiteID(0): 12,
	} {
		first, rest := v.list(path), v.list(path+"&offset=10&limit=5")
		if len(first.Data) != 10 || first.Meta.Total != total || len(rest.Data) != total-10 {
			t.Errorf("%s: %d and %d of %d, want 10 and %d of %d", path, len(first.Data), len(rest.Data), first.Meta.Total, total-10, total)
		}
		for _, item := range rest.Data {
			if slices.ContainsFunc(first.Data, func(x struct {
				Type, ID   string
				Attributes map[string]any
			},
			) bool {
				return x.ID == item.ID
			}) {
				t.Errorf("%s: %s is on both pages", path, item.ID)
			}
		}
		if beyond := v.list(path + "&offset=100"); beyond.Data == nil || len(beyond.Data) != 0 {
			t.Errorf("%s: beyond the end %v, want []", path, beyond.Data)
		}
		w := v.get(path + "&offset=-1")
		if w.Code != 400 || !strings.Contains(w.Body.String(), `"title":"Invalid query parameter 'offset' - value should be a positive integer - got '-1'"`) {
			t.Errorf("%s: offset -1: %d %s", path, w.Code, w.Body)
		}
	}
	if got := v.get("/api/apps/v2?limit=1001").Code; got != 400 {
		t.Errorf("limit 1001: %d", got)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.ListLimit = 3 })
	if got := len(v.list("/api/apps/v2").Data); got != 3 {
		t.Errorf("list_limit 3: %d", got)
	}
}

func TestApps(t *testing.T) {
	v := newVendor(t, piwikpro.Config{})
	names := func(query string) (out []string) {
		for _, item := range v.list("/api/apps/v2?limit=100" + query).Data {
			out = append(out, fmt.Sprint(item.Attributes["name"]))
		}
		return out
	}
	if got := names(""); got[len(got)-1] != "Demo Shop" || slices.Contains(got, "Of another user") {
		t.Errorf("newest first, and none of another user: %q", got)
	}
	if got := names("&sort=name"); !slices.IsSorted(got) {
		t.Errorf("by name: %q", got)
	}
	if got := names("&search=harbour"); len(got) != 1 || got[0] != "Harbour Books" {
		t.Errorf("searched: %q", got)
	}
	if got := v.get("/api/apps/v2?sort=colour").Code; got != 400 {
		t.Errorf("unknown order: %d", got)
	}
	if a := v.app(piwikpro.SiteID(3)); a["name"] != "Harbour Books" || a["timezone"] != "America/New_York" || a["currency"] != "USD" {
		t.Errorf("app %+v", a)
	}
}

// A meta site is in no list of apps, has its own clock and rows of all its sites.
func TestMetaSites(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	metas := v.list("/api/meta-sites/v1")
	if len(metas.Data) != 1 || metas.Data[0].ID != piwikpro.MetaSiteID(0) || metas.Data[0].Type != "ppms/meta-site" {
		t.Fatalf("meta sites %+v", metas)
	}
	if apps := v.list("/api/meta-sites/v1/" + piwikpro.MetaSiteID(0) + "/apps"); len(apps.Data) != 3 || apps.Data[0].Attributes["timezone"] != "Asia/Kolkata" {
		t.Errorf("apps %+v", apps)
	}
	if got := v.get("/api/meta-sites/v1/" + piwikpro.MetaSiteID(7) + "/apps").Code; got != 404 {
		t.Errorf("unknown meta site: %d", got)
	}
	a := v.rows("query", ask("website_name sessions", `"website_id":"`+piwikpro.MetaSiteID(0)+`","date_from":"2026-03-27","date_to":"2026-03-28","order_by":[[0,"asc"]]`))
	if len(a.Data) != 3 {
		t.Fatalf("rows %v, want one for each site", a.Data)
	}
	for n, row := range a.Data {
		site := row[0].([]any)
		// The same instants, on the clock of the site itself: Berlin is ahead by one hour, Kolkata by 5:30.
		shift := []string{"00:00:00", "01:00:00", "05:30:00"}[n]
		own := v.rows("query", ask("sessions", `"website_id":"`+site[0].(string)+`","date_from":"2026-03-27 `+shift+`","date_to":"2026-03-29 `+shift+`"`))
		if site[0] != piwikpro.SiteID(n) || whole(own.Data[0][0]) != whole(row[1]) {
			t.Errorf("%v: %v sessions, asked alone %v", site, row[1], own.Data[0][0])
		}
	}
}

// Goals have their revenue as text.
func TestGoals(t *testing.T) {
	v := newVendor(t, piwikpro.Config{})
	item := v.list("/api/analytics/v1/manage/goals/?website_id=" + piwikpro.SiteID(0)).Data[2]
	if item.Type != "Goal" || item.Attributes["revenue"] != "10.22" || item.Attributes["website_id"] != piwikpro.SiteID(0) {
		t.Errorf("goal %+v", item)
	}
	if got := v.get("/api/analytics/v1/manage/goals/").Code; got != 400 {
		t.Errorf("without site: %d", got)
	}
	if item := v.list("/api/analytics/v1/manage/custom-dimensions/?website_id=" + piwikpro.SiteID(0)).Data[0]; item.Type != "CustomDimension" || item.Attributes["slot"] != 1.0 {
		t.Errorf("custom dimension %+v", item)
	}
}

// What the metadata tells of can be asked for.
func TestMetadata(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for _, kind := range []string{"dimensions", "metrics"} {
		path := "/analytics/api/engine/" + kind + "/?website_id=" + piwikpro.SiteID(0)
		var items []struct {
			ID   string `json:"column_id"`
			Meta struct {
				Name     string `json:"column_name"`
				Type     string `json:"column_type"`
				Nullable *bool  `json:"is_nullable"`
			} `json:"column_meta"`
		}
		if err := json.Unmarshal(v.get(path).Body.Bytes(), &items); err != nil || len(items) < 20 {
			t.Fatalf("%s: %d items: %v", kind, len(items), err)
		}
		for _, item := range items {
			report, columns := "query", item.ID+" sessions"
			if kind == "dimensions" && v.post("query", ask(columns)).Code != 200 {
				report, columns = "events", item.ID
			}
			if w := v.post(report, ask(columns)); w.Code != 200 || item.Meta.Name == "" || item.Meta.Type == "" || item.Meta.Nullable == nil {
				t.Errorf("%s %+v: %d %s", kind, item, w.Code, w.Body)
			}
		}
		r := v.request("query", "")
		r.Method, r.URL.Path, r.URL.RawQuery = "GET", "/analytics/api/engine/"+kind+"/", "website_id="+piwikpro.SiteID(0)
		if w := v.do(r); w.Code != 406 {
			t.Errorf("%s without Accept: %d", kind, w.Code)
		}
	}
}
