package hasoffers_test

import (
	"bytes"
	"fmt"
	"testing"

	"exporter/sources"
	"exporter/sources/hasoffers"
)

// BenchmarkDecode turns a page of 1,000 rows of 40 fields into a batch.
func BenchmarkDecode(b *testing.B) {
	const rows = 1000
	c := newConfig()
	c.API, c.NetworkID, c.NetworkToken, c.Timezone = "network", "demo", "NETdemo", newYork
	o := &hasoffers.Options{}
	probe := open(b, c, o, nil)
	fields := columns(b, probe)
	o.Fields = append(fields, "event_city", "promo_code", "order_id", "sku_id", "app_version")
	s := open(b, c, o, nil)
	streams, err := s.Streams(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	batcher, err := hasoffers.NewBatcher(s, sources.Request{Stream: streams[0], Interval: day(b, "2026-03-05", 1)})
	if err != nil {
		b.Fatal(err)
	}
	body := benchPage(o.Fields, rows)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		got, rejects, err := batcher.Batch(bytes.NewReader(body))
		if err != nil || got.Rows() != rows {
			b.Fatalf("%d rows, %d rejects, %v", got.Rows(), rejects.Rows(), err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}

// columns returns the vendor's names of the fields a source asks for.
func columns(tb testing.TB, s sources.Source) []string {
	tb.Helper()
	streams, err := s.Streams(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, c := range streams[0].Tables[0].Columns[1:] {
		if len(names) == 0 || names[len(names)-1] != c.Wire() {
			names = append(names, c.Wire())
		}
	}
	return names
}

func benchPage(fields []string, rows int) []byte {
	values := map[string]string{
		"datetime": "2026-03-05 09:34:58", "session_datetime": "2026-03-05 09:30:00", "payout": "1080.00000", "revenue": "1350.00000",
		"sale_amount": "99.90000", "is_adjustment": "0", "source": `social\/paid`, "affiliate_info2": "Z\\u00fcrich", "affiliate_info5": "",
		"tune_event_id": "3c0f5c76-2d5e-4a6e-9a41-1f0f8f9b7c11", "ad_id": "102412a789a5aac89e328b5220dfa5", "currency": "CZK", "status": "approved",
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"request":{},"response":{"status":1,"httpStatus":200,"data":{"page":1,"current":0,"count":%d,"pageCount":1,"data":{`, rows)
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%d":{"Conversion":{`, i+1)
		for k, f := range fields {
			if k > 0 {
				b.WriteByte(',')
			}
			v, ok := values[f]
			if !ok {
				v = fmt.Sprint(i + 1)
			}
			fmt.Fprintf(&b, `"%s":"%s"`, f, v)
		}
		b.WriteString(`}}`)
	}
	b.WriteString(`}},"errors":[],"errorMessage":null}}`)
	return b.Bytes()
}
