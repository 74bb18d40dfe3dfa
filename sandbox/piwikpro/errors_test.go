package piwikpro_test

import (
	"net/http"
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/piwikpro"
)

// A mistake is 400 with the field it is in.
func TestMistakes(t *testing.T) {
	cases := map[string]struct {
		report, body      string
		detail, parameter string
	}{
		"unknown column":        {"query", ask("source avg_session_time"), `Dimension "avg_session_time" does not exist.`, "columns.1.column_id"},
		"metric in raw data":    {"sessions", ask("sessions"), `Dimension "sessions" does not exist.`, "columns.0.column_id"},
		"event in sessions":     {"sessions", ask("event_url"), `Dimension "event_url" does not exist.`, "columns.0.column_id"},
		"raw column in a query": {"query", ask("session_id sessions"), `Dimension "session_id" does not exist.`, "columns.0.column_id"},
		"transformation":        {"query", ask("source/x sessions"), `Transformation "x" does not exist.`, "columns.0.transformation_id"},
		"of another type":       {"query", ask("source/to_date sessions"), "is not supported by column", "columns.0.transformation_id"},
		"of a metric":           {"query", ask("source sessions/sum"), "is not supported by column", "columns.1.transformation_id"},
		"to metric in raw data": {"sessions", ask("session_total_time/sum"), "is not supported by column", "columns.0.transformation_id"},
		"no such goal":          {"query", ask("", `"columns":[{"column_id":"goal_conversions","goal_id":99}]`), "Goal does not exist", "columns.0.goal_id"},
		"goal of no goals":      {"query", ask("", `"columns":[{"column_id":"sessions","goal_id":1}]`), "not related to goals", "columns.0.goal_id"},
		"integration":           {"query", ask("source google_ads_cost"), "not available", "columns.1.column_id"},
		"limit":                 {"query", ask("source sessions", `"limit":100001`), "less than or equal to 100000", "limit"},
		"no limit":              {"events", ask("source", `"limit":0`), "greater than or equal to 1", "limit"},
		"offset":                {"events", ask("source", `"offset":-1`), "greater than or equal to 0", "offset"},
		"no columns":            {"query", ask("", `"columns":[]`), "required", "columns"},
		"no site":               {"query", ask("source", `"website_id":"-"`), "required", "website_id"},
		"no id":                 {"query", ask("source", `"website_id":"shop"`), "valid UUID", "website_id"},
		"no from":               {"query", ask("source", `"date_from":"-"`), "required", "date_from"},
		"no to":                 {"query", ask("source", `"date_to":"-"`), "required", "date_to"},
		"wrong date":            {"query", ask("source", `"date_from":"25.3.2026"`), "wrong format", "date_from"},
		"mixed dates":           {"query", ask("source", `"date_from":"2026-03-25 00:00:00"`), "wrong format", "date_to"},
		"backwards":             {"query", ask("source", `"date_from":"2026-03-26"`), "cannot be after", "date_from"},
		"relative and absolute": {"query", ask("source", `"relative_date":"today"`), "cannot be used", "relative_date"},
		"relative":              {"query", ask("source", `"date_from":"-","date_to":"-","relative_date":"last_366_days"`), "valid choice", "relative_date"},
		"format":                {"query", ask("source", `"format":"xlsx"`), "valid choice", "format"},
		"column format":         {"query", ask("source", `"column_format":"x"`), "valid choice", "column_format"},
		"sampling":              {"query", ask("source", `"options":{"sampling":0}`), "between 0.01 and 1", "options.sampling"},
		"order of 1":            {"query", ask("source", `"order_by":[[0]]`), "2 elements", "order_by.0"},
		"order beyond":          {"query", ask("source", `"order_by":[[0,"asc"],[1,"asc"]]`), "out of range", "order_by.1"},
		"order of a name":       {"query", ask("source", `"order_by":[["source","asc"]]`), "out of range", "order_by.0"},
		"direction":             {"query", ask("source", `"order_by":[[0,"up"]]`), "must be", "order_by.0"},
		"session and event":     {"query", ask("event_url session_total_time/average"), "cannot be combined", "columns"},
		"product and sum":       {"query", ask("product_name revenue/sum"), "cannot be combined", "columns"},
		"filter without group":  {"query", ask("source", `"filters":{"column_id":"source","condition":{"operator":"eq","value":"x"}}`), "group", "filters"},
		"filter on a metric":    {"query", ask("source", `"filters":{"operator":"and","conditions":[{"column_id":"sessions","condition":{"operator":"eq","value":1}}]}`), "does not exist", "filters.conditions.0.column_id"},
		"filter without value":  {"query", ask("source", `"filters":{"operator":"and","conditions":[{"column_id":"device_type","condition":{"operator":"empty"}}]}`), "required", "filters.conditions.0.condition.value"},
		"contains in raw data":  {"events", ask("source", `"filters":{"operator":"and","conditions":[{"column_id":"source","condition":{"operator":"contains","value":"x"}}]}`), "valid choice", "filters.conditions.0.condition.operator"},
		"metric filters":        {"events", ask("source", `"metric_filters":{"operator":"and","conditions":[]}`), "not supported", "metric_filters"},
		"text as limit":         {"query", ask("source", `"limit":"10"`), "valid value", "limit"},
		"no JSON":               {"query", `{"website_id"`, "JSON parse error", ""},
	}
	v := newVendor(t, piwikpro.Config{Data: small()})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			detail, parameter := v.refused(c.report, c.body, http.StatusBadRequest)
			if !strings.Contains(detail, c.detail) || parameter != c.parameter {
				t.Errorf("%q of %q, want %q of %q", detail, parameter, c.detail, c.parameter)
			}
		})
	}
	v.configure(func(c *piwikpro.Config) {
		a := &c.Answers
		a.Parameter, a.MaxOffset, a.MaxDays, a.MaxColumns, a.RawOrderBy = piwikpro.ParameterPlain, 10, 2, 3, piwikpro.RawOrderByRefused
	})
	for want, body := range map[string]string{
		"columns.column_id": ask("x"), "offset": ask("source", `"offset":11`),
		"date_to": ask("source", `"date_to":"2026-03-27"`), "columns": ask("source medium keyword sessions"),
	} {
		if _, parameter := v.refused("query", body, 400); parameter != want {
			t.Errorf("switched: %q, want %q", parameter, want)
		}
	}
	if _, parameter := v.refused("sessions", ask("source", `"order_by":[[0,"asc"]]`), 400); parameter != "order_by" {
		t.Errorf("order_by of sessions: %q", parameter)
	}
}

// Where the switches allow it, such columns are answered with nothing.
func TestEmptyInstead(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small(), Answers: piwikpro.Answers{Conflict: piwikpro.ConflictEmpty, Integrations: piwikpro.ConflictEmpty}})
	if a := v.rows("query", ask("event_url session_total_time/average")); len(a.Data) != 0 {
		t.Errorf("a conflict has %d rows", len(a.Data))
	}
	a := v.rows("query", ask("source google_ads_cost"))
	if len(a.Data) == 0 || whole(a.Data[0][1]) != 0 {
		t.Errorf("an integration that is not there: %v", a.Data)
	}
}

// A site that is not there, is another user's or has no licence.
func TestSitesOutOfReach(t *testing.T) {
	data := small()
	data.Sites = []piwikpro.Site{{}, {Forbidden: true}, {NoLicense: true}}
	data.MetaSites = []piwikpro.MetaSite{}
	v := newVendor(t, piwikpro.Config{Data: data})
	for n, status := range map[int]int{1: 403, 2: 403, 77: 403} {
		detail, _ := v.refused("events", ask("", `"website_id":"`+piwikpro.SiteID(n)+`"`), status)
		if strings.Contains(detail, "license") != (n == 2) {
			t.Errorf("site %d: %s", n, detail)
		}
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.Forbidden = piwikpro.Forbidden404 })
	v.refused("query", ask("source", `"website_id":"`+piwikpro.SiteID(1)+`"`), 404)
	if w := v.get("/api/analytics/v1/manage/goals/?website_id=" + piwikpro.SiteID(1)); w.Code != 404 {
		t.Errorf("goals: %d %s", w.Code, w.Body)
	}
	if w := v.get("/api/apps/v2/" + piwikpro.SiteID(1)); w.Code != 404 {
		t.Errorf("app: %d %s", w.Code, w.Body)
	}
}

// Faults hit by operation, credential and by what the body says.
func TestFaults(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small(), Faults: []faults.Rule{
		{Kind: faults.Status, Status: 502, Operation: "query", Query: `"offset":20`},
		{Kind: faults.Envelope, Status: 500, Body: "Something went wrong.", Operation: "sessions", Times: 1},
		{Kind: faults.HTML, Status: 503, Operation: "apps", Credential: piwikpro.ClientKey("client")},
		{Kind: faults.Status, Status: 504, Operation: "auth/token"},
		{Kind: faults.TruncatedJSON, Bytes: 40, Operation: "events"},
	}})
	if w := v.post("query", ask("source sessions", `"offset":20`)); w.Code != 502 {
		t.Errorf("page at 20: %d", w.Code)
	}
	v.rows("query", ask("source sessions", `"offset":0`))
	if detail, _ := v.refused("sessions", ask(""), 500); detail != "Something went wrong." {
		t.Errorf("envelope: %q", detail)
	}
	v.rows("sessions", ask(""))
	if w := v.get("/api/apps/v2"); w.Code != 503 || !strings.Contains(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("apps: %d %s", w.Code, w.Header())
	}
	if w := v.login(credentials); w.Code != 504 {
		t.Errorf("token: %d", w.Code)
	}
	if w := v.post("events", ask("")); w.Body.Len() > 40 {
		t.Errorf("events: %d bytes", w.Body.Len())
	}
}

func TestMethodAndSlash(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	if w := v.get("/api/analytics/v1/query/"); w.Code != 405 || w.Header().Get("Allow") != http.MethodPost {
		t.Errorf("GET: %d %s", w.Code, w.Header())
	}
	for slash, want := range map[piwikpro.Slash]int{piwikpro.SlashServed: 200, piwikpro.SlashRedirect: 301, piwikpro.SlashMissing: 404} {
		v.configure(func(c *piwikpro.Config) { c.Answers.Slash = slash })
		r := v.request("query", ask("source sessions"))
		r.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
		if w := v.do(r); w.Code != want {
			t.Errorf("%s: %d, want %d", slash, w.Code, want)
		}
		v.rows("query", ask("source sessions"))
	}
}

func TestConfigRefused(t *testing.T) {
	for want, partial := range map[string]string{
		"answers.ids":     `{"answers":{"ids":"x"}}`,
		"csv.enums":       `{"csv":{"enums":"x"}}`,
		"limits.group":    `{"limits":{"group":"x"}}`,
		"there twice":     `{"auth":{"clients":[{"id":"a"},{"id":"a"}]}}`,
		"negative":        `{"answers":{"max_limit":-1}}`,
		"positive count":  `{"limits":{"post":["x/1m"]}}`,
		"first_day":       `{"data":{"first_day":"x"}}`,
		"timezone":        `{"data":{"sites":[{"timezone":"Mars/Base"}]}}`,
		"no site":         `{"data":{"meta_sites":[{"sites":["x"]}]}}`,
		"colour":          `{"colour":1}`,
		"_sandbox/faults": `{"faults":[{"kind":"reset"}]}`,
		"restate":         `{"restate":[{"day":"x"}]}`,
	} {
		if err := newVendor(t, piwikpro.Config{}).Update([]byte(partial)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", partial, err, want)
		}
	}
	if err := newVendor(t, piwikpro.Default()).Update([]byte(`{"answers":{"cache":"off"}}`)); err != nil {
		t.Error(err)
	}
}
