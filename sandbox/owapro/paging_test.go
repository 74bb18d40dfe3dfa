package owapro_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/faults"
	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

func TestPaging(t *testing.T) {
	body := func(page int) string {
		return ask("date customer_trackgroup", "sale_count", fmt.Sprintf(`"sort":[{"date":"asc"},{"customer_trackgroup":"desc"}],"page_limit":"100","page_number":%d`, page))
	}
	read := func(v *vendor) (all []map[string]any, last int) {
		for page := 1; page < 20; page++ {
			b := v.block(body(page))
			all = append(all, b.Data...)
			if len(b.Data) < 100 {
				return all, page
			}
		}
		return all, 20
	}
	v := newVendor(t, owapro.Config{Data: small()})
	whole := v.block(ask("date customer_trackgroup", "sale_count", `"sort":[{"date":"asc"},{"customer_trackgroup":"desc"}]`))
	all, last := read(v)
	if diff := cmp.Diff(whole.Data, all); diff != "" || last < 3 {
		t.Errorf("%d pages differ from one (-one +pages):\n%.1000s", last, diff)
	}
	if b := v.block(body(1)); b.Status["pages"] != json.Number(fmt.Sprint(last)) || b.Status["items"] != json.Number("100") || b.Metadata.ShowSummary != "3" {
		t.Errorf("status of a page: %v %v", b.Status, b.Metadata.ShowSummary)
	}
	if _, told := whole.Status["pages"]; told || whole.Status["source"] != "db" || whole.Metadata.ShowSummary != json.Number("0") {
		t.Errorf("status without a limit: %v", whole.Status)
	}
	if again := v.block(ask("date customer_trackgroup", "sale_count", `"sort":[{"date":"asc"},{"customer_trackgroup":"desc"}]`)); again.Status["source"] != "cache" {
		t.Errorf("status of a second call: %v", again.Status)
	}
	pages := v.meter.Pages()
	if p := pages[2]; p.Operation != "report/dw_generate_report" || p.Page != "2" || p.Rows != 100 || p.First == "" || p.Last == "" || p.Key != owapro.ClientKey("client") {
		t.Errorf("the meter saw %+v", p)
	}
	v = newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{IgnorePageNumber: true}})
	if _, last := read(v); last != 20 {
		t.Errorf("a server that ignores page_number ended on page %d", last)
	}
	v = newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{MaxPageLimit: 30}})
	if b := v.block(body(1)); len(b.Data) != 30 {
		t.Errorf("a page of %d rows", len(b.Data))
	}
	v = newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Unsorted: owapro.UnsortedUnstable}})
	if one, two := v.block(ask("date customer_trackgroup", "sale_count")), v.block(ask("date customer_trackgroup", "sale_count")); cmp.Equal(one.Data, two.Data) {
		t.Error("rows without a sort have an order")
	}
}

func TestPagesToldOrNot(t *testing.T) {
	two := `{"data_sources_overwrite":{"filters":[{"field":"date","operator":"exists"}],"data_blocks":{"2":[{"dimensions":["date"],"metrics":["ctr"]}],"1":[{"dimensions":["date"],"metrics":["ctr"],"page_limit":3}],"10":[{"dimensions":["date"],"metrics":["ctr"]},{"dimensions":["month"],"metrics":["cpc"]}]}}}`
	for pages, want := range map[owapro.Pages]string{
		owapro.PagesLimited: "1:4 2:- 10:- 10:-", owapro.PagesAlways: "1:4 2:1 10:1 10:1", owapro.PagesNever: "1:- 2:- 10:- 10:-", owapro.PagesFirst: "1:- 2:1 10:1 10:1",
	} {
		v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Pages: pages}})
		var got []string
		for _, b := range v.blocks(two).Data {
			n, told := b.Status["pages"]
			if !told {
				n = "-"
			}
			got = append(got, fmt.Sprint(b.ID, ":", n))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", pages, got, want)
		}
	}
}

func TestSummaryRow(t *testing.T) {
	for summary, want := range map[owapro.Summary]string{owapro.SummaryOff: "4 4 2", owapro.SummaryEvery: "5 5 3", owapro.SummaryLast: "4 4 3"} {
		v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Summary: summary}})
		var got []string
		var last map[string]any
		for page := 1; page <= 3; page++ {
			b := v.block(ask("date", "sale_count ctr", fmt.Sprintf(`"page_limit":4,"page_number":%d`, page)))
			got = append(got, fmt.Sprint(len(b.Data)))
			last = b.Data[len(b.Data)-1]
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: rows %v, want %s", summary, got, want)
		}
		sums, err := v.Sums(owapro.Query{Dimensions: []string{"date"}, Metrics: []string{"sale_count"}})
		if err != nil {
			t.Fatal(err)
		}
		if isSum := last["sale_count"] == sums["sale_count"] && last["date"] == nil; isSum != (summary != owapro.SummaryOff) {
			t.Errorf("%s: last row %v, sums %v", summary, last, sums)
		}
	}
}

func TestFailures(t *testing.T) {
	two := `{"data_sources_overwrite":{"filters":[{"field":"date","operator":"exists"}],"data_blocks":{"1":[{"dimensions":["date"],"metrics":["ctr"]}],"2":[{"dimensions":["date"],"metrics":["ctr"]}]}}}`
	for failure, want := range map[owapro.Failure]string{owapro.FailBlocks: "1 7:no luck 7:no luck", owapro.FailLastBlock: "1 0:OK 7:no luck", owapro.FailTop: "0"} {
		v := newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{Failure: failure}, Faults: []faults.Rule{{Kind: faults.Envelope, Body: "no luck"}}})
		a := v.blocks(two)
		got := fmt.Sprint(a.Status)
		for _, b := range a.Data {
			got += fmt.Sprintf(" %v:%v", b.Status["code"], b.Status["msg"])
		}
		if got != want || a.HTTP != 200 {
			t.Errorf("%s: %d %s, want %s", failure, a.HTTP, got, want)
		}
	}
	for what, body := range map[string]string{"dimension x": ask("x", "ctr"), "metric x": ask("date", "x"), "sort column tag": ask("date", "ctr", `"sort":[{"tag":"asc"}]`)} {
		v := newVendor(t, owapro.Config{Data: small()})
		if a := v.blocks(body); a.HTTP != 200 || a.Status != 1 || fmt.Sprint(a.Data[0].Status["code"]) != "3" || a.Data[0].Status["msg"] != "Unknown "+what {
			t.Errorf("unknown %s: %d %s", what, a.HTTP, a.Body)
		}
		v = newVendor(t, owapro.Config{Data: small(), Answers: owapro.Answers{UnknownColumn: owapro.UnknownRefused}})
		if w := v.report(body); w.Code != 400 || !strings.Contains(w.Body.String(), "Unknown "+what) {
			t.Errorf("unknown %s: %d %s", what, w.Code, w.Body)
		}
	}
}

// column returns a column of a block.
func column(b block, name string) []string {
	var out []string
	for _, row := range rows(b) {
		out = append(out, row[name])
	}
	return out
}

func TestSort(t *testing.T) {
	v := newVendor(t, owapro.Config{Data: small()})
	cases := map[string]struct {
		dims, sort, column string
		number, desc       bool
	}{
		"date":        {dims: "customer_trackgroup date", sort: `{"date":"asc"}`, column: "date"},
		"date desc":   {dims: "customer_trackgroup date", sort: `{"date":"DESC"}`, column: "date", desc: true},
		"label":       {dims: "date customer_trackgroup", sort: `{"customer_trackgroup":"asc"}`, column: "customer_trackgroup"},
		"id":          {dims: "date customer_trackgroup", sort: `{"customer_trackgroupid":"desc"}`, column: "customer_trackgroupid", number: true, desc: true},
		"number":      {dims: "day_of_year", sort: `{"day_of_year":"asc"}`, column: "day_of_year", number: true},
		"count":       {dims: "date customer_trackgroup", sort: `{"sale_count":"desc"}`, column: "sale_count", number: true, desc: true},
		"money":       {dims: "customer_trackgroup", sort: `{"sale_amount":"asc"}`, column: "sale_amount", number: true},
		"second last": {dims: "date customer_trackgroup", sort: `{"customer_trackgroup":"asc"},{"date":"desc"}`, column: "customer_trackgroup"},
	}
	for name, c := range cases {
		got := column(v.block(ask(c.dims, "sale_count sale_amount", `"sort":[`+c.sort+`]`)), c.column)
		before := func(a, b string) int {
			order := strings.Compare(a, b)
			if c.number {
				order = number(a).Cmp(number(b))
			}
			if c.desc {
				return -order
			}
			return order
		}
		if !slices.IsSortedFunc(got, before) || len(got) < 10 {
			t.Errorf("%s: not sorted: %.300v", name, got)
		}
	}
	if b := v.block(ask("date", "sale_count")); b.Metadata.Sort != nil {
		t.Errorf("metadata.sort without a sort: %v", b.Metadata.Sort)
	}
}
