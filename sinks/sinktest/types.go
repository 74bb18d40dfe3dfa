package sinktest

import (
	"strconv"
	"strings"

	"exporter/record"
)

var everyType = record.Table{Columns: []record.Column{
	{Name: "row", Type: record.Integer},
	{Name: "i", Type: record.Integer},
	{Name: "n", Type: record.Numeric},
	{Name: "f", Type: record.Float},
	{Name: "b", Type: record.Boolean},
	{Name: "d", Type: record.Date},
	{Name: "t", Type: record.Timestamp},
	{Name: "l", Type: record.LocalTime},
	{Name: "s", Type: record.Text},
	{Name: "j", Type: record.JSON},
}, Key: []string{"row"}}

var everyValue = [][]string{
	{"1", "0", "0", "0", "false", "1970-01-01", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00", "", "null"},
	{"2", "9223372036854775807", "12345.6789", "1.7976931348623157e+308", "true", "9999-12-31", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999", "Zażółć gęślą jaźń", `{"a": [1, 2.50, "x"], "b": null}`},
	{"3", "-9223372036854775808", "-0.0001", "5e-324", "true", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "雪🙂e\u0301\ufffd", `"text"`},
	{"4", "-1", "100.00", "-0", "false", "2000-02-29", "2026-10-25T00:30:00.000001Z", "2026-03-29T02:30:00", "a\tb\nc\r\\d\\N\"e\"'f';,", `[true, false, {"é": "\ud83d\ude42 \"\\ \n"}]`},
	{"5", Null, Null, Null, Null, Null, Null, Null, Null, Null},
	{"6", "1", "0.00", "0.1", "true", "1999-12-31", "1999-12-31T23:59:59.999999Z", "1999-12-31T23:59:59.5", " spaces ", "{}"},
	{"7", "10000", "10000", "123456789.125", "true", "2000-01-01", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00", `\.`, "12345678901234567890.5"},
	{"8", "-10000", "-99999999.9999", "-1e-07", "false", "1582-10-04", "1582-10-04T12:00:00Z", "1582-10-15T12:00:00", strings.Repeat("long ", 30000), `["` + strings.Repeat("long ", 30000) + `"]`},
}

func types(r *rule) {
	c := rows(r.name, everyType, 0, everyValue)
	r.load(r.slice(0), c)
	r.expect(r.name, everyType, everyValue)
}

func nulls(r *rule) {
	c := r.content([][]string{{"1", "", "0"}, {"2", Null, Null}, {"3", "NULL", "0"}, {"4", `\N`, "0"}})
	r.load(r.slice(0), c)
	r.expect(r.name, shape, c.want)
}

// numbers of 1 to 100 digits, with the mark at every kind of place.
func numbers(r *rule) {
	t := record.Table{Columns: []record.Column{{Name: "row", Type: record.Integer}, {Name: "n", Type: record.Numeric}}, Key: []string{"row"}}
	digits := strings.Repeat("1234567890", 10)
	var list [][]string
	add := func(n string) {
		for _, s := range []string{n, "-" + n} {
			list = append(list, []string{strconv.Itoa(len(list)), s})
		}
	}
	for n := 1; n <= 100; n++ {
		add(digits[:n])
		add("0." + digits[:n])
		add("0." + strings.Repeat("0", n) + "1")
		add("1" + strings.Repeat("0", n-1))
		add("1" + strings.Repeat("0", n-1) + ".0")
		add(strings.Repeat("9", n) + "." + strings.Repeat("9", 101-n))
	}
	r.load(r.slice(0), rows(r.name, t, 0, list))
	r.expect(r.name, t, list)
}

// manyBatches is more than any buffer on the way holds.
func manyBatches(r *rule) {
	c := r.content(some(20_000, strings.Repeat("wide", 10)))
	receipt := r.load(r.slice(0), c)
	if receipt.Rows != 20_000 {
		r.Errorf("receipt says %d rows, want 20000", receipt.Rows)
	}
	r.expect(r.name, shape, c.want)
}
