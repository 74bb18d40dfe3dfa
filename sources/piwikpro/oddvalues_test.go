package piwikpro_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// oddAnswer serves sessions whose columns, beside the three that always come, have cells
// as given, one row for each.
func oddAnswer(t *testing.T, columns []string, rows []string) (sources.Source, sources.Request) {
	t.Helper()
	v := newVendor(t, sandbox.Config{})
	known, err := json.Marshal(append([]string{"session_id", "visitor_id", "timestamp"}, columns...))
	if err != nil {
		t.Fatal(err)
	}
	v.SetFront(answering(v, "/sessions/", fmt.Sprintf(`{"data":[%s],"meta":{"columns":%s,"count":%d}}`, strings.Join(rows, ","), known, len(rows))))
	s := open(t, v.config(), piwikpro.Sessions(piwikpro.RawOptions{Columns: columns}), sources.Deps{})
	return s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
}

// TestOddValues: what the vendor may answer that not every database can hold ends as it
// is written down.
func TestOddValues(t *testing.T) {
	long := strings.Repeat("0123456789", 1<<20)
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	list := []sourcetest.Odd{
		{Column: "revenue", Sent: `"NaN"`, Reason: `"NaN" is not a decimal number`},
		{Column: "revenue", Sent: `"Infinity"`, Reason: `"Infinity" is not a decimal number`},
		{Column: "revenue", Sent: `12345678901234567890.1234567890123456789`, Want: "12345678901234567890.1234567890123456789"},
		{Column: "revenue", Sent: `18446744073709551616`, Want: "18446744073709551616"},
		{Column: "device_type_id", Sent: `[9223372036854775808,"x"]`, Reason: `"9223372036854775808" does not fit into 64 bits`},
		{Column: "source", Sent: `"a\u0000b"`, Want: "ab"},
		{Column: "source", Sent: "\"caf\xe9\"", Want: "caf\ufffd"},
		{Column: "source", Sent: `"` + long + `"`, Want: long},
		{Column: "session_goals", Sent: `["\ud83d","\u0000x"]`, Want: `["\ufffd","x"]`},
		{Column: "session_goals", Sent: `[{"a":1,"b":2,"a":3}]`, Want: `[{"a":3,"b":2}]`},
		{Column: "session_goals", Sent: deep, Reason: "JSON is nested deeper than 1000 levels"},
		{Column: "timestamp", Sent: `"0000-00-00 00:00:00"`},
		{Column: "timestamp", Sent: `"10000-01-01T00:00:00"`, Reason: `"10000-01-01T00:00:00" is not a date with time`},
	}
	columns := []string{"revenue", "device_type", "source", "session_goals"}
	var rows []string
	for i, o := range list {
		cells := []string{fmt.Sprintf(`"%d"`, i+1), `"00ff"`, `"2026-03-05T10:00:00"`, "1", `[1,"Desktop"]`, `"seo"`, "[]"}
		for n, name := range append([]string{"session_id", "visitor_id", "timestamp"}, columns...) {
			if name == strings.TrimSuffix(o.Column, "_id") && o.Column != "session_id" {
				cells[n] = o.Sent
			}
		}
		rows = append(rows, "["+strings.Join(cells, ",")+"]")
	}
	s, req := oddAnswer(t, columns, rows)
	sourcetest.Odds(t, s, req, list)
}

// TestOddAnswers: a NaN that is no JSON makes the page an error, and no row.
func TestOddAnswers(t *testing.T) {
	s, req := oddAnswer(t, []string{"revenue"}, []string{`["1","00ff","2026-03-05T10:00:00",NaN]`})
	for page, err := range s.Read(t.Context(), req) {
		if err == nil {
			t.Errorf("%d rows", page.Batch.Rows())
		} else if c := fault.ClassOf(err); c != fault.Transient && c != fault.Data {
			t.Errorf("%v of class %s", err, c)
		}
	}
}

// TestManyColumns: as many columns as a job may name come with their values.
func TestManyColumns(t *testing.T) {
	var columns []string
	row := `["1","00ff","2026-03-05T10:00:00"`
	for i := range 1600 {
		columns = append(columns, fmt.Sprintf("session_custom_variable_%d", i))
		row += fmt.Sprintf(`,"%d"`, i)
	}
	s, req := oddAnswer(t, columns, []string{row + "]"})
	if n := len(req.Stream.Tables[0].Columns); n < 1600 {
		t.Errorf("the table has %d columns", n)
	}
	sourcetest.Odds(t, s, req, []sourcetest.Odd{{Column: "session_custom_variable_1599", Want: "1599"}})
}
