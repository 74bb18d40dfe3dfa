package owapro_test

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

// benchmark reads one large page in a format.
func benchmark(b *testing.B, format string, csv sandbox.CSV) {
	const groups, days = 1333, 30 // a round number of rows would be taken for a cap
	o := channels()
	o.Format = format
	o.Metrics = append(o.Metrics, "uu_count")
	readAgain(b, sandbox.Customer{Trackgroups: groups}, csv, o, days)
}

// BenchmarkCSVOfAllKinds has the columns of the suite that sets first loads beside \copy
// (bench): metrics of all formats, a fifth of the texts in quotes, as many labels as rows.
func BenchmarkCSVOfAllKinds(b *testing.B) {
	o := channels()
	o.ConfigID, o.Format = 2, "csv"
	o.Dimensions = []string{"date", "customer_trackgroup"}
	o.Metrics = []string{"click_count_pub", "ctr", "sale_count", "sale_amount", "assist_sale_count", "keywords", "first_sale"}
	readAgain(b, sandbox.Customer{Trackgroups: 39_999, Tricky: true}, sandbox.CSV{Dialect: sandbox.Dialect{Delimiter: ",", Labels: sandbox.LabelsBoth}}, o, 1)
}

// readAgain reads a page of so many days, again and again. The answers are made once, so that
// what is measured is the client: HTTP over loopback, decoding, typing, batches.
func readAgain(b *testing.B, of sandbox.Customer, csv sandbox.CSV, o *owapro.Options, days int) {
	data := small()
	of.ID, of.Idle = 4711, -1
	data.Days = days + 1
	data.Absent, data.NullEach, data.Customers = -1, 7, []sandbox.Customer{of}
	v := newVendor(b, sandbox.Config{Data: data, CSV: csv, Answers: sandbox.Answers{Gzip: sandbox.GzipOff, Noise: sandbox.NoiseOff}})
	o.PageSize = 100_000
	s := open(b, v.config(), o, sources.Deps{Memory: new(sourcetest.Memory)})
	req := sources.Request{Stream: report(b, s), Part: customer, Interval: day(b, "2026-03-01", days+1), Zone: time.UTC}
	for _, err := range s.Read(b.Context(), req) { // labels become known, and that a page can be longer
		if err != nil {
			b.Fatal(err)
		}
	}
	req.Interval = day(b, "2026-03-01", days)
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
	pass := func() {
		for page, err := range s.Read(b.Context(), req) {
			if err != nil {
				b.Fatal(err)
			}
			rows += page.Batch.Rows()
		}
	}
	pass() // the vendor answers for the first time
	rows = 0
	b.ReportAllocs()
	began := processor(b)
	for b.Loop() {
		pass()
	}
	b.ReportMetric(float64(processor(b)-began)/float64(rows), "cpu-ns/row")
	for _, a := range answers {
		bytes = max(bytes, len(a.body))
	}
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
}

// processor is the time that the process has had of all processors: it suffers less from
// what else the machine does.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
