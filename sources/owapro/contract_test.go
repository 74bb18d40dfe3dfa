package owapro_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/record"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

const customer = "4711"

// harness puts a source of the vendor beside the vendor's own truth.
func harness(t *testing.T, v *vendor, options owapro.Options) sourcetest.Harness {
	t.Helper()
	return sourcetest.Harness{
		Open: func(tb testing.TB, setup sourcetest.Setup) sources.Source {
			o := options
			o.PageSize = setup.PageSize
			return open(tb, v.config(), &o, sources.Deps{Log: setup.Log, OnRequest: setup.OnRequest})
		},
		Stream: "report", Part: customer, Zone: time.UTC,
		Intervals: []sources.Interval{day(t, "2026-03-05", 2), day(t, "2026-03-07", 1), day(t, "2026-03-08", 3)},
		Empty:     day(t, "2025-01-01", 1),
		PageSizes: []int{9, 4, 1000},
		Truth: func(tb testing.TB, i sources.Interval) map[string][]sourcetest.Row {
			return map[string][]sourcetest.Row{"": truth(tb, v, &options, i)}
		},
		Drop:     "acc_channel",
		Requests: func() int { return int(v.Requests.Load()) },
		Break: func(testing.TB) {
			v.SetFront(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		},
		Hang: func(testing.TB) <-chan struct{} {
			arrived := make(chan struct{}, 100)
			v.SetFront(func(_ http.ResponseWriter, r *http.Request) {
				// A server notices that its caller is gone only after it has read the request.
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				arrived <- struct{}{}
				<-r.Context().Done()
			})
			return arrived
		},
		Mend:    func(testing.TB) { v.SetFront(nil) },
		Secrets: secrets,
	}
}

// truth returns the vendor's rows as the table has them.
func truth(tb testing.TB, v *vendor, o *owapro.Options, i sources.Interval) []sourcetest.Row {
	tb.Helper()
	id := sourcetest.Must[int](tb)(strconv.Atoi(customer))
	rows, err := v.Rows(sandbox.Query{
		Report: int(o.ConfigID), From: i.Start.Format(time.DateOnly), To: i.End.Format(time.DateOnly),
		Customers: []int{id}, Currency: o.Currency, Dimensions: o.Dimensions, Metrics: o.Metrics,
	})
	if err != nil {
		tb.Fatal(err)
	}
	table := report(tb, open(tb, v.config(), o, sources.Deps{})).Tables[0]
	var out []sourcetest.Row
	for r := range rows {
		row := sourcetest.Row{"customer_id": customer}
		for _, c := range table.Columns[1:] {
			if text, ok := expected(c, r); ok {
				row[c.Name] = text
			}
		}
		out = append(out, row)
	}
	return out
}

// expected writes down what a column holds for a row of the vendor, from the
// sheet and not from the code.
func expected(c record.Column, r sandbox.Row) (string, bool) {
	if c.Name == "currency" {
		return "EUR", true
	}
	value, ok := r.Value(c.Wire())
	if !ok || value == "" {
		return "", false
	}
	if c.Type == record.Boolean {
		return strconv.FormatBool(value == "1"), true
	}
	return strings.ReplaceAll(value, "\r\n", "\n"), true
}

// report returns the stream of a report.
func report(tb testing.TB, s sources.Source) sources.Stream {
	tb.Helper()
	for _, stream := range sourcetest.Must[[]sources.Stream](tb)(s.Streams(tb.Context())) {
		if stream.Name == "report" {
			return stream
		}
	}
	tb.Fatal("there is no report")
	return sources.Stream{}
}

func TestContract(t *testing.T) {
	exact := sandbox.Answers{Noise: sandbox.NoiseOff}
	formats := channels()
	formats.ConfigID = 2
	formats.Metrics = append(formats.Metrics, "ad_text", "landing_url", "avg_position", "first_sale_date", "first_sale_time", "first_sale", "is_active", "keywords")
	asJSON := channels()
	asJSON.Format = "json"
	money := channels()
	money.Currency = "-C-"
	for _, c := range []struct {
		name    string
		vendor  sandbox.Config
		options *owapro.Options
	}{
		{"csv", sandbox.Config{Answers: exact}, channels()},
		{"csv with ids", sandbox.Config{Answers: exact, CSV: sandbox.CSV{Dialect: sandbox.Dialect{Labels: sandbox.LabelsIDs}}}, channels()},
		{"csv of every format", sandbox.Config{Answers: exact}, formats},
		{"csv with each customer's currency", sandbox.Config{Answers: exact}, money},
		{"json", sandbox.Config{Answers: exact}, asJSON},
		{"json instead of csv", sandbox.Config{Answers: exact, CSV: sandbox.CSV{Answer: sandbox.AnswerRefuse}}, formats},
		{"json without pages and with summaries", sandbox.Config{Answers: sandbox.Answers{
			Noise: sandbox.NoiseOff, Pages: sandbox.PagesNever, Summary: sandbox.SummaryEvery, Lists: sandbox.ListBlocks,
			Stats: sandbox.StatsFull, Dates: sandbox.DatesDMY, Dict: sandbox.DictResult,
		}}, asJSON},
		{"flat tokens, numbers", sandbox.Config{
			OAuth:   sandbox.OAuth{Shape: sandbox.ShapeFlat, Rotation: sandbox.RotateGrace},
			Answers: sandbox.Answers{Noise: sandbox.NoiseOff, Numbers: sandbox.NumbersNumbers, Stats: sandbox.StatsNone, Lists: sandbox.ListBare, Dates: sandbox.DatesMDY},
		}, asJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVendor(t, c.vendor)
			sourcetest.Run(t, harness(t, v, *c.options))
		})
	}
}
