package owapro_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"exporter/sandbox/owapro"
)

const (
	benchRows = 1_000_000

	benchAll  = "uu_count view_count_pub click_count_pub ctr cpc lead_count sale_count sale_conv cpo sale_amount assist_sale_count assist_sale_amount cost_income roas kuv"
	benchSome = "click_count_pub sale_count sale_amount cost_income"
	benchSort = `"sort":[{"date":"asc"},{"customer_trackgroupid":"asc"}]`
)

func benchVendor(tb testing.TB) *vendor {
	return newVendor(tb, owapro.Config{Data: owapro.Data{
		Days: 1000, Absent: -1, Customers: []owapro.Customer{{ID: 1, Trackgroups: 1000, Idle: -1}},
	}})
}

// discard is a ResponseWriter that keeps nothing but the number of bytes.
type discard struct {
	header http.Header
	bytes  int64
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.bytes += int64(len(p)); return len(p), nil }

// BenchmarkReport makes a report of a million rows, one page, sorted, nothing known before.
func BenchmarkReport(b *testing.B) {
	cases := []struct{ name, metrics, accept string }{
		{"csv 4 metrics", benchSome, "text/csv"},
		{"csv 15 metrics", benchAll, "text/csv"},
		{"json 4 metrics", benchSome, "application/json"},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			v := benchVendor(b)
			var bytes int64
			for b.Loop() {
				if err := v.Restate(owapro.Restatement{Day: "2026-01-01"}); err != nil { // forget the last result
					b.Fatal(err)
				}
				r := httptest.NewRequest(http.MethodPost, "/api/report/dw_generate_report", strings.NewReader(ask("date customer customer_trackgroupid customer_trackgroup", c.metrics, benchSort)))
				r.Header.Set("Authorization", "Bearer "+v.access)
				r.Header.Set("configid", "1")
				r.Header.Set("Accept", c.accept)
				w := &discard{header: http.Header{}}
				v.h.ServeHTTP(w, r)
				bytes += w.bytes
			}
			b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(b.N)/benchRows, "bytes/row")
		})
	}
}

// BenchmarkServed reads a million rows of CSV over loopback in pages, client included.
func BenchmarkServed(b *testing.B) {
	v := benchVendor(b)
	srv := httptest.NewServer(v.h)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for b.Loop() {
		for page := range 20 {
			body := ask("date customer customer_trackgroupid customer_trackgroup", benchSome, benchSort, `"page_limit":50000`, fmt.Sprintf(`"page_number":%d`, page+1))
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, srv.URL+"/api/report/dw_generate_report", strings.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+v.access)
			req.Header.Set("configid", "1")
			req.Header.Set("Accept", "text/csv")
			res, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, err = io.Copy(io.Discard, res.Body)
			if err := res.Body.Close(); err != nil {
				b.Fatal(err)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
}
