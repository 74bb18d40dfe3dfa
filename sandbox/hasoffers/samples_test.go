package hasoffers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

// samples is the folder of recorded vendor traffic, which is not ours to ship;
// without it there is no recording to compare with and the list of cases is empty.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

type exchange struct {
	uri        string
	body       []byte
	fixedOrder bool // key order is the server's
}

// recorded reads the exchanges of a recording.
func recorded(t *testing.T, name string) []exchange {
	t.Helper()
	if samples == "" {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(samples, "hasoffers/pyoffers/raw", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Interactions []struct {
			Request  struct{ URI string }
			Response struct {
				Body struct {
					Gzip string `json:"base64_string"`
				}
			}
		} `json:"http_interactions"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var out []exchange
	for i, x := range file.Interactions {
		zipped, err := base64.StdEncoding.DecodeString(x.Response.Body.Gzip)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(zipped))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, exchange{uri: x.Request.URI, body: body, fixedOrder: i != 3 && i != 6 && i != 8})
	}
	return out
}

// shapeOf writes JSON with its values replaced by their kind and row keys by one
// name; of several rows the first stands for all.
func shapeOf(t *testing.T, doc []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatalf("document %.200s: %v", doc, err)
	}
	return simplify(v)
}

var digits = regexp.MustCompile(`^\d+$`)

func simplify(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			name := key
			if digits.MatchString(key) {
				name = "<id>"
			}
			if _, there := out[name]; !there {
				out[name] = simplify(v[key])
			}
		}
		return out
	case []any:
		if len(v) == 0 {
			return []any{}
		}
		return []any{simplify(v[0])}
	case string:
		return "string"
	case float64:
		return "number"
	}
	return v
}

// The server answers recorded calls in the recorded shape: the same members, kinds and (for the whole
// answer) the same order. Values of rows may be "" or null, so only the names of a row's members are compared.
func TestRecordedShapes(t *testing.T) {
	v := newVendor(t, hasoffers.Config{
		Networks: []hasoffers.Network{{ID: "id", Token: "token", Days: 4, RowsPerDay: 1200}},
		Answers:  hasoffers.Answers{Fields: hasoffers.Fields2018, RefusedFields: []string{"tune_event_id"}},
	})
	id := v.truth()[0].text("id")
	for i, x := range recorded(t, "conversion.json") {
		u, err := url.Parse(x.uri)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		method := q.Get("Method")
		if method != "findAll" && method != "findById" || bytes.Contains(x.body, []byte(throttledMark)) {
			continue
		}
		if method == "findById" && bytes.Contains(x.body, []byte(`"data":{`)) {
			q.Set("id", id)
		}
		q.Del("filters[session_ip]") // a value of that network
		if bytes.Contains(x.body, []byte(`"data":[]`)) {
			q.Del("filters[offer_id]")
			q.Set("filters[goal_id]", "100000")
		}
		t.Run(fmt.Sprintf("%d %s", i, method), func(t *testing.T) {
			got := v.do(httptest.NewRequest(http.MethodGet, u.Path+"?"+q.Encode(), http.NoBody))
			if diff := cmp.Diff(forget(shapeOf(t, x.body)), forget(shapeOf(t, got.Body))); diff != "" {
				t.Errorf("%s (-recorded +got):\n%s", x.uri, diff)
			}
			if a, b := members(x.body), members(got.Body); x.fixedOrder && a != b {
				t.Errorf("order of members\nrecorded %s\ngot      %s", a, b)
			}
		})
	}
}

// throttledMark is in the answers its recorder edited by hand.
const throttledMark = "blabla"

// forget takes the values out of rows and the caller's parameters out of the echo.
func forget(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for key, member := range m {
		switch key {
		case "request":
			m[key] = "echo"
		case "Conversion":
			m[key] = slices.Sorted(maps.Keys(member.(map[string]any)))
		default:
			m[key] = forget(member)
		}
	}
	return m
}

// members lists the member names of the response in their order, without those of later rows.
func members(doc []byte) string {
	_, response, _ := strings.Cut(string(doc), `"response":`)
	var out []string
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([A-Za-z_0-9]+)":`).FindAllStringSubmatch(response, -1) {
		if digits.MatchString(m[1]) || seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		out = append(out, m[1])
	}
	return strings.Join(out, " ")
}

func TestRecordedErrors(t *testing.T) {
	v := newVendor(t, hasoffers.Config{
		Networks: []hasoffers.Network{{ID: "other", Token: "token"}}, NetworkAPI: hasoffers.NetworkAPI{Limits: []string{"50/10s"}},
	})
	for _, x := range recorded(t, "default.json") {
		if !bytes.Contains(x.body, []byte("Network id is not valid")) {
			continue
		}
		t.Run("unknown network", func(t *testing.T) {
			got := v.do(httptest.NewRequest(http.MethodGet, x.uri, http.NoBody))
			if string(got.Body) != string(x.body) {
				t.Errorf("got %s\nrecorded %s", got.Body, x.body)
			}
		})
	}
	var throttled answer
	for range 51 {
		throttled = v.do(httptest.NewRequest(http.MethodGet, "/Apiv3/json?NetworkId=other&NetworkToken=token&Target=Conversion&Method=findById&id=1", http.NoBody))
	}
	said := regexp.MustCompile(`  API usage.*?guidance\.`)
	for i, x := range recorded(t, "conversion.json") {
		if !bytes.Contains(x.body, []byte(throttledMark)) {
			continue
		}
		t.Run(fmt.Sprintf("throttled %d", i), func(t *testing.T) {
			if diff := cmp.Diff(forget(shapeOf(t, x.body)), forget(shapeOf(t, throttled.Body))); diff != "" {
				t.Errorf("shape (-recorded +got):\n%s", diff)
			}
			if want, got := said.FindString(string(x.body)), said.FindString(string(throttled.Body)); want != got || want == "" {
				t.Errorf("text %q, recorded %q", got, want)
			}
		})
	}
}
