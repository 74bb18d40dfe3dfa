package hubrise_test

import (
	"fmt"
	"strings"
	"testing"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// TestOddValues: what the vendor may answer that not every database can hold ends as it
// is written down.
func TestOddValues(t *testing.T) {
	long := strings.Repeat("0123456789", 1<<20)
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	var many, members []string
	for i := range 1600 {
		many, members = append(many, fmt.Sprintf(`"field_%d":%d`, i, i)), append(members, fmt.Sprintf(`"field_%d":%d`, i, i))
	}
	list := []sourcetest.Odd{
		{Column: "total", Sent: `"total": "NaN EUR"`, Reason: `"NaN" is not a decimal number`},
		{Column: "total", Sent: `"total": "Infinity EUR"`, Reason: `"Infinity" is not a decimal number`},
		{Column: "total", Sent: `"total": "12345678901234567890.1234567890123456789 EUR"`, Want: "12345678901234567890.1234567890123456789"},
		{Column: "expected_time", Sent: `"expected_time": "0000-00-00T00:00:00"`},
		{Column: "expected_time", Sent: `"expected_time": "0000-00-00"`},
		{Column: "expected_time", Sent: `"expected_time": "10000-01-01T00:00:00+00:00"`, Reason: `"10000-01-01T00:00:00+00:00" is not a date with time`},
		{Column: "expected_time", Sent: `"expected_time": "9999-12-31T23:59:59-14:00"`, Reason: "the time lies outside of the years 1 to 9999 (UTC)"},
		{Column: "expected_time", Sent: `"expected_time": "2026-02-30T10:00:00+01:00"`, Reason: `"2026-02-30T10:00:00+01:00" is not a date with time`},
		{Column: "customer_notes", Sent: `"customer_notes": "a\u0000b"`, Want: "ab"},
		{Column: "customer_notes", Sent: "\"customer_notes\": \"caf\xe9\"", Want: "caf\ufffd"},
		{Column: "customer_notes", Sent: `"customer_notes": "x\ud83dy"`, Want: "x\ufffdy"},
		{Column: "customer_notes", Sent: `"customer_notes": "` + long + `"`, Want: long},
		{Column: "_extra", Sent: `"brand": {"a": 1, "b": "\u0000x", "a": 3}`, Want: `{"brand":{"a":3,"b":"x"}}`},
		{Column: "_extra", Sent: `"brand": ` + deep, Reason: "JSON is nested deeper than 1000 levels"},
		{Column: "_extra", Sent: strings.Join(many, ","), Want: "{" + strings.Join(members, ",") + "}"},
	}
	var rows []string
	for i, o := range list {
		rows = append(rows, order(fmt.Sprintf("o%02d", i), ", "+o.Sent))
	}
	s, _ := played(t, "["+strings.Join(rows, ",")+"]")
	sourcetest.Odds(t, s, ordersOf(t, s), list)
}

// TestOddAnswers: a NaN that is no JSON makes the page an error, and no row.
func TestOddAnswers(t *testing.T) {
	s, _ := playedWith(t, &hubrise.Options{}, "["+order("a", `, "total": NaN`)+"]")
	for page, err := range s.Read(t.Context(), ordersOf(t, s)) {
		if err == nil {
			t.Errorf("%d rows", page.Batch.Rows())
		} else if c := fault.ClassOf(err); c != fault.Transient && c != fault.Data {
			t.Errorf("%v of class %s", err, c)
		}
	}
}

func ordersOf(t *testing.T, s sources.Source) sources.Request {
	t.Helper()
	return sources.Request{Stream: stream(t, s, "orders"), Part: accountOf, Interval: day(t, "2026-03-27", 1), Zone: zone(t, "Europe/Paris")}
}
