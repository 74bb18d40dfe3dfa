package hasoffers_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/sourcetest"
)

// TestOddValues: what the vendor may answer that not every database can hold ends as it
// is written down.
func TestOddValues(t *testing.T) {
	long := strings.Repeat("0123456789", 1<<20)
	list := []sourcetest.Odd{
		{Column: "payout", Sent: `"NaN"`, Reason: `"NaN" is not a decimal number`},
		{Column: "payout", Sent: `"Infinity"`, Reason: `"Infinity" is not a decimal number`},
		{Column: "payout", Sent: `"-inf"`, Reason: `"-inf" is not a decimal number`},
		{Column: "payout", Sent: `12345678901234567890.123456789012345678901`, Want: "12345678901234567890.123456789012345678901"},
		{Column: "goal_id", Sent: `"9223372036854775808"`, Reason: `"9223372036854775808" does not fit into 64 bits`},
		{Column: "batch_date_utc", Sent: `"0000-00-00"`},
		{Column: "batch_date_utc", Sent: `"0000-12-31"`, Reason: `"0000-12-31" is not a date`},
		{Column: "batch_date_utc", Sent: `"9999-12-31"`, Want: "9999-12-31"},
		{Column: "batch_date_utc", Sent: `"10000-01-01"`, Reason: `"10000-01-01" is not a date`},
		{Column: "batch_date_utc", Sent: `"2026-02-30"`, Reason: `"2026-02-30" is not a date`},
		{Column: "session_datetime", Sent: `"0000-00-00 00:00:00"`},
		{Column: "session_datetime", Sent: `"9999-12-31 23:59:59"`, Reason: "the time lies outside of the years 1 to 9999 (UTC)"},
		{Column: "source", Sent: `"a\u0000b"`, Want: "ab"},
		{Column: "source", Sent: "\"caf\xe9\"", Want: "caf\ufffd"},
		{Column: "source", Sent: `"x\ud83dy"`, Want: "x\ufffdy"},
		{Column: "source", Sent: `"` + long + `"`, Want: long},
		{Column: "source", Sent: `""`},
	}
	var rows []string
	for i, o := range list {
		rows = append(rows, fmt.Sprintf(`"%d":{"Conversion":{"id":"%d","datetime":"2026-03-05 10:00:00",%q:%s}}`, i+1, i+1, o.Column, o.Sent))
	}
	fields := []string{"id", "datetime", "payout", "goal_id", "batch_date_utc", "session_datetime", "source"}
	s := answered(t, fields, len(list), strings.Join(rows, ","))
	sourcetest.Odds(t, s, request(t, s, "conversions", day(t, "2026-03-05", 1)), list)
}

// TestManyFields: as many columns as a job may name come with their values.
func TestManyFields(t *testing.T) {
	fields, row := []string{"id", "datetime"}, `"1":{"Conversion":{"id":"1","datetime":"2026-03-05 10:00:00"`
	var list []sourcetest.Odd
	for i := range 1600 {
		name := fmt.Sprintf("field_%d", i)
		fields = append(fields, name)
		row += fmt.Sprintf(`,%q:"%d"`, name, i)
	}
	list = append(list, sourcetest.Odd{Column: "field_1599", Want: "1599"})
	s := answered(t, fields, 1, row+"}}")
	req := request(t, s, "conversions", day(t, "2026-03-05", 1))
	if n := len(req.Stream.Tables[0].Columns); n < 1600 {
		t.Errorf("the table has %d columns", n)
	}
	sourcetest.Odds(t, s, req, list)
}

// TestOddAnswers: a NaN that is no JSON makes the page an error, and no row.
func TestOddAnswers(t *testing.T) {
	s := answered(t, []string{"id", "datetime", "payout"}, 1, `"1":{"Conversion":{"id":"1","datetime":"2026-03-05 10:00:00","payout":NaN}}`)
	for page, err := range s.Read(t.Context(), request(t, s, "conversions", day(t, "2026-03-05", 1))) {
		if err == nil {
			t.Errorf("%d rows", page.Batch.Rows())
		} else if c := fault.ClassOf(err); c != fault.Transient && c != fault.Data {
			t.Errorf("%v of class %s", err, c)
		}
	}
}

// answered is a source of a vendor that has these conversions, as JSON, and no others.
func answered(t *testing.T, fields []string, count int, rows string) sources.Source {
	t.Helper()
	v := &vendor{Vendor: sourcetest.NewVendor(t, http.NotFoundHandler())}
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		n, data := count, "{"+rows+"}"
		if r.URL.Query().Get("filters[id][GREATER_THAN]") != "0" { // there is nothing behind the last
			n, data = 0, "[]"
		}
		_, _ = io.WriteString(w, fmt.Sprintf(`{"response":{"status":1,"data":{"page":1,"count":%d,"pageCount":1,"data":%s},"errors":[]}}`, n, data))
	})
	return open(t, v.network(), &hasoffers.Options{Fields: fields}, nil)
}
