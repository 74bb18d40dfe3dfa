package owapro_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

// samples is the folder of published vendor documents, which are not ours to
// ship; without it there is nothing to compare with and the list of cases is empty.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samples, "owapro", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// published returns the published request and answer.
func published(t *testing.T) map[string][2][]byte {
	t.Helper()
	if samples == "" {
		return nil
	}
	return map[string][2][]byte{"channels": {sample(t, "generate_report_request.json"), sample(t, "generate_report_response.json")}}
}

var (
	digits  = regexp.MustCompile(`^\d+$`)
	figures = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
)

// shapeOf replaces values by their kind, and ids by one name; rows are merged,
// since one row has a number where another has a string.
func shapeOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			name := key
			if digits.MatchString(key) {
				name = "<id>"
			}
			out[name] = shapeOf(v[key])
		}
		return out
	case []any:
		var out []any
		for _, item := range v {
			shape := shapeOf(item)
			if !slices.ContainsFunc(out, func(seen any) bool { return cmp.Equal(seen, shape) }) {
				out = append(out, shape)
			}
		}
		return out
	case string:
		if figures.MatchString(v) {
			return "figure as text"
		}
		return "text"
	case float64:
		return "number"
	}
	return v
}

// members returns the members of rows. Their kinds depend on the values: a column of nothing but 0 has no strings.
func members(rows any) []string {
	names := map[string]bool{}
	for _, row := range rows.([]any) {
		for name := range row.(map[string]any) {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// The published request is answered in the shape of the published answer: the
// same members and kinds. Which figures a metric has depends on its values.
func TestPublishedShape(t *testing.T) {
	for name, pair := range published(t) {
		t.Run(name, func(t *testing.T) {
			var want, got any
			if err := json.Unmarshal(pair[1], &want); err != nil {
				t.Fatal(err)
			}
			v := newVendor(t, owapro.Config{Data: owapro.Data{FirstDay: "2018-04-01", Days: 30, Now: "2018-04-20T12:00:00Z", Absent: -1}})
			body := v.withOwnIDs(string(pair[0]))
			w := v.report(body)
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%d %.300s: %v", w.Code, w.Body, err)
			}
			wantRows, gotRows := takeRows(want), takeRows(got)
			if diff := cmp.Diff(shapeOf(want), shapeOf(got)); diff != "" {
				t.Errorf("(-published +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantRows, gotRows); diff != "" {
				t.Errorf("columns (-published +got):\n%s", diff)
			}
		})
	}
}

// takeRows takes rows and figures of metrics out of an answer and returns the columns.
func takeRows(answer any) [][]string {
	var out [][]string
	for _, item := range answer.(map[string]any)["data"].([]any) {
		b := item.(map[string]any)
		out = append(out, members(b["data"]))
		b["data"] = []any{}
		for _, m := range b["metadata"].(map[string]any)["metric"].(map[string]any) {
			for _, figure := range []string{"min", "max", "avg", "sum", "cnt"} {
				delete(m.(map[string]any), figure)
			}
		}
	}
	return out
}

// withOwnIDs replaces the ids of trackgroups in the published request by those there are here.
func (v *vendor) withOwnIDs(body string) string {
	v.t.Helper()
	known := v.list("/api/report/customer_trackgroup?customerid=4711").Data
	n := 0
	return regexp.MustCompile(`"\d{5}"`).ReplaceAllStringFunc(body, func(string) string {
		n++
		return `"` + known[n%len(known)]["customer_trackgroupid"] + `"`
	})
}

// The names of dimensions are those of the published lists.
func TestPublishedNames(t *testing.T) {
	if samples == "" {
		return
	}
	known := map[string]bool{"customer_trackgroupid": true, "group_type": true} // named elsewhere in the documentation
	for _, line := range strings.Split(string(sample(t, "dimensions.csv")), "\r\n") {
		name, _, _ := strings.Cut(line, ";")
		known[name] = true
	}
	v := newVendor(t, owapro.Config{})
	var got struct {
		Data []struct {
			Available struct{ Dimensions []struct{ Name string } }
		}
	}
	if err := json.Unmarshal(v.get("/api/report/config/1?customerid=4711").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, d := range got.Data[0].Available.Dimensions {
		if !known[d.Name] {
			t.Errorf("dimension %s is not published", d.Name)
		}
	}
}
