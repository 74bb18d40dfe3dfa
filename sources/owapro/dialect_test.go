package owapro_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/sourcetest"
)

// tricky are customers whose labels hold quotes, line ends, delimiters and numbers.
func tricky() []sandbox.Customer {
	return []sandbox.Customer{{ID: 4711, Name: "Gartenmöbel Süd", Tricky: true, Trackgroups: 40}}
}

// The same report is the same table whatever it is written in.
func TestEveryDialectIsTheSameTable(t *testing.T) {
	dialects := map[string]sandbox.CSV{
		"plain":       {},
		"windows":     {Dialect: sandbox.Dialect{Encoding: sandbox.EncodingWindows, Decimal: ",", Thousands: ".", Percent: " %", Currency: sandbox.CurrencyAfter, Quote: sandbox.QuoteAll}},
		"no charset":  {NoCharset: true, Dialect: sandbox.Dialect{Encoding: sandbox.EncodingWindows, Decimal: ",", Thousands: " ", Newline: sandbox.NewlineLF}},
		"comma":       {Dialect: sandbox.Dialect{Delimiter: ",", Encoding: sandbox.EncodingBOM, Decimal: ".", Thousands: ",", Percent: "%", Currency: sandbox.CurrencyBefore, Header: sandbox.HeaderDisplay}},
		"tab":         {ContentType: "text/plain", NoCharset: true, Dialect: sandbox.Dialect{Delimiter: "\t", Decimal: ",", Thousands: "'", Labels: sandbox.LabelsBoth, Header: sandbox.HeaderDisplay}},
		"summary":     {Dialect: sandbox.Dialect{Summary: sandbox.SummaryLast, Labels: sandbox.LabelsIDs, Header: sandbox.HeaderDisplay}},
		"summaries":   {Dialect: sandbox.Dialect{Summary: sandbox.SummaryEvery, Decimal: ",", Thousands: "."}},
		"two headers": {Dialect: sandbox.Dialect{}, Then: &sandbox.Dialect{Header: sandbox.HeaderDisplay, Delimiter: ","}, After: 2},
		"ask query":   {Ask: sandbox.AskQuery},
		"ask body":    {Ask: sandbox.AskBody},
		"no csv":      {Answer: sandbox.AnswerRefuse},
		"json anyway": {Answer: sandbox.AnswerJSON},
	}
	options := channels()
	options.Dimensions = append(options.Dimensions, "customer", "OP:fv_dealer")
	options.PageSize = 17
	i := day(t, "2026-03-05", 7)
	data := small()
	data.Customers, data.NullEach = tricky(), 5
	cents := 2 // what the vendor's JSON has of amounts is 32-bit floats
	options.Decimals = &cents
	open := func(t *testing.T, csv sandbox.CSV, format string) (*vendor, sources.Source) {
		v := newVendor(t, sandbox.Config{Data: data, CSV: csv})
		o, c := *options, v.config()
		o.Format = format
		switch csv.Ask {
		case sandbox.AskQuery:
			c.CSVRequest.In, c.CSVRequest.Name, c.CSVRequest.Value = "query", "format", "csv"
		case sandbox.AskBody:
			c.CSVRequest.In, c.CSVRequest.Name, c.CSVRequest.Value = "body", "format", "csv"
		}
		return v, open(t, c, &o, sources.Deps{Memory: new(sourcetest.Memory)})
	}
	_, s := open(t, sandbox.CSV{}, "json")
	want := read(t, s, customer, i)
	if want.err != nil || len(want.rows) < 100 {
		t.Fatalf("json: %d rows, error %v", len(want.rows), want.err)
	}
	for name, csv := range dialects {
		t.Run(name, func(t *testing.T) {
			v, s := open(t, csv, "csv")
			for _, labels := range []string{"unknown", "known"} {
				before := v.Requests.Load()
				got := read(t, s, customer, i)
				if asked := int(v.Requests.Load() - before); labels == "known" && asked != len(got.pages) {
					t.Errorf("%d pages took %d requests", len(got.pages), asked)
				}
				if got.err != nil || len(got.rejects) > 0 {
					t.Fatalf("labels %s: rejects %v, error %v", labels, got.rejects, got.err)
				}
				if diff := cmp.Diff(want.types, got.types); diff != "" {
					t.Errorf("labels %s: types (-want +got):\n%s", labels, diff)
				}
				if got.hash() != want.hash() {
					t.Errorf("labels %s: rows (-want +got):\n%s", labels, cmp.Diff(want.rows, got.rows))
				}
				if said := strings.Contains(got.warnings, "for the rest of the run"); said != (csv.Answer != "" && labels == "unknown") {
					t.Errorf("labels %s: warnings %q", labels, got.warnings)
				}
			}
		})
	}
}
