package owapro_test

import (
	"bufio"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

// samples is the folder of the vendor's published files, which are not ours to
// ship; without it the cases that need them are left out.
var samples = os.Getenv("EXPORTER_VENDOR_SAMPLES")

// The vendor's own example has a block without pages and one with, ids and labels,
// strings and numbers in one column, and float noise.
func TestPublishedAnswer(t *testing.T) {
	if samples == "" {
		return
	}
	published := sourcetest.Must[[]byte](t)(os.ReadFile(filepath.Join(samples, "owapro", "generate_report_response.json")))
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			_, _ = w.Write(published)
			return
		}
		_, _ = w.Write([]byte(`{"status": 1, "data": []}`))
	}))
	t.Cleanup(ts.Close)
	c := newConfig()
	c.BaseURL, c.HASID = ts.URL, "session-cookie"
	o := &owapro.Options{ConfigID: 1, Customers: []string{"4445"}, Blocks: map[string]owapro.Block{
		"days": {Dimensions: []string{"date"}, Metrics: []string{"click_count_pub", "sale_count"}},
		"groups": {Dimensions: []string{"customer_trackgroup", "customer"}, Metrics: []string{
			"uu_count", "ctr", "cpc", "sale_count", "sale_conv", "sale_amount", "assist_sale_count", "assist_sale_amount", "roas",
		}},
	}}
	s := openUnchecked(t, c, o, sources.Deps{}) // a block without a date is no block of a job
	got := read(t, s, "4445", day(t, "2018-04-13", 7))
	if got.err != nil || len(got.rejects) > 0 || got.warnings != "" {
		t.Fatalf("rejects %v, warnings %q, error %v", got.rejects, got.warnings, got.err)
	}
	if days, groups := got.tallies[0], got.tallies[1]; days.Rows != 7 || groups.Rows != 14 ||
		days.Sums()["sale_count"] != "185" || groups.Sums()["sale_count"] != "185" || groups.Sums()["assist_sale_amount"] != "19363.79" {
		t.Errorf("%d rows %v, %d rows %v", days.Rows, days.Sums(), groups.Rows, groups.Sums())
	}
	amount := sourcetest.Must[float64](t)(strconv.ParseFloat(got.tallies[1].Sums()["sale_amount"], 64))
	if math.Abs(amount-104082.489631653) > 1e-6 {
		t.Errorf("sale_amount adds up to %v", amount)
	}
	types := map[string]record.Type{
		"customer_id": record.Text, "date": record.Date, "click_count_pub": record.Integer, "sale_count": record.Integer,
		"customer_trackgroup": record.Text, "customer_trackgroup_id": record.Text, "customer": record.Text,
		"uu_count": record.Integer, "ctr": record.Numeric, "cpc": record.Numeric, "sale_conv": record.Numeric, "sale_amount": record.Numeric,
		"assist_sale_count": record.Integer, "assist_sale_amount": record.Numeric, "roas": record.Numeric,
	}
	if diff := cmp.Diff(types, got.types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"table": "groups", "customer_id": "4445", "customer_trackgroup": "PLA mobile", "customer_trackgroup_id": "27692", "customer": "Toolport FR",
		"uu_count": "0", "ctr": "0", "cpc": "0", "sale_count": "2", "sale_conv": "0", "sale_amount": "691.580001831055",
		"assist_sale_count": "1", "assist_sale_amount": "416.62", "roas": "0",
	}
	if diff := cmp.Diff(want, got.rows[7+12]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

var sqlName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,58}$`)

// Every name the vendor has published makes a column, in whatever company.
func TestPublishedNames(t *testing.T) {
	for file, count := range map[string]int{"reports.csv": 175, "dimensions.csv": 601} {
		if samples == "" {
			continue
		}
		f := sourcetest.Must[*os.File](t)(os.Open(filepath.Join(samples, "owapro", file)))
		var columns [2][]string
		in := bufio.NewScanner(f)
		for in.Scan() {
			backend, api, _ := strings.Cut(strings.TrimRight(in.Text(), "\r"), ";")
			columns[0], columns[1] = append(columns[0], backend), append(columns[1], api)
		}
		if err := f.Close(); err != nil || len(columns[0]) < count {
			t.Fatalf("%s: %d names, error %v", file, len(columns[0]), err)
		}
		for _, names := range columns {
			checkNames(t, names[1:]) // below the header
		}
	}
}

func checkNames(t *testing.T, names []string) {
	t.Helper()
	seen := map[string]string{}
	all := record.ColumnNames(names)
	for i, name := range all {
		if !sqlName.MatchString(name) {
			t.Errorf("%q makes the column %q", names[i], name)
		}
		if other, ok := seen[name]; ok && other != names[i] {
			t.Errorf("%q and %q make the same column %q", other, names[i], name)
		}
		seen[name] = names[i]
	}
	if diff := cmp.Diff(all, record.ColumnNames(names)); diff != "" {
		t.Errorf("names change:\n%s", diff)
	}
}
