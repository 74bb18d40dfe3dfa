package hubrise_test

import (
	"slices"
	"strings"
	"testing"

	"exporter/record"
	"exporter/sources"
)

// What a job drops or hashes stands in no table of rejects either.
func TestRejectsShowNothingThatIsDroppedOrHashed(t *testing.T) {
	const secret = "SECRET"
	page := "[" + order("a", `, "total": "9.80", "private_ref": "`+secret+`", "x_new": "`+secret+`", "ref": "seen-1", "custom_fields": {"a": {"b": "`+secret+`"}},
		"items": [{"id": "i", "product_name": "seen-2", "customer_notes": "`+secret+`", "deal_line": {"label": "`+secret+`", "deal_key": "seen-3", "x": "`+secret+`"},
			"options": [{"name": "seen-4", "ref": "`+secret+`"}, "`+secret+`"]}],
		"charges": [{"id": "c", "charge_ref": "`+secret+`", "name": "seen-5"}],
		"deals": {"seen-6": {"name": "`+secret+`"}}, "payments": [{"id": "p", "info": ["`+secret+`"], "name": "seen-7"}], "discounts": "`+secret+`",
		"customer": {"email": "`+secret+`", "\u0070hone": "`+secret+`", "first_name": null, "nb_orders": "seen-8"}, "delivery": {"driver_name": "`+secret+`", "carrier": "seen-9"}`) + "," +
		order("b", `, "items": [{"product_name": "seen-a", "customer_notes": "`+secret+`"}], "payments": [{"id": "p", "amount": "`+`1", "info": "`+secret+`", "name": "seen-b"}]`) + "]"
	for name, change := range map[string]func(record.Column) (record.Column, bool){
		"dropped": func(c record.Column) (record.Column, bool) { return c, false },
		"hashed": func(c record.Column) (record.Column, bool) {
			c.Type, c.Mask = record.Text, mask
			return c, true
		},
	} {
		s, _ := played(t, page)
		req := sources.Request{Stream: stream(t, s, "orders"), Part: accountOf, Interval: day(t, "2026-03-27", 1), Zone: zone(t, "Europe/Paris")}
		whole := readOn(t, s, req)
		if whole.err != nil || len(whole.raw) != 3 || !strings.Contains(whole.raw[0], secret) {
			t.Fatalf("with all columns: %v, rejects %q", whole.err, whole.raw)
		}
		tables := slices.Clone(req.Stream.Tables)
		for n := range tables {
			var columns []record.Column
			for _, c := range tables[n].Columns {
				keep := true
				if personal := "private_ref custom_fields customer_notes deal_label info email phone driver_name _extra"; slices.Contains(strings.Fields(personal), c.Name) ||
					tables[n].Name == "order_item_options" && c.Name == "ref" || tables[n].Name == "order_deals" && c.Name == "name" {
					c, keep = change(c)
				}
				if keep {
					columns = append(columns, c)
				}
			}
			tables[n].Columns = columns
		}
		req.Stream.Tables = tables
		got := readOn(t, s, req)
		raw := strings.Join(got.raw, "\n")
		if got.err != nil || len(got.raw) != 3 || strings.Contains(raw, secret) {
			t.Errorf("%s: %v, rejects\n%s", name, got.err, raw)
		}
		for _, seen := range strings.Fields("seen-1 seen-2 seen-3 seen-4 seen-5 seen-6 seen-7 seen-8 seen-9 seen-a seen-b 9.80") {
			if !strings.Contains(raw, seen) {
				t.Errorf("%s: %s is not in the rejects\n%s", name, seen, raw)
			}
		}
	}
}
