package owapro_test

import (
	"testing"

	"exporter/sandbox/owapro"

	"github.com/google/go-cmp/cmp"
)

func TestRestatement(t *testing.T) {
	cfg := owapro.Config{Data: small(), Restate: []owapro.Restatement{{Customer: 4711, Day: "2026-01-01", AfterCalls: 2}}}
	v := newVendor(t, cfg)
	q := owapro.Query{Dimensions: []string{"date", "customer", "customer_trackgroup"}, Metrics: []string{"click_count_pub", "sale_count", "cost_income"}}
	body := ask("date customer customer_trackgroup", "click_count_pub sale_count cost_income")
	before := v.truth(q)
	for call := 1; call <= 3; call++ {
		changed := !cmp.Equal(before, rows(v.block(body)))
		if changed != (call > 2) {
			t.Errorf("call %d: changed %v", call, changed)
		}
	}
	if v.Reports() != 3 {
		t.Errorf("%d reports", v.Reports())
	}
	after := v.truth(q)
	old := map[string]map[string]string{}
	for _, row := range before {
		old[row["date"]+row["customer_trackgroupid"]] = row
	}
	changes, moves := 0, 0
	for _, row := range after {
		was := old[row["date"]+row["customer_trackgroupid"]]
		if cmp.Equal(was, row) {
			continue
		}
		changes++
		if row["date"] != "2026-01-01" || row["customerid"] != "4711" {
			t.Errorf("%v changed, was %v", row, was)
		}
		if was != nil && was["click_count_pub"] != row["click_count_pub"] {
			moves++
		}
	}
	if changes == 0 || moves > 0 {
		t.Errorf("%d rows changed, the clicks of %d", changes, moves)
	}
	if err := v.Restate(owapro.Restatement{Day: "2026-01-02"}); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(after, v.truth(q)) {
		t.Error("nothing changed at once")
	}
	for day := range 10 {
		if err := v.Restate(owapro.Restatement{Day: v.Day(day)}); err != nil {
			t.Fatal(err)
		}
	}
	came, went := 0, len(old)
	for _, row := range v.truth(q) {
		if _, there := old[row["date"]+row["customer_trackgroupid"]]; there {
			went--
		} else {
			came++
		}
	}
	if came == 0 || went == 0 {
		t.Errorf("%d rows came, %d went", came, went)
	}
	for _, bad := range []owapro.Restatement{{Day: "soon"}, {Day: "2026-01-02", Customer: 9}} {
		if err := v.Restate(bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
