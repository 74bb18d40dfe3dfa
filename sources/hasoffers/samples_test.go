package hasoffers_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/sourcetest"
)

// exchange is one recorded call.
type exchange struct {
	Request struct {
		URI string `json:"uri"`
	} `json:"request"`
	Response struct {
		Body struct {
			Base64 string `json:"base64_string"`
			String string `json:"string"`
		} `json:"body"`
		Headers map[string][]string `json:"headers"`
		Status  struct {
			Code int `json:"code"`
		} `json:"status"`
	} `json:"response"`
}

// sample is what a recorded answer must become.
type sample struct {
	model       string
	status      int64
	count, page int64
	rows        int
	first       map[string]string // some values of the first row; "" = no value
	class       fault.Class
	nulls       []string // columns that are null in every row
}

// recorded holds the expectations, by file, in the order of the exchanges.
var recorded = map[string][]sample{
	"conversion": {
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "99630", "ad_id": "", "source": "", "payout": "1.00000", "datetime": "2016-08-29 05:54:43", "session_datetime": "", "is_adjustment": "0"}, nulls: []string{"ad_id", "source", "session_datetime", "session_datetime_local", "sale_amount", "tune_event_id"}},
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "99630", "status": "pending", "status_code": "22"}},
		{model: "Conversion", status: 1, count: -1, page: -1},
		{model: "Conversion", status: 1, count: 49816, page: 1, rows: 2, first: map[string]string{"id": "3", "payout": "1080.00000", "refer": "http://id.hasoffers.com/admin/offers/advertiser_conversion_tracking/3", "affiliate_info2": ""}, nulls: []string{"advertiser_info", "affiliate_info3", "tune_event_id"}},
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"revenue": "2.00000"}},
		{model: "Conversion", status: 1, count: 0, page: 1},
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 2, first: map[string]string{"id": "55632", "sale_amount": "1100.00000", "user_agent": ""}},
		{model: "Conversion", status: 1, count: -1, page: -1},
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "73", "sale_amount": "0.00000"}},
		{model: "Conversion", status: 1, count: 2177, page: 1, rows: 1, first: map[string]string{"id": "", "datetime": "2016-02-22 04:29:09", "country_code": "CZ"}},
		{model: "Conversion", status: -1, count: -1, page: -1, class: fault.Throttled},
		{model: "Conversion", status: 1, count: 49338, page: 1, rows: 1, first: map[string]string{"datetime": "2016-02-29 09:20:59"}},
		{model: "Conversion", status: -1, count: -1, page: -1, class: fault.Throttled},
		{model: "Conversion", status: -1, count: -1, page: -1, class: fault.Throttled},
		{model: "Conversion", status: -1, count: -1, page: -1, class: fault.Throttled},
	},
	"default": {
		{model: "test", status: -1, count: -1, page: -1, class: fault.Config},
		{model: "Advertiser", status: -1, count: -1, page: -1, class: fault.Data}, // a list of ids, no rows
		{model: "Offer", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "196"}},
		{model: "Advertiser", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "114"}},
		{model: "Conversion", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "99630"}},
	},
	"application": {
		{model: "OfferCategory", status: 1, count: -1, page: -1, rows: -1, first: map[string]string{"id": "1"}},
		{model: "Application", status: -1, count: -1, page: -1, class: fault.Data},
	},
	"goal": {
		{model: "Offer", status: 1, count: -1, page: -1, rows: 1},
		{model: "Goal", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "118", "status": "deleted"}},
		{model: "Goal", status: 1, count: -1, page: -1, rows: 1},
		{model: "Goal", status: 1, count: -1, page: -1},
		{model: "Goal", status: 1, count: -1, page: -1, rows: 1},
		{model: "Goal", status: 1, count: 62, page: 1, rows: 2, first: map[string]string{"id": "46"}},
	},
	"advertiser": {
		{model: "Advertiser", status: 1, count: -1, page: -1, rows: 1},
		{model: "Advertiser", status: 1, count: -1, page: -1, rows: 1, first: map[string]string{"id": "114"}},
		{model: "Advertiser", status: 1, count: -1, page: -1},
		{model: "Advertiser", status: 1, count: -1, page: -1, rows: 1},
		{model: "Advertiser", status: -1, count: -1, page: -1, class: fault.Permanent},
		{model: "Advertiser", status: 1, count: -1, page: -1},
		{model: "Advertiser", status: 1, count: 60, page: 1, rows: 2, first: map[string]string{"id": "114", "status": "blocked"}},
	},
}

// TestSamples replays recorded answers of the vendor where there are any: the
// folder is named by the environment, because they belong to their authors.
func TestSamples(t *testing.T) {
	folder := os.Getenv("EXPORTER_VENDOR_SAMPLES")
	if folder == "" {
		return
	}
	for file, want := range recorded {
		var tape struct {
			Interactions []exchange `json:"http_interactions"`
		}
		load(t, filepath.Join(folder, "hasoffers", "pyoffers", "raw", file+".json"), &tape)
		if len(tape.Interactions) != len(want) {
			t.Fatalf("%s: %d exchanges, %d expectations", file, len(tape.Interactions), len(want))
		}
		for i, e := range tape.Interactions {
			t.Run(file+"/"+string(rune('a'+i)), func(t *testing.T) { want[i].decode(t, e) })
			if want[i].model == "Conversion" {
				t.Run(file+"/"+string(rune('a'+i))+", read", func(t *testing.T) { want[i].replay(t, e) })
			}
		}
	}
	t.Run("others", func(t *testing.T) { others(t, filepath.Join(folder, "hasoffers")) })
}

func load(t *testing.T, path string, to any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// body returns the raw bytes of the answer as they went over the wire.
func (e exchange) body(t *testing.T) []byte {
	t.Helper()
	if e.Response.Body.Base64 == "" {
		return []byte(e.Response.Body.String)
	}
	raw, err := base64.StdEncoding.DecodeString(e.Response.Body.Base64)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// plain returns the answer unpacked.
func (e exchange) plain(t *testing.T) io.Reader {
	t.Helper()
	raw := e.body(t)
	if len(raw) < 2 || raw[0] != 0x1f || raw[1] != 0x8b {
		return bytes.NewReader(raw)
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return zr
}

func (s sample) decode(t *testing.T, e exchange) {
	fields := columns(t, offline(t, hasoffers.Options{}))
	fields = append(fields, "refer", "user_agent")
	got, err := hasoffers.Decode(s.model, fields, e.plain(t))
	if s.class == fault.Data {
		if fault.ClassOf(err) != fault.Data {
			t.Errorf("got %v, want class %q", err, fault.Data)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != s.status || got.Count != s.count || got.Page != s.page || s.rows >= 0 && len(got.Rows) != s.rows || s.rows < 0 && len(got.Rows) == 0 {
		t.Errorf("got status %d, count %d, page %d, %d rows, want %+v", got.Status, got.Count, got.Page, len(got.Rows), s)
	}
	if s.status != 1 {
		if class := fault.ClassOf(hasoffers.Explain(got.Texts[0])); class != s.class {
			t.Errorf("%q: got class %q, want %q", got.Texts, class, s.class)
		}
		return
	}
	for name, want := range s.first {
		if v := got.Rows[0][name]; v != want {
			t.Errorf("%s: got %q, want %q", name, v, want)
		}
	}
}

// replay serves the recorded bytes to a whole read of one page.
func (s sample) replay(t *testing.T, e exchange) {
	v := &vendor{Vendor: &sourcetest.Vendor{URL: "http://localhost"}}
	v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range e.Response.Headers {
			if name != "Content-Length" && name != "Connection" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(e.Response.Status.Code)
		if _, err := w.Write(e.body(t)); err != nil {
			t.Error(err)
		}
	})
	c := v.network()
	source := overWire(t, v, c, &hasoffers.Options{PageSize: 2})
	req := request(t, source, "conversions", sources.Interval{Start: instant(t, "2016-01-01T05:00:00Z"), End: instant(t, "2017-01-01T05:00:00Z")})
	req.Limit = max(s.rows, 1)
	got := collect(t.Context(), t, source, req)
	if s.class != "" {
		if fault.ClassOf(got.err) != s.class {
			t.Errorf("got %v, want class %q", got.err, s.class)
		}
		return
	}
	if got.err != nil {
		t.Fatal(got.err)
	}
	if got.rows != int64(s.rows) || got.rejects != 0 {
		t.Errorf("got %d rows and %d rejects (%s), want %d rows", got.rows, got.rejects, got.reject, s.rows)
	}
	for _, name := range s.nulls {
		if got.nulls[name] != got.rows {
			t.Errorf("%s: %d of %d rows are null, want all", name, got.nulls[name], got.rows)
		}
	}
}

// others are the answers that were not recorded with their exchange.
func others(t *testing.T, folder string) {
	tests := []struct {
		path, model string
		count, page int64
		rows        int
		class       fault.Class
	}{
		{"hasoffers-network-api/authentication.bad.json", "Offer", -1, -1, 0, fault.Auth},
		{"hasoffers-network-api/offer-findall.good.json", "Offer", 3, 1, 3, ""},
		{"hasoffers-network-api/report-getstats.good.json", "Stat", 3, 1, 3, ""},
		{"jthi3rry-hasoffers/conversion-findall.success.json", "Conversion", 10, 1, 10, ""},
	}
	for _, test := range tests {
		file, err := os.Open(filepath.Join(folder, filepath.FromSlash(test.path)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := hasoffers.Decode(test.model, []string{"id", "payout", "revenue"}, file)
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		if test.class != "" {
			if class := fault.ClassOf(hasoffers.Explain(got.Texts[0])); class != test.class {
				t.Errorf("%s: got class %q, want %q", test.path, class, test.class)
			}
			continue
		}
		if got.Status != 1 || got.Count != test.count || got.Page != test.page || len(got.Rows) != test.rows {
			t.Errorf("%s: got status %d, count %d, page %d, %d rows, want %+v", test.path, got.Status, got.Count, got.Page, len(got.Rows), test)
		}
	}
}
