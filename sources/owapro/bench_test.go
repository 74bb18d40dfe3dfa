package owapro_test

import (
	"net/http"
	"testing"
	"time"

	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/sourcetest"
)

// benchmark reads one large page in a format. The answers are made once, so that what is
// measured is the client: HTTP over loopback, decoding, typing, batches.
func benchmark(b *testing.B, format string, csv sandbox.CSV) {
	const groups, days = 1333, 30 // a round number of rows would be taken for a cap
	data := small()
	data.Absent = -1
	data.Customers = []sandbox.Customer{{ID: 4711, Trackgroups: groups, Idle: -1}}
	v := newVendor(b, sandbox.Config{Data: data, CSV: csv, Answers: sandbox.Answers{Gzip: sandbox.GzipOff, Noise: sandbox.NoiseOff}})
	o := channels()
	o.Format, o.PageSize = format, 100_000
	o.Metrics = append(o.Metrics, "uu_count")
	s := open(b, v.config(), o, sources.Deps{Memory: new(sourcetest.Memory)})
	i := day(b, "2026-03-01", days)
	req := sources.Request{Stream: report(b, s), Part: customer, Interval: i, Zone: time.UTC}
	for _, err := range s.Read(b.Context(), req) { // labels become known
		if err != nil {
			b.Fatal(err)
		}
	}
	answers := map[string]*recorded{}
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.String()
		if answers[key] == nil {
			answers[key] = &recorded{header: http.Header{}}
			v.Handler().ServeHTTP(answers[key], r)
		}
		w.Header().Set("Content-Type", answers[key].header.Get("Content-Type"))
		_, _ = w.Write(answers[key].body)
	})
	rows, bytes := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for page, err := range s.Read(b.Context(), req) {
			if err != nil {
				b.Fatal(err)
			}
			rows += page.Batch.Rows()
		}
	}
	for _, a := range answers {
		bytes = max(bytes, len(a.body))
	}
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
}

type recorded struct {
	header http.Header
	body   []byte
}

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) WriteHeader(int) {}

func (r *recorded) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

func BenchmarkCSV(b *testing.B) { benchmark(b, "csv", sandbox.CSV{}) }

func BenchmarkCSVOfGermany(b *testing.B) {
	benchmark(b, "csv", sandbox.CSV{Dialect: sandbox.Dialect{
		Encoding: sandbox.EncodingWindows, Decimal: ",", Thousands: ".", Percent: " %", Currency: sandbox.CurrencyAfter, Labels: sandbox.LabelsBoth,
	}})
}

func BenchmarkJSON(b *testing.B) { benchmark(b, "json", sandbox.CSV{}) }
