package piwikpro_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"exporter/ratelimit"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/piwikpro"
)

const good = `base_url = "https://acme.piwik.pro"
client_id = "c"
client_secret = "s3cret"
`

func TestConfig(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // keys with problems
	}{
		{"good", good, nil},
		{"with a zone", good + `timezone = "Asia/Kolkata"`, nil},
		{"nothing", ``, []string{"base_url", "client_id", "client_secret"}},
		{"a path", strings.Replace(good, ".pro", ".pro/api/analytics", 1), []string{"base_url"}},
		{"plain http", strings.Replace(good, "https", "http", 1), []string{"base_url"}},
		{"plain http, wanted", strings.Replace(good, "https", "http", 1) + "allow_insecure = true", nil},
		{"no such zone", good + `timezone = "EST5"`, []string{"timezone"}},
		{"this machine's zone", good + `timezone = "Local"`, []string{"timezone"}},
		{"no time", good + "timeout = \"0s\"\nbody_timeout = \"0s\"", []string{"timeout", "body_timeout"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConfig()
			if err := toml.Unmarshal([]byte(test.text), c); err != nil {
				t.Fatal(err)
			}
			problems(t, test.want, c.Validate())
		})
	}
	c := newConfig()
	if err := toml.Unmarshal([]byte(good), c); err != nil {
		t.Fatal(err)
	}
	got := c.Credential()
	want := sources.Credential{Name: "piwikpro acme.piwik.pro c", Limits: ratelimit.Limits{
		Concurrency: 3, Classes: map[string][]ratelimit.Window{"post": {{N: 60, Per: time.Minute}}, "get": {{N: 600, Per: time.Minute}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("credential (-want +got):\n%s", diff)
	}
	if c.Zone() != nil || c.Identity() != "piwikpro/acme.piwik.pro" || strings.Contains(c.TokenKey("x"), "s3cret") {
		t.Errorf("zone %v, identity %q, token key %q", c.Zone(), c.Identity(), c.TokenKey("x"))
	}
}

func problems(t *testing.T, want []string, list []settings.Problem) {
	t.Helper()
	var got []string
	for _, p := range list {
		got = append(got, p.Key)
		if p.Text == "" {
			t.Errorf("%s: no text", p.Key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys with problems (-want +got):\n%s\n%v", diff, list)
	}
}

func TestOptions(t *testing.T) {
	const site = `"dde2dc68-b6bb-45ee-9ac2-868b6181e33f"`
	tests := []struct {
		name, stream, text string
		want               []string
	}{
		{"none", "query", ``, nil},
		{"none", "sessions", ``, nil},
		{"none", "apps", ``, nil},
		{"a site", "goals", `website_id = ` + site, nil},
		{"a site twice", "events", `websites = [` + site + `, ` + site + `]`, []string{"websites[1]"}},
		{"both", "events", `website_id = ` + site + "\nwebsites = [" + site + "]", []string{"website_id"}},
		{"no site", "query", `websites = []`, []string{"websites"}},
		{"numbers of sites", "query", `websites = ["7"]`, []string{"websites[0]"}},
		{"no day", "query", `columns = ["source", "sessions", "timestamp.to_start_of_month"]`, []string{"columns"}},
		{"a day", "query", `columns = ["timestamp", "sessions"]`, nil},
		{"an hour", "query", `columns = ["timestamp.to_start_of_hour", "sessions"]`, nil},
		{"no column", "query", `columns = []`, []string{"columns"}},
		{"twice", "query", `columns = ["timestamp.to_date", "source", "source"]`, []string{"columns[2]"}},
		{"no transformation", "query", `columns = ["timestamp.to_date", "source.upper"]`, []string{"columns[1]"}},
		{"a goal without id", "query", `columns = ["timestamp.to_date", "goal_conversions@"]`, []string{"columns[1]"}},
		{"a goal by its name", "query", `columns = ["timestamp.to_date", "goal_conversions@Sign up"]`, []string{"columns[1]"}},
		{"a grouping without id", "query", `columns = ["timestamp.to_date", "custom_channel_grouping"]`, []string{"columns[1]"}},
		{"a name of the interface", "sessions", `columns = ["Session ID"]`, []string{"columns[0]"}},
		{"our own column", "sessions", `columns = ["website_id"]`, []string{"columns[0]"}},
		{"metrics of sessions", "sessions", `columns = ["sessions", "source", "session_total_time.average", "goal_conversions@3"]`, []string{"columns[0]", "columns[2]", "columns[3]"}},
		{"products", "events", `columns = ["products.name", "products.price"]`, nil},
		{"page size", "query", `page_size = 100001`, []string{"page_size"}},
		{"page size of apps", "apps", `page_size = 1001`, []string{"page_size"}},
		{"filters", "query", `filters = [{ column = "source", value = ["a", "b"] }, { any = [{ column = "device_type", operator = "empty" }, { column = "event_url.to_path", operator = "contains", value = "x" }] }]`, nil},
		{"operators", "sessions", `filters = [{ column = "source", operator = "contains", value = "a" }, { column = "source", operator = "in", value = "a" }]`, []string{"filters[0].operator", "filters[1].operator"}},
		{"values", "query", `filters = [{ column = "source" }, { column = "source", operator = "empty", value = 1 }, { column = "timestamp", value = 2026-01-01 }, { column = "revenue", value = nan }, { column = "revenue", value = [1.5, -inf] }]`, []string{"filters[0].value", "filters[1].value", "filters[2].value", "filters[3].value", "filters[4].value"}},
		{"groups", "query", `filters = [{ any = [] }, { column = "source", any = [{ column = "source", value = "x" }] }, { any = [{ column = "?", value = "x" }] }]`, []string{"filters[0].any", "filters[1]", "filters[2].any[0].column"}},
		{"metric filters", "query", `metric_filters = [{ column = "sessions", operator = "gte", value = 10 }, { column = "sessions", operator = "matches", value = "1" }]`, []string{"metric_filters[1].operator"}},
	}
	for _, test := range tests {
		t.Run(test.stream+", "+test.name, func(t *testing.T) {
			kind, ok := piwikpro.Driver().Kind(test.stream)
			if !ok {
				t.Fatal("no such stream")
			}
			o := kind.Options()
			d := toml.NewDecoder(strings.NewReader(test.text))
			if err := d.DisallowUnknownFields().Decode(o); err != nil {
				t.Fatal(err)
			}
			problems(t, test.want, o.Validate())
		})
	}
}

func TestFingerprint(t *testing.T) {
	prints := map[string]string{}
	for name, o := range map[string]sources.Options{
		"default": &piwikpro.QueryOptions{}, "columns": &piwikpro.QueryOptions{Columns: []string{"timestamp.to_date"}},
		"filters": &piwikpro.QueryOptions{Filters: []piwikpro.Filter{{Column: "source", Value: "x"}}},
		"metric":  &piwikpro.QueryOptions{MetricFilters: []piwikpro.Filter{{Column: "source", Value: "x"}}},
		"raw":     piwikpro.Sessions(piwikpro.RawOptions{}), "events": piwikpro.Events(piwikpro.RawOptions{}),
	} {
		if other, double := prints[o.Fingerprint()]; double || !json.Valid([]byte(o.Fingerprint())) {
			t.Errorf("%s and %s have one fingerprint %s", name, other, o.Fingerprint())
		}
		prints[o.Fingerprint()] = name
	}
	same := &piwikpro.QueryOptions{PageSize: 7, Sites: piwikpro.Sites{WebsiteID: sandbox.SiteID(0)}}
	if prints[same.Fingerprint()] != "default" {
		t.Error("sites and pages change no row")
	}
}

func TestFilters(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := &piwikpro.QueryOptions{
		Columns: []string{"timestamp.to_date", "source", "device_type", "sessions"},
		Filters: []piwikpro.Filter{
			{Column: "source", Operator: "neq", Value: []any{"", "google"}},
			{Any: []piwikpro.Filter{{Column: "device_type", Value: []any{int64(0), int64(1)}}, {Column: "source", Value: "bing"}}},
		},
	}
	s := open(t, v.config(), o, sources.Deps{})
	rows := cells(t, s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, "2026-03-02", "2026-03-30", "UTC"), Zone: zone(t, "UTC")})
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row["source"]+row["device_type_id"]] = true
		if row["source"] == "" || row["source"] == "google" || row["source"] != "bing" && row["device_type_id"] != "0" && row["device_type_id"] != "1" {
			t.Errorf("%v does not match", row)
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %v match", seen)
	}
}

func TestWindow(t *testing.T) {
	for _, test := range []struct{ zone, from, to, wantFrom, wantTo string }{
		{"Europe/Berlin", "2026-03-29", "2026-03-30", "2026-03-29", "2026-03-29"},                                     // 23 hours
		{"Europe/Berlin", "2026-03-01", "2026-04-01", "2026-03-01", "2026-03-31"},                                     //
		{"Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25 03:00:00", "2026-10-25 02:00:00", "2026-10-25 03:00:00"}, // two hours
		{"Europe/Berlin", "2026-03-29 01:00:00", "2026-03-29 03:00:00", "2026-03-29 01:00:00", "2026-03-29 03:00:00"}, // one hour
		{"Europe/Berlin", "2026-03-29", "2026-03-29 06:00:00", "2026-03-29 00:00:00", "2026-03-29 06:00:00"},          //
		{"America/Sao_Paulo", "2018-11-04 01:00:00", "2018-11-05", "2018-11-04", "2018-11-04"},                        // a day without midnight
		{"Asia/Kolkata", "2026-03-29 12:00:00", "2026-03-30 00:00:00", "2026-03-29 12:00:00", "2026-03-30 00:00:00"},  //
	} {
		from, to, err := piwikpro.Window(between(t, test.from, test.to, test.zone), zone(t, test.zone))
		if err != nil || from != test.wantFrom || to != test.wantTo {
			t.Errorf("%s, %s to %s: got %s to %s, %v, want %s to %s", test.zone, test.from, test.to, from, to, err, test.wantFrom, test.wantTo)
		}
	}
	i := between(t, "2026-10-25 02:00:00", "2026-10-25 03:00:00", "Europe/Berlin")
	i.Start = i.Start.Add(time.Hour) // what shows 02:00 for the second time
	if from, to, err := piwikpro.Window(i, zone(t, "Europe/Berlin")); err == nil {
		t.Errorf("an hour that the clock shows twice is asked for as %s to %s", from, to)
	}
}

// The five shapes of errors, and what is none.
func TestVendorText(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors":[{"status":"400","detail":"Dimension \"x\" does not exist.","source":{"parameter":"columns.0.column_id"}}]}`: `Dimension "x" does not exist. (columns.0.column_id)`,
		`{"errors":[{"status":"400","code":"error.default","title":"Invalid query parameter 'offset'"},{"detail":"another"}]}`:  "Invalid query parameter 'offset'; another",
		`{"errors":[{"code":"UNAUTHORIZED_ERROR","detail":"Access token not authorized"}]}`:                                     "Access token not authorized",
		`{"message":"Unauthorized"}`:                          "Unauthorized",
		`{"code":402,"message":"There is no active license"}`: "There is no active license",
		`{"error":"invalid_client","error_description":"Client authentication failed","message":"Client authentication failed","hint":"Check the client_id"}`: "invalid_client; Client authentication failed; Check the client_id",
		`{"status":"400","title":"Invalid form"}`: "Invalid form",
		"<html>\n <b>Bad   gateway</b>":           "<html> <b>Bad gateway</b>",
		``:                                        "", `[]`: "[]", `{"error":{"x":1}}`: "",
	} {
		if got := piwikpro.VendorText(body); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}
