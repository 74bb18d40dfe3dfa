package piwikpro_test

import (
	"bytes"
	"fmt"
	"testing"

	"exporter/sources"
	"exporter/sources/piwikpro"
)

// benchmark turns a page of 10,000 rows into batches.
func benchmark(b *testing.B, o sources.Options, row func(i int) string, columns string) {
	const rows = 10_000
	var body bytes.Buffer
	body.WriteString(`{"data":[`)
	for i := range rows {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(row(i))
	}
	fmt.Fprintf(&body, `],"meta":{"columns":[%s],"count":%d}}`, columns, rows)
	batcher := batcher(b, o)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		got, rejects, _, err := batcher.Batch(body.Bytes())
		if err != nil || got.Rows() != rows {
			b.Fatalf("%d rows, %d rejects, %v", got.Rows(), rejects.Rows(), err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}

// 19 columns of the vendor become 25 of a table.
func BenchmarkSessions(b *testing.B) {
	benchmark(b, piwikpro.Sessions(piwikpro.RawOptions{}), func(i int) string {
		return fmt.Sprintf(`["%d","2f29412b582fa200","2021-02-07T22:09:27",[1,"Returning"],%d,"google","organic","",[2,"Search engine"],`+
			`"https://banking.demopiwikpro.com/products/001.html","https://banking.demopiwikpro.com/",%d,3,8,0,[0,"Desktop"],["WIN","Windows"],["CH","Chrome"],["DE","Germany"]]`, uint64(i)<<50, i, i)
	}, `"session_id","visitor_id","timestamp","visitor_returning","visitor_session_number","source","medium","campaign_name","referrer_type","session_entry_url","session_exit_url",`+
		`"session_total_time","session_total_page_views","session_total_events","session_total_goal_conversions","device_type","operating_system","browser_name","location_country_name"`)
}

func BenchmarkQuery(b *testing.B) {
	benchmark(b, &piwikpro.QueryOptions{}, func(i int) string {
		return fmt.Sprintf(`["2021-02-07","source %d","organic","",%d,%d,3,4,0]`, i, i, i)
	}, `"timestamp__to_date","source","medium","campaign_name","sessions","visitors","page_views","events","goal_conversions"`)
}
