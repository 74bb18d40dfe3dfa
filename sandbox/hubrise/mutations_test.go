package hubrise_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"exporter/sandbox/hubrise"

	"github.com/google/go-cmp/cmp"
)

// byID are documents by their id.
func byID(rows []map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, row := range rows {
		out[row["id"].(string)] = row
	}
	return out
}

// changed are the ids of documents that differ.
func changed(before, after []map[string]any) []string {
	then := byID(before)
	out := []string{}
	for _, row := range after {
		if !reflect.DeepEqual(then[row["id"].(string)], row) {
			out = append(out, row["id"].(string))
		}
	}
	slices.Sort(out)
	return out
}

// Orders change in the one way that was asked for, and no others.
func TestMutatedOrders(t *testing.T) {
	day := hubrise.Mutation{Location: "3r4s3-2", Day: "2026-10-25", Orders: 5}
	window := []string{"after", "2026-10-24T12:00:00Z", "before", "2026-10-26T00:00:00Z"}
	for kind, look := range map[hubrise.MutationKind]func(before, after map[string]any) bool{
		hubrise.ChangeStatus: func(_, after map[string]any) bool { return after["status"] == "delivery_failed" },
		hubrise.AddPayment: func(before, after map[string]any) bool {
			return len(after["payments"].([]any)) == len(before["payments"].([]any))+1 && after["total"] == before["total"]
		},
		hubrise.DeleteElement: func(before, after map[string]any) bool {
			flagged := func(o map[string]any) (n int) {
				for _, list := range []string{"items", "payments", "charges", "discounts"} {
					for _, e := range o[list].([]any) {
						if e.(map[string]any)["deleted"] == true {
							n++
						}
					}
				}
				return n
			}
			return flagged(after) == flagged(before)+1 && len(after["items"].([]any)) == len(before["items"].([]any))
		},
	} {
		v := newVendor(t, hubrise.Config{Data: small()})
		before := v.all(ordersPath, window...)
		m := day
		m.Kind, m.Status = kind, "delivery_failed"
		want := v.mutate(m)
		after := v.all(ordersPath, window...)
		slices.Sort(want)
		if got := changed(before, after); !slices.Equal(got, want) || len(want) != 5 {
			t.Errorf("%s: changed %v, want %v", kind, got, want)
		}
		then, now := byID(before), byID(after)
		for _, id := range want {
			if !look(then[id], now[id]) || now[id]["location_id"] != "3r4s3-2" {
				t.Errorf("%s: order %s:\n%s", kind, id, cmp.Diff(then[id], now[id]))
			}
		}
		if rows := byID(v.rows("orders", hubrise.Query{})); rows[want[0]]["status"] != now[want[0]]["status"] {
			t.Errorf("%s: the truth is another", kind)
		}
	}
}

func TestOneMutatedOrder(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	all := v.all(ordersPath)
	id := all[7]["id"].(string)
	path := "/v1/locations/" + all[7]["location_id"].(string) + "/orders/" + id
	for range 30 { // more often than there are elements
		v.mutate(hubrise.Mutation{Kind: hubrise.DeleteElement, Order: id})
	}
	if got := v.one(path); !strings.HasPrefix(got["total"].(string), "0.00 ") {
		t.Errorf("total of an order without anything: %v", got["total"])
	}
	if got := changed(all, v.all(ordersPath)); !slices.Equal(got, []string{id}) {
		t.Errorf("changed %v", got)
	}
}

// Anonymised customers lose what is personal, in their list and in all of their orders, however old.
func TestAnonymised(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	list := v.all("/v1/account/customer_lists")[0]["id"].(string)
	before := v.all(ordersPath)
	gone := v.mutate(hubrise.Mutation{Kind: hubrise.Anonymise, List: list, Customers: 20})
	after := v.all(ordersPath)
	var want []string
	for _, o := range before {
		if id, ok := o["customer"].(map[string]any)["id"].(string); ok && slices.Contains(gone, id) {
			want = append(want, o["id"].(string))
		}
	}
	slices.Sort(want)
	if got := changed(before, after); !slices.Equal(got, want) || len(gone) != 20 || len(want) < 20 {
		t.Errorf("%d customers, changed %d orders, want %d", len(gone), len(got), len(want))
	}
	snapshot := byID(after)[want[0]]["customer"].(map[string]any)
	own := v.one("/v1/customer_lists/" + list + "/customers/" + snapshot["id"].(string))
	for _, c := range []map[string]any{snapshot, own} {
		for _, name := range []string{"email", "first_name", "last_name", "gender", "birth_date", "company_name", "phone", "address_1", "postal_code", "latitude", "delivery_notes"} {
			if c[name] != nil {
				t.Errorf("%s is %v", name, c[name])
			}
		}
		if c["anonymised"] != true || c["city"] == nil || c["id"] == nil {
			t.Errorf("customer %v", c)
		}
	}
	one := v.mutate(hubrise.Mutation{Kind: hubrise.Anonymise, List: list, Customer: v.all("/v1/customer_lists/" + list + "/customers")[50]["id"].(string)})
	if n := len(v.rows("customers", hubrise.Query{Lists: []string{list}})); n != 300 || len(one) != 1 {
		t.Errorf("%d customers, %v", n, one)
	}
}

func TestReplacedCatalog(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	id := menuID(v)
	before, beforeHeader := v.rows("catalog_skus", hubrise.Query{Catalogs: []string{id}}), v.all("/v1/account/catalogs")
	v.mutate(hubrise.Mutation{Kind: hubrise.ReplaceCatalog, Catalog: id})
	after := v.rows("catalog_skus", hubrise.Query{Catalogs: []string{id}})
	prices := 0
	for i := range before {
		if before[i]["ref"] != after[i]["ref"] || before[i]["id"] == after[i]["id"] {
			t.Errorf("SKU %v is now %v", before[i], after[i])
		}
		if before[i]["price"] != after[i]["price"] {
			prices++
		}
	}
	if prices == 0 || len(before) != len(after) || cmp.Diff(beforeHeader, v.all("/v1/account/catalogs")) != "" {
		t.Errorf("%d of %d prices changed, %d SKUs now", prices, len(before), len(after))
	}
}

func TestDeletedList(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	id := v.all("/v1/account/customer_lists")[0]["id"].(string)
	orders := v.all(ordersPath)
	v.mutate(hubrise.Mutation{Kind: hubrise.DeleteList, List: id})
	expect(t, "its customers", v.get("/v1/customer_lists/"+id+"/customers"), 404, "not_found")
	if n := len(v.all("/v1/account/customer_lists")); n != 0 {
		t.Errorf("%d lists of the account", n)
	}
	if n, err := v.Count("customers", hubrise.Query{}); err != nil || n != 40 {
		t.Errorf("%d customers are left: %v", n, err)
	}
	if got := changed(orders, v.all(ordersPath)); len(got) != 0 {
		t.Errorf("%d orders changed", len(got))
	}
}

// A change between two pages: by key, rows that stay in the filter come once each; by offset, a row that leaves it takes another with it.
func TestMutationBetweenPages(t *testing.T) {
	for cursors, lost := range map[hubrise.Cursors]int{hubrise.CursorsKey: 0, hubrise.CursorsOffset: 10} {
		v := newVendor(t, answers(hubrise.Answers{Cursors: cursors}))
		window := []string{"status", "completed", "count", "10"}
		truth := v.rows("orders", hubrise.Query{Statuses: []string{"completed"}})
		for _, row := range truth[:10] {
			v.mutate(hubrise.Mutation{Kind: hubrise.ChangeStatus, Order: row["id"].(string), AfterPages: v.Pages() + 2})
		}
		if got := v.all(ordersPath, window...); len(got) != len(truth)-lost {
			t.Errorf("%s: %d orders, want %d", cursors, len(got), len(truth)-lost)
		}
	}
}

func TestBadMutations(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	for _, m := range []hubrise.Mutation{
		{},
		{Kind: "explode"},
		{Kind: hubrise.ChangeStatus},
		{Kind: hubrise.ChangeStatus, Order: "x"},
		{Kind: hubrise.ChangeStatus, Location: "3r4s3-1", Day: "soon"},
		{Kind: hubrise.ChangeStatus, Location: "x", Day: "2026-10-25"},
		{Kind: hubrise.ChangeStatus, Location: "3r4s3-1", Day: "2026-10-25", Status: "eaten"},
		{Kind: hubrise.Anonymise, List: "x"},
		{Kind: hubrise.Anonymise, List: v.all("/v1/account/customer_lists")[0]["id"].(string), Customer: "x"},
		{Kind: hubrise.ReplaceCatalog, Catalog: "x"},
		{Kind: hubrise.DeleteList, List: "x", AfterPages: 9},
		{Kind: hubrise.AddPayment, Orders: -1},
	} {
		if _, err := v.Mutate(m); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
	later := hubrise.Mutation{Kind: hubrise.DeleteList, List: v.all("/v1/account/customer_lists")[0]["id"].(string), AfterPages: 1}
	v.mutate(later)
	if len(v.all("/v1/account/customer_lists")) != 1 {
		t.Error("a mutation happened before its page")
	}
	if v.get(ordersPath); len(v.all("/v1/account/customer_lists")) != 0 {
		t.Error("a mutation did not happen with its page")
	}
}
