package owapro_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/sourcetest"
)

// oddCells are cells of either format, by the name of their column.
func oddCells() []sourcetest.Odd {
	long := strings.Repeat("0123456789", 1<<20)
	return []sourcetest.Odd{
		{Column: "sale_amount", Sent: "NaN", Reason: `"NaN" is not a decimal number`},
		{Column: "sale_amount", Sent: "Infinity", Reason: `"Infinity" is not a decimal number`},
		{Column: "sale_count", Sent: "-INF", Reason: `"-INF" is not an integer`},
		{Column: "sale_count", Sent: "9223372036854775808", Reason: `"9223372036854775808" does not fit into 64 bits`},
		{Column: "sale_count", Sent: "9223372036854775807", Want: "9223372036854775807"},
		{Column: "date", Sent: "0000-00-00", Reason: "required, but empty"},
		{Column: "date", Sent: "10000-01-01", Reason: `"10000-01-01" is not a date`},
		{Column: "date", Sent: "2026-02-30", Reason: `"2026-02-30" is not a date`},
		{Column: "acc_channel", Sent: "a\x00b", Want: "ab"},
		{Column: "acc_channel", Sent: long, Want: long},
		{Column: "acc_channel", Sent: ""},
	}
}

// cellsOf is a row of the report that has a cell among usual ones.
func cellsOf(o sourcetest.Odd, quote func(string) string) string {
	row := []string{quote("2026-03-05"), quote("SEO"), quote("5"), quote("1.50")}
	for i, name := range []string{"date", "acc_channel", "sale_count", "sale_amount"} {
		if name == o.Column {
			row[i] = quote(o.Sent)
		}
	}
	return strings.Join(row, ";")
}

// TestOddValues: what the vendor may answer that not every database can hold ends as it
// is written down, in CSV and in JSON.
func TestOddValues(t *testing.T) {
	t.Run("csv", func(t *testing.T) {
		list := oddCells()
		v := newVendor(t, sandbox.Config{})
		o := daily()
		o.Format, o.CSV.Decimal = "csv", "."
		s := open(t, v.config(), o, sources.Deps{})
		req := sources.Request{Stream: report(t, s), Part: customer, Interval: day(t, "2026-03-05", 1), Zone: time.UTC}
		const head = "date;acc_channel;sale_count;sale_amount\r\n"
		fixed(v, func(n int) string {
			body := head
			for _, o := range list {
				if n == 1 {
					body += cellsOf(o, func(s string) string { return s }) + "\r\n"
				}
			}
			return body
		})
		sourcetest.Odds(t, s, req, list)
	})
	t.Run("json", func(t *testing.T) {
		list := append(oddCells(), sourcetest.Odd{Column: "acc_channel", Sent: "caf\xe9", Want: "caf\ufffd"})
		v := newVendor(t, sandbox.Config{})
		o := daily()
		o.Format = "json"
		s := open(t, v.config(), o, sources.Deps{})
		req := sources.Request{Stream: report(t, s), Part: customer, Interval: day(t, "2026-03-05", 1), Zone: time.UTC}
		names := []string{"date", "acc_channel", "sale_count", "sale_amount"}
		var rows []string
		for _, o := range list {
			var cells []string
			for i, cell := range strings.Split(cellsOf(o, func(s string) string { return `"` + strings.ReplaceAll(s, "\x00", `\u0000`) + `"` }), ";") {
				cells = append(cells, fmt.Sprintf("%q:%s", names[i], cell))
			}
			rows = append(rows, "{"+strings.Join(cells, ",")+"}")
		}
		answer := fmt.Sprintf(`{"status":1,"data":[{"status":{"code":0,"items":%d},"metadata":{"currency":"EUR","metric":{"sale_count":{"format":"integer"},"sale_amount":{"format":"currency"}},
			"dimension":{"date":{"dw_name_id":"date"},"acc_channel":{"dw_name_id":"acc_channel"}}},"data":[%s]}],"message":{}}`, len(list), strings.Join(rows, ","))
		v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(answer))
		})
		sourcetest.Odds(t, s, req, list)
	})
}
