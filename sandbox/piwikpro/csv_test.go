package piwikpro_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"

	"github.com/google/go-cmp/cmp"
)

const csvColumns = "device_type event_title page_view_index products.name"

// CSV has the rows of JSON; cells with an id and a label are one column or two.
func TestCSV(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	header := []string{"session_id", "event_id", "visitor_id", "timestamp", "event_title", "page_view_index", "products.name"}
	for enums, own := range map[piwikpro.CSVEnums][]string{
		piwikpro.CSVEnumsBoth: {"device_type_1", "device_type_2"}, piwikpro.CSVEnumsLabels: {"device_type"}, piwikpro.CSVEnumsIDs: {"device_type"},
	} {
		v.configure(func(c *piwikpro.Config) { c.CSV.Enums = enums })
		w := v.post("events", ask(csvColumns, `"format":"csv"`))
		if ct := w.Header().Get("Content-Type"); ct != "text/csv; charset=utf-8" {
			t.Errorf("Content-Type %q", ct)
		}
		rows, err := csv.NewReader(w.Body).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", enums, err)
		}
		want := append(append(append([]string{}, header[:4]...), own...), header[4:]...)
		if diff := cmp.Diff(want, rows[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", enums, diff)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, strings.Join(row, "|"))
		}
		var lines []string
		for _, line := range v.truth(piwikpro.Query{Report: "events", From: "2026-03-25", To: "2026-03-26", Columns: piwikpro.Columns(strings.Fields(csvColumns)...)}) {
			cells := strings.Split(strings.ReplaceAll(line, "(null)", ""), "|")
			switch enums {
			case piwikpro.CSVEnumsLabels:
				cells = append(cells[:4], cells[5:]...)
			case piwikpro.CSVEnumsIDs:
				cells = append(cells[:5], cells[6:]...)
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
		if diff := cmp.Diff(lines, got); diff != "" {
			t.Errorf("%s (-truth +got):\n%s", enums, diff)
		}
	}
}

// The dialect has switches; no rows are a header alone.
func TestCSVDialect(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small(), CSV: piwikpro.CSV{
		Newline: piwikpro.NewlineLF, BOM: true, Null: `\N`, Quote: piwikpro.QuoteAll, ContentType: "application/csv",
	}})
	w := v.post("events", ask("page_view_index", `"format":"csv","column_format":"name"`))
	text := w.Body.String()
	if !strings.HasPrefix(text, "\ufeff"+`"Session ID","Event ID","Visitor ID","Timestamp","Page view index"`+"\n") ||
		strings.Contains(text, "\r") || !strings.Contains(text, `"\N"`) || w.Header().Get("Content-Type") != "application/csv" {
		t.Errorf("%s %.200s", w.Header(), text)
	}
	v = newVendor(t, piwikpro.Config{Data: small()})
	none := v.post("query", ask("source sessions", `"format":"csv","date_from":"2020-01-01","date_to":"2020-01-01"`)).Body.String()
	if none != "source,sessions\r\n" {
		t.Errorf("no rows: %q", none)
	}
	if text := v.post("events", ask("page_view_index", `"format":"csv","limit":1`)).Body.String(); strings.Count(text, "\r\n") != 2 {
		t.Errorf("one row: %q", text)
	}
}
