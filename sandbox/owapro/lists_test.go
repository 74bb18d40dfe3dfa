package owapro_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/owapro"
	"exporter/sandbox/wire"

	"github.com/google/go-cmp/cmp"
)

// guarded is data with everything that is refused in it.
func guarded() owapro.Data {
	d := small()
	d.Customers = []owapro.Customer{{ID: 1, Name: "One", Trackgroups: 5}, {ID: 2, Forbidden: true}, {ID: 3, Removed: true}, {ID: 4, Name: "Four"}}
	d.Reports = []owapro.Report{{ID: 1}, {ID: 2, Forbidden: true}, {ID: 3, Removed: true}, {ID: 4, Formats: true}}
	return d
}

type listed struct {
	Status int
	Data   []map[string]string
}

func (v *vendor) list(path string) listed {
	v.t.Helper()
	w := v.get(path)
	var out listed
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 || out.Status != 1 {
		v.t.Fatalf("%s: %d %s: %v", path, w.Code, w.Body, err)
	}
	return out
}

func TestLists(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: guarded()})
	want := []map[string]string{{"customerid": "1", "customer": "One"}, {"customerid": "4", "customer": "Four"}}
	if diff := cmp.Diff(want, v.list("/api/report/customer").Data); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
	want = []map[string]string{{"configid": "1", "config": "Report 1"}, {"configid": "4", "config": "Report 4"}}
	if diff := cmp.Diff(want, v.list("/api/report/config").Data); diff != "" {
		t.Errorf("configs (-want +got):\n%s", diff)
	}
	var paged []map[string]string
	for page := 1; ; page++ {
		part := v.list(fmt.Sprintf("/api/report/customer_trackgroup?customerid=1&page_limit=2&page_number=%d", page)).Data
		paged = append(paged, part...)
		if len(part) < 2 {
			break
		}
	}
	all := v.list("/api/report/customer_trackgroup?customerid=1").Data
	if diff := cmp.Diff(all, paged); diff != "" || len(all) != 5 || all[0]["customer_trackgroup"] != "Google Ads Brand" {
		t.Errorf("trackgroups %v (-all +paged):\n%s", all, diff)
	}
	for shape, part := range map[owapro.ListShape]string{
		owapro.ListBare:   `[{"id":"1","name":"One"},{"id":"4","name":"Four"}]`,
		owapro.ListBlocks: `"data":[{"customer":"One","customerid":"1"},{"customer":"Four","customerid":"4"}],"data_blockid":"1","metadata":{},"status":{"code":0,"items":2,"pages":1}}]`,
	} {
		v := newVendor(t, owapro.Config{Data: guarded(), Answers: owapro.Answers{Lists: shape}})
		if got := v.get("/api/report/customer").Body.String(); !strings.Contains(got, part) {
			t.Errorf("%s: %s", shape, got)
		}
	}
	v = newVendor(t, owapro.Config{Data: guarded(), Answers: owapro.Answers{IgnorePageNumber: true, MaxPageLimit: 1}})
	if got := v.list("/api/report/customer?page_limit=9&page_number=2").Data; len(got) != 1 || got[0]["customerid"] != "1" {
		t.Errorf("with a small largest page, the first one always: %v", got)
	}
}

func TestConfigDetail(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: guarded()})
	type column struct {
		Name, Title, Format string
		ID                  string `json:"dw_name_id"`
	}
	for id, last := range map[string]string{"1": "kuv", "4": "keywords"} {
		var got struct {
			Data []struct {
				ConfigID  string   `json:"configid"`
				Required  []string `json:"required_filters"`
				Available struct{ Dimensions, Metrics []column }
			}
		}
		w := v.get("/api/report/config/" + id + "?customerid=1")
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Data) != 1 {
			t.Fatalf("%s: %v", w.Body, err)
		}
		d := got.Data[0]
		metrics := d.Available.Metrics
		if d.ConfigID != id || !cmp.Equal(d.Required, []string{"date"}) || metrics[len(metrics)-1].Name != last || metrics[3] != (column{Name: "ctr", Title: "CTR", Format: "percent"}) {
			t.Errorf("config %s: %s", id, w.Body)
		}
		if dims := d.Available.Dimensions; dims[13] != (column{Name: "customer_trackgroup", Title: "Trackgroup", ID: "customer_trackgroupid"}) {
			t.Errorf("dimensions of %s: %+v", id, dims)
		}
	}
}

func TestErrors(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: guarded()})
	in := func(id string) string {
		return ask("date", "sale_count", `"filters":[{"field":"date","operator":"exists"},{"field":"customerid","operator":"in","value":["`+id+`"]}]`)
	}
	gets := map[string]struct {
		status int
		part   string
	}{
		"/api/report/customer_trackgroup":              {400, `customerid \"\" is missing`},
		"/api/report/customer_trackgroup?customerid=2": {403, "No rights on customer 2"},
		"/api/report/customer_trackgroup?customerid=3": {410, "The customer 3 was removed"},
		"/api/report/customer_trackgroup?customerid=9": {404, "There is no customer 9"},
		"/api/report/config/2?customerid=1":            {403, "No rights on config 2"},
		"/api/report/config/3?customerid=1":            {410, "The config 3 was removed"},
		"/api/report/config/9?customerid=1":            {404, "There is no config 9"},
		"/api/report/config/x?customerid=1":            {400, `configid \"x\"`},
		"/api/report/config/1?customerid=2":            {403, "No rights on customer 2"},
		"/api/report/config/1":                         {400, "customerid"},
		"/api/report/customer?page_limit=0":            {400, "page_limit"},
		"/api/report/customer?page_number=x":           {400, "page_number"},
		"/api/report/dw_generate_report":               {405, "GET is not allowed"},
		"/api/report/nothing":                          {404, "404 page not found"},
	}
	for path, want := range gets {
		if w := v.get(path); w.Code != want.status || !strings.Contains(w.Body.String(), want.part) {
			t.Errorf("%s: %d %s, want %d %s", path, w.Code, w.Body, want.status, want.part)
		}
	}
	posts := map[string]struct {
		body   string
		config string
		status int
		part   string
	}{
		"no configid":      {in("1"), "", 400, "configid"},
		"unknown config":   {in("1"), "9", 404, "There is no config 9"},
		"forbidden config": {in("1"), "2", 403, "No rights on config 2"},
		"removed config":   {in("1"), "3", 410, "The config 3 was removed"},
		"forbidden":        {in("2"), "1", 403, "No rights on customer 2"},
		"forbidden name":   {strings.Replace(in("Customer 2"), "customerid", "customer", 1), "1", 403, "No rights on customer 2"},
		"removed":          {in("3"), "1", 410, "The customer 3 was removed"},
		"no JSON":          {"{", "1", 400, "not understood"},
		"bad page":         {ask("date", "sale_count", `"page_limit":"many"`), "1", 400, "is no whole number"},
		"page 0":           {ask("date", "sale_count", `"page_number":0`), "1", 400, "count from 1"},
		"no dimension":     {`{"data_sources_overwrite":{"metrics":["sale_count"]}}`, "1", 400, "at least one dimension and one metric"},
		"no date":          {ask("date", "sale_count", `"filters":[]`), "1", 400, "the filter date is required"},
		"no blocks":        {`{"data_sources_overwrite":{"data_blocks":{}}}`, "1", 400, "data_blocks is empty"},
		"currency":         {`{"currency":"XXX",` + ask("date", "sale_count")[1:], "1", 400, `unknown currency`},
	}
	for name, c := range posts {
		if w := v.report(c.body, "configid", c.config); w.Code != c.status || !strings.Contains(w.Body.String(), c.part) {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, c.status, c.part)
		}
	}
	if w := v.report(ask("date", "sale_count"), "Accept", "application/xml"); w.Code != 406 {
		t.Errorf("XML: %d", w.Code)
	}
	if w := v.report(ask("date", "sale_count"), "Accept", "application/xml, */*;q=0.1"); w.Code != 200 {
		t.Errorf("XML or anything: %d", w.Code)
	}
}

func TestErrorBodies(t *testing.T) {
	for body, want := range map[owapro.ErrorBody]string{
		"":                    `{"error":"not_found","error_description":"There is no config 9"}`,
		owapro.ErrorsText:     `There is no config 9`,
		owapro.ErrorsEnvelope: `"message":{"error":{"general":"There is no config 9"},"info":{}},"meta_data":{"app_version":"3.76.1","owa3_log_reqid":"3190001"},"status":0}`,
	} {
		v := newVendor(t, owapro.Config{Answers: owapro.Answers{ErrorBody: body}})
		if got := v.get("/api/report/config/9?customerid=1").Body.String(); !strings.HasSuffix(got, want) {
			t.Errorf("%q: %s", body, got)
		}
	}
}

// The shared rooms are wired in: faults by operation and credential, limits with every form of Retry-After.
func TestFaults(t *testing.T) {
	v := newVendor(t, owapro.Config{Faults: []faults.Rule{{Kind: faults.Status, Status: 503, Operation: "report/customer", Times: 1}}})
	for _, rule := range []faults.Rule{
		{Kind: faults.Status, Status: 418, Body: "teapot", Operation: "report/dw_generate_report", Times: 1},
		{Kind: faults.Status, Status: 500, Operation: "report/config", Credential: owapro.ClientKey("client"), Times: 1},
		{Kind: faults.Status, Status: 503, Operation: "oauth/get_refresh_token", Times: 1},
		{Kind: faults.Envelope, Body: "no luck", Operation: "report/customer_trackgroup"},
	} {
		if err := v.faults.Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	got := []int{
		v.get("/api/report/customer").Code, v.get("/api/report/customer").Code,
		v.report(ask("date", "sale_count")).Code, v.report(ask("date", "sale_count")).Code,
		v.get("/api/report/config").Code, v.get("/api/report/config").Code,
		v.form("/oauth/get_refresh_token").Code, v.form("/oauth/get_refresh_token").Code,
	}
	if diff := cmp.Diff([]int{503, 200, 418, 200, 500, 200, 503, 400}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if w := v.get("/api/report/customer_trackgroup?customerid=4711"); w.Code != 200 || !strings.Contains(w.Body.String(), `"error":{"general":"no luck"}`) || !strings.Contains(w.Body.String(), `"status":0`) {
		t.Errorf("an error on HTTP 200: %d %s", w.Code, w.Body)
	}
}

func TestLimits(t *testing.T) {
	for after, want := range map[wire.RetryAfter]string{wire.RetryAfterOff: "", wire.RetryAfterSeconds: "8", wire.RetryAfterDate: "Sat, 01 Jan 2000 00:00:10 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(t, owapro.Config{Limits: owapro.Limits{Windows: []string{"1/10s"}, RetryAfter: after, Tokens: true}, OAuth: owapro.OAuth{HASID: "s"}})
			if w := v.get("/api/report/customer"); w.Code != 200 {
				t.Fatalf("first call: %d", w.Code)
			}
			time.Sleep(2 * time.Second)
			w := v.get("/api/report/config")
			if w.Code != 429 || w.Header().Get("Retry-After") != want {
				t.Errorf("%s: %d %v", after, w.Code, w.Header())
			}
			if w := v.form("/oauth/get_access_token", "client_id", "client"); w.Code != 429 {
				t.Errorf("token call: %d", w.Code)
			}
			r := httptest.NewRequest(http.MethodGet, "/api/report/customer", http.NoBody)
			r.AddCookie(&http.Cookie{Name: "HASID", Value: "s"})
			if w := v.do(r); w.Code != 200 {
				t.Errorf("another credential: %d", w.Code)
			}
			time.Sleep(8 * time.Second)
			if w := v.get("/api/report/customer"); w.Code != 200 {
				t.Errorf("after the wait: %d", w.Code)
			}
			if got := v.meter.Count(owapro.ClientKey("client")); got.Requests != 3 || got.Refused != 1 {
				t.Errorf("counters: %+v", got)
			}
		})
	}
}
