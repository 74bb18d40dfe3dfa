package piwikpro_test

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"

	"github.com/google/go-cmp/cmp"
)

// samples is the folder of recorded answers and published documents, which are
// not ours to ship; without it there is nothing to compare with and the lists of cases are empty.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samples, "piwikpro", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func table(t *testing.T, name string) [][]string {
	t.Helper()
	if samples == "" {
		return nil
	}
	rows, err := csv.NewReader(strings.NewReader(string(sample(t, name)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var shapes = []struct {
	pattern *regexp.Regexp
	shape   string
}{
	{regexp.MustCompile(`^$`), "nothing"}, // of a text or null: the recorder wrote both so
	{regexp.MustCompile(`^\[\]$|^\[\d+(, \d+)*\]$`), "list"},
	{regexp.MustCompile(`^\[\d+, ('[^']*'|"[^"]*")\]$`), "[n, s]"},
	{regexp.MustCompile(`^\['[^']*', ('[^']*'|"[^"]*")\]$`), "[s, s]"},
	{regexp.MustCompile(`^\[None, ''\]$`), "[null, empty]"},
	{regexp.MustCompile(`^\[None, None\]$`), "[null, null]"},
	{regexp.MustCompile(`^\[None, '0'\]$`), "[null, 0]"},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\d$`), "date"},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`), "time"},
	{regexp.MustCompile(`^[0-9a-f]{16}$`), "hex"},
	{regexp.MustCompile(`^\d+(\.\d+)?$`), "number"},
}

// recordedShape is the shape of a cell as the recorder wrote it; 16 digits may be a number or an id in hex.
func recordedShape(column, value string) string {
	if (column == "session_id" || column == "event_id") && value != "" {
		return "number"
	}
	for _, s := range shapes {
		if s.pattern.MatchString(value) {
			return s.shape
		}
	}
	return "text"
}

// written is a cell as the recorder would have written it.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case []any:
		out := make([]string, len(v))
		for i, item := range v {
			switch item := item.(type) {
			case nil:
				out[i] = "None"
			case string:
				out[i] = "'" + item + "'"
			default:
				out[i] = item.(json.Number).String()
			}
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	panic("no cell")
}

// The recorded requests of the demo site are answered with the same columns, and
// each column has the shapes of cells it had then. What is not of the columns the
// requests named was added by the vendor: so it is here.
func TestRecorded(t *testing.T) {
	for _, report := range []string{"sessions", "events", "query"} {
		for i, recorded := 0, table(t, "demo-site-2021q1/"+report+".csv"); i < 1 && recorded != nil; i++ {
			header := recorded[0]
			var asked []string
			for _, name := range header[len(defaultColumns[report]):] {
				asked = append(asked, strings.Replace(name, "__", "/", 1))
			}
			data := small()
			data.Sites = []piwikpro.Site{{Sessions: 3000}}
			v := newVendor(t, piwikpro.Config{Data: data})
			a := v.rows(report, ask(strings.Join(asked, " ")))
			if diff := cmp.Diff(header, a.Meta.Columns); diff != "" {
				t.Fatalf("%s (-recorded +got):\n%s", report, diff)
			}
			want, got := map[string]map[string]bool{}, map[string]map[string]bool{}
			note := func(in map[string]map[string]bool, column, shape string) {
				if in[column] == nil {
					in[column] = map[string]bool{}
				}
				in[column][shape] = true
			}
			for _, row := range recorded[1:] {
				for i, value := range row {
					note(want, header[i], recordedShape(header[i], value))
				}
			}
			for _, row := range a.Data {
				for i, cell := range row {
					note(got, header[i], recordedShape(header[i], written(cell)))
				}
			}
			for _, column := range header {
				for shape := range want[column] {
					if !got[column][shape] {
						t.Errorf("%s: %s has no %s, only %v", report, column, shape, slices.Sorted(maps.Keys(got[column])))
					}
				}
				for shape := range got[column] {
					if !want[column][shape] && !more[report+" "+column+" "+shape] {
						t.Errorf("%s: %s has %s, recorded are %v", report, column, shape, slices.Sorted(maps.Keys(want[column])))
					}
				}
			}
		}
	}
}

var (
	defaultColumns = map[string][]string{
		"sessions": {"session_id", "visitor_id", "timestamp"}, "events": {"session_id", "event_id", "visitor_id", "timestamp"},
	}
	more = map[string]bool{ // documented, and by chance not recorded
		"query campaign_content text": true,
	}
)

// Ids of the recorded answers are as large as those here, and ordered the same way.
func TestRecordedIDs(t *testing.T) {
	rows := table(t, "demo-site-2021q1/sessions.csv")
	large, last := 0, uint64(0)
	for i, row := range rows {
		if i == 0 {
			continue
		}
		id, err := strconv.ParseUint(row[0], 10, 64)
		if err != nil || id <= last {
			t.Fatalf("row %d: id %s after %d: %v", i, row[0], last, err)
		}
		if last = id; id > 1<<63-1 {
			large++
		}
	}
	if len(rows) > 0 && large != 972 {
		t.Errorf("%d of the recorded ids are above 2^63-1, want 972", large)
	}
}

// The columns here are published with the same type, name, null and place.
func TestPublishedColumns(t *testing.T) {
	published := map[string][]string{}
	for _, row := range table(t, "columns/dimensions.csv") {
		if published[row[0]] == nil { // integrations repeat some
			published[row[0]] = row
		}
	}
	for _, row := range table(t, "columns/metrics.csv") {
		published[row[0]] = row
	}
	if len(published) == 0 {
		return
	}
	v := newVendor(t, piwikpro.Config{})
	for _, kind := range []string{"dimensions", "metrics"} {
		var items []struct {
			ID   string `json:"column_id"`
			Meta struct {
				Type     string `json:"column_type"`
				Nullable bool   `json:"is_nullable"`
			} `json:"column_meta"`
		}
		if err := json.Unmarshal(v.get("/analytics/api/engine/"+kind+"/?website_id="+piwikpro.SiteID(0)).Body.Bytes(), &items); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			row := published[item.ID]
			switch {
			case row == nil:
				t.Errorf("%s is not published", item.ID)
			case kind == "metrics":
				if row[5] != item.Meta.Type {
					t.Errorf("%s: type %s, published %s", item.ID, item.Meta.Type, row[5])
				}
			case row[7] != item.Meta.Type || row[9] != strconv.FormatBool(item.Meta.Nullable):
				t.Errorf("%s: type %s, nullable %v, published %s and %s", item.ID, item.Meta.Type, item.Meta.Nullable, row[7], row[9])
			}
		}
	}
}

// Transformations are published, and all that are published are here.
func TestPublishedTransformations(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	column := map[string]string{"int str": "source", "float int": "session_total_time", "date datetime": "timestamp", "datetime": "timestamp", "str": "session_entry_url"}
	for i, row := range table(t, "columns/transformations.csv") {
		if i == 0 {
			continue
		}
		if w := v.post("query", ask(column[row[3]]+"/"+row[0]+" sessions")); w.Code != 200 {
			t.Errorf("%s of %s: %d %s", row[0], row[3], w.Code, w.Body)
		}
	}
}

// The members of answers are those of the published examples and schemas.
func TestPublishedShapes(t *testing.T) {
	if samples == "" {
		return
	}
	v := newVendor(t, piwikpro.Config{Data: small()})
	for _, c := range []struct{ file, method, path string }{
		{"api_apps_v2", "get", "/api/apps/v2"},
		{"api_meta-sites_v1", "get", "/api/meta-sites/v1"},
		{"api_meta-sites_v1_meta_site_id_apps", "get", "/api/meta-sites/v1/" + piwikpro.MetaSiteID(0) + "/apps"},
		{"api_analytics_v1_manage_goals", "get", "/api/analytics/v1/manage/goals/?website_id=" + piwikpro.SiteID(0)},
		{"api_analytics_v1_manage_custom-dimensions", "get", "/api/analytics/v1/manage/custom-dimensions/?website_id=" + piwikpro.SiteID(0)},
		{"api_apps_v2_app_id", "get", "/api/apps/v2"},
	} {
		var doc map[string]any
		if err := json.Unmarshal(sample(t, "openapi/"+c.file+".json"), &doc); err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, path := range doc["paths"].(map[string]any) {
			collect(path.(map[string]any)[c.method], known)
		}
		item := v.list(c.path).Data[0]
		if c.file == "api_apps_v2_app_id" {
			item.Attributes = v.app(piwikpro.SiteID(0))
		}
		for name := range item.Attributes {
			if !known[name] {
				t.Errorf("%s: attribute %s is not published", c.path, name)
			}
		}
		if c.file != "api_apps_v2_app_id" && !known[item.Type] { // there it is a text like any other
			t.Errorf("%s: type %s is not published", c.path, item.Type)
		}
	}
}

// app returns what there is to know about a site.
func (v *vendor) app(id string) map[string]any {
	var doc struct {
		Data struct{ Attributes map[string]any }
	}
	if err := json.Unmarshal(v.get("/api/apps/v2/"+id).Body.Bytes(), &doc); err != nil {
		v.t.Fatal(err)
	}
	return doc.Data.Attributes
}

// collect notes the names of members and the values of enumerations of a schema.
func collect(schema any, into map[string]bool) {
	switch s := schema.(type) {
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			for name := range properties {
				into[name] = true
			}
		}
		if values, ok := s["enum"].([]any); ok {
			for _, value := range values {
				if text, ok := value.(string); ok {
					into[text] = true
				}
			}
		}
		for _, part := range s {
			collect(part, into)
		}
	case []any:
		for _, part := range s {
			collect(part, into)
		}
	}
}
