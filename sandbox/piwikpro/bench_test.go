package piwikpro_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"exporter/sandbox/piwikpro"
)

func million() piwikpro.Config {
	data := small()
	data.Sites = []piwikpro.Site{{Sessions: 1_000_000}}
	return piwikpro.Config{Data: data}
}

// A day of a million sessions is served without being held.
func TestMillion(t *testing.T) {
	v := newVendor(t, million())
	w := &counting{ResponseRecorder: httptest.NewRecorder()}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	v.h.ServeHTTP(w, v.request("sessions", ask("device_type session_total_events", `"offset":950000`)))
	runtime.GC()
	runtime.ReadMemStats(&after)
	pages := v.meter.Pages()
	if w.Code != http.StatusOK || len(pages) != 1 || pages[0].Rows != 50_000 {
		t.Fatalf("%d, pages %+v, want 50000 rows", w.Code, pages)
	}
	if n, err := v.Count(piwikpro.Query{Report: "sessions", From: "2026-03-25", To: "2026-03-26"}); err != nil || n != 1_000_000 {
		t.Errorf("Count = %d, %v", n, err)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d bytes more are held after %d bytes were sent", grown, w.bytes)
	}
}

// counting throws the answer away.
type counting struct {
	*httptest.ResponseRecorder
	bytes int
}

// Write implements http.ResponseWriter.
func (c *counting) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

// Pages of a hundred thousand rows of the middle of a large day.
func BenchmarkPage(b *testing.B) {
	v := newVendor(b, million())
	for report, body := range map[string]string{
		"sessions": ask(sessionColumns, `"offset":500000`), "events": ask(eventColumns, `"offset":2000000`),
		"query": ask("timestamp/to_date source device_type location_country_name sessions events bounce_rate", `"offset":0`),
	} {
		b.Run(report, func(b *testing.B) {
			for i := range b.N {
				w := &counting{ResponseRecorder: httptest.NewRecorder()}
				if report == "query" { // another query each time, so that none is kept
					body = ask("timestamp/to_date source device_type location_country_name sessions events bounce_rate",
						`"date_to":"2026-03-25","filters":{"operator":"and","conditions":[{"column_id":"session_total_events","condition":{"operator":"neq","value":`+strconv.Itoa(1000+i)+`}}]}`)
				}
				v.h.ServeHTTP(w, v.request(report, body))
				b.SetBytes(int64(w.bytes))
			}
			pages := v.meter.Pages()
			b.ReportMetric(float64(pages[len(pages)-1].Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
