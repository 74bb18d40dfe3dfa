package hasoffers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/meter"
)

// discard is a ResponseWriter that keeps nothing but the number of bytes.
type discard struct {
	header http.Header
	bytes  int64
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { d.bytes += int64(len(p)); return len(p), nil }

// BenchmarkFindAll reads a million conversions of 40 fields in pages of 10,000, without a network in between.
func BenchmarkFindAll(b *testing.B) {
	const rows, limit = 1_000_000, 10_000
	set, err := faults.NewSet(1)
	if err != nil {
		b.Fatal(err)
	}
	s, err := hasoffers.New(1, hasoffers.Config{Networks: []hasoffers.Network{{Days: 10, RowsPerDay: rows / 10}}}, meter.New(), set)
	if err != nil {
		b.Fatal(err)
	}
	base := "/Apiv3/json?NetworkId=demo&NetworkToken=NETdemo&Target=Conversion&Method=findAll"
	for _, field := range s.Fields()[:40] {
		base += "&fields[]=" + field
	}
	base += fmt.Sprintf("&limit=%d&filters[datetime][GREATER_THAN_OR_EQUAL_TO]=%s&filters[datetime][LESS_THAN]=%s", limit,
		url.QueryEscape("2026-01-01 00:00:00"), url.QueryEscape("2026-01-11 00:00:00"))
	cases := []struct {
		name, query, encoding string
		next                  func(page int, last string) string
	}{
		{"keyset", "&sort[id]=asc", "", func(_ int, last string) string { return "&filters[id][GREATER_THAN]=" + last }},
		{"pages", "&sort[datetime]=asc&sort[id]=asc", "", func(page int, _ string) string { return fmt.Sprintf("&page=%d", page) }},
		{"keyset gzip", "&sort[id]=asc", "gzip", func(_ int, last string) string { return "&filters[id][GREATER_THAN]=" + last }},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			m := meter.New()
			s, err := hasoffers.New(1, s.Config(), m, set)
			if err != nil {
				b.Fatal(err)
			}
			h := s.Handler()
			var bytes int64
			for b.Loop() {
				last := "0"
				for page := 1; page <= rows/limit; page++ {
					r := httptest.NewRequest(http.MethodGet, base+c.query+c.next(page, last), http.NoBody)
					r.Header.Set("Accept-Encoding", c.encoding)
					w := &discard{header: http.Header{}}
					h.ServeHTTP(w, r)
					bytes += w.bytes
					pages := m.Pages()
					served := pages[len(pages)-1]
					if served.Rows != limit {
						b.Fatalf("page %d has %d rows, want %d", page, served.Rows, limit)
					}
					last = served.Last
				}
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(b.N)/rows, "bytes/row")
		})
	}
}

// BenchmarkFindAllServed is the keyset read over loopback, client included.
func BenchmarkFindAllServed(b *testing.B) {
	const rows, limit = 1_000_000, 10_000
	set, err := faults.NewSet(1)
	if err != nil {
		b.Fatal(err)
	}
	m := meter.New()
	s, err := hasoffers.New(1, hasoffers.Config{Networks: []hasoffers.Network{{Days: 10, RowsPerDay: rows / 10}}}, m, set)
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	base := srv.URL + "/Apiv3/json?NetworkId=demo&NetworkToken=NETdemo&Target=Conversion&Method=findAll&sort[id]=asc"
	for _, field := range s.Fields()[:40] {
		base += "&fields[]=" + field
	}
	for b.Loop() {
		last := "0"
		for range rows / limit {
			res, err := client.Get(fmt.Sprintf("%s&limit=%d&filters[id][GREATER_THAN]=%s", base, limit, last))
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
			pages := m.Pages()
			last = pages[len(pages)-1].Last
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
