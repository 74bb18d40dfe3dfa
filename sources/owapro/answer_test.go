package owapro_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"exporter/fault"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
)

// A block that comes twice would be there twice in the table.
func TestABlockThatComesTwice(t *testing.T) {
	const block = `{"status":{"code":0},"data":[{"date":"2026-03-05","acc_channel":"SEO","sale_count":"5","sale_amount":"1"}]}`
	for times, want := range map[int]string{1: "", 2: "block 1 comes twice"} {
		v := newVendor(t, sandbox.Config{})
		o := daily()
		o.Format = "json"
		s := open(t, v.config(), o, sources.Deps{})
		report(t, s)
		v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"status":1,"data":[`+strings.TrimSuffix(strings.Repeat(block+",", times), ",")+`]}`)
		})
		got := read(t, s, customer, day(t, "2026-03-05", 1))
		if want != "" {
			wantError(t, got.err, fault.Data, want)
		} else if got.err != nil || len(got.rows) != 1 {
			t.Errorf("%d rows, error %v", len(got.rows), got.err)
		}
	}
}
