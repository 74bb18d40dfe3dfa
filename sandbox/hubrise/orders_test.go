package hubrise_test

import (
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/hubrise"

	"github.com/google/go-cmp/cmp"
)

func created(t testing.TB, row map[string]any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, row["created_at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// All pages together are all orders, once each, by created_at and id, and those of the locations are those of the account.
func TestOrdersOfAllPages(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	rows := v.all("/v1/account/orders", "count", "37")
	if n, err := v.Count("orders", hubrise.Query{}); err != nil || n != len(rows) || n < 500 {
		t.Fatalf("%d orders, truth %d: %v", len(rows), n, err)
	}
	if !sort.SliceIsSorted(rows, func(i, j int) bool {
		a, b := created(t, rows[i]), created(t, rows[j])
		return a.Before(b) || a.Equal(b) && rows[i]["id"].(string) < rows[j]["id"].(string)
	}) {
		t.Error("not sorted by created_at and id")
	}
	var apart []string
	for _, l := range v.all("/v1/locations") {
		apart = append(apart, ids(v.all("/v1/locations/"+l["id"].(string)+"/orders"))...)
	}
	got := ids(rows)
	slices.Sort(got)
	slices.Sort(apart)
	if diff := cmp.Diff(apart, got); diff != "" {
		t.Errorf("locations apart and together (-apart +together):\n%s", diff)
	}
	if n := len(slices.Compact(got)); n != len(rows) {
		t.Errorf("%d different ids of %d orders", n, len(rows))
	}
}

// Windows side by side have no gap and no overlap, however their bounds are written.
func TestOrdersOfWindows(t *testing.T) {
	for _, orders := range []int{40, 30_000} { // the latter with several in each second
		data := small()
		data.Accounts = []hubrise.Account{{ID: "one", Locations: []hubrise.Location{{Orders: orders}, {Zone: "Asia/Kathmandu", Orders: orders}}}}
		v := newVendor(t, hubrise.Config{Data: data})
		first := v.one("/v1/locations/one-1")["id"]
		q := hubrise.Query{After: "2026-10-25T00:00:00+02:00", Before: "2026-10-25T00:20:00+02:00"}
		want := v.rows("orders", q)
		bounds := []string{"2026-10-24T22:00:00Z", "2026-10-25T00:07:01+02:00", "2026-10-24T15:13:00.000-0700", "2026-10-24T22:20:00+00:00"}
		var got []map[string]any
		for i := range 3 {
			got = append(got, v.all("/v1/account/orders", "after", bounds[i], "before", bounds[i+1], "count", "7")...)
		}
		if diff := cmp.Diff(ids(want), ids(got)); diff != "" || first == nil {
			t.Errorf("%d a day (-truth +windows):\n%s", orders, diff)
		}
		if len(want) == 0 {
			continue
		}
		at := want[len(want)/2]["created_at"].(string)
		on := v.all("/v1/account/orders", "after", at, "before", at[:17]+"59"+at[19:])
		if len(on) == 0 || on[0]["created_at"] != at && !created(t, on[0]).Equal(created(t, want[len(want)/2])) {
			t.Errorf("after is not inclusive at %s", at)
		}
		fraction := at[:19] + ".5" + at[19:]
		between := v.all("/v1/account/orders", "after", fraction, "before", at[:17]+"59"+at[19:])
		if len(between) >= len(on) || len(v.all("/v1/account/orders", "after", at, "before", fraction)) != len(on)-len(between) {
			t.Errorf("bounds within a second of %s are not kept", at)
		}
		for _, o := range v.all("/v1/account/orders", "after", bounds[0], "before", at) {
			if !created(t, o).Before(created(t, want[len(want)/2])) {
				t.Errorf("before is not exclusive at %s", at)
			}
		}
	}
}

// Days around the changes of the clock have their orders spread over 23 and 25 hours, printed with both offsets.
func TestOrdersOfDSTNights(t *testing.T) {
	for _, test := range []struct {
		day, from, to string
		offsets       string
		hours         float64
	}{
		{"2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "+02:00 +01:00", 25},
		{"2026-03-29", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "+01:00 +02:00", 23},
	} {
		data := small()
		data.FirstDay, data.Days = test.day, 1
		data.Accounts = []hubrise.Account{{Locations: []hubrise.Location{{Orders: 500}}}}
		v := newVendor(t, hubrise.Config{Data: data})
		rows := v.all("/v1/account/orders", "after", test.from, "before", test.to)
		whole := v.all("/v1/account/orders")
		var offsets []string
		doubled := 0
		for _, row := range rows {
			text := row["created_at"].(string)
			if offset := text[19:]; !slices.Contains(offsets, offset) {
				offsets = append(offsets, offset)
			}
			if strings.Contains(text, "T02:") {
				doubled++
			}
		}
		span := created(t, rows[len(rows)-1]).Sub(created(t, rows[0])).Hours()
		if len(rows) != len(whole) || strings.Join(offsets, " ") != test.offsets || span < test.hours-0.3 || span > test.hours {
			t.Errorf("%s: %d of %d orders, offsets %v, over %.2f hours", test.day, len(rows), len(whole), offsets, span)
		}
		perHour := float64(len(rows)) / test.hours
		want := map[float64]float64{25: 2 * perHour, 23: 0}[test.hours]
		if diff := float64(doubled) - want; diff < -5 || diff > 5 {
			t.Errorf("%s: %d orders between two and three o'clock, want about %.0f", test.day, doubled, want)
		}
	}
}

func TestOrderFilters(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	all := v.all("/v1/account/orders")
	customer := ""
	for _, o := range all {
		if id, ok := o["customer"].(map[string]any)["id"].(string); ok {
			customer = id
		}
	}
	for _, test := range []struct{ name, value, member string }{
		{"status", "cancelled", "status"}, {"created_by", "Glovo", "created_by"}, {"customer_id", customer, "id"}, {"private_ref", "x", "private_ref"},
	} {
		want := []string{}
		for _, o := range all {
			from := o
			if test.name == "customer_id" {
				from = o["customer"].(map[string]any)
			}
			if from[test.member] == test.value {
				want = append(want, o["id"].(string))
			}
		}
		if got := ids(v.all("/v1/account/orders", test.name, test.value, "count", "3")); !slices.Equal(got, want) || len(want) == 0 && test.value != "x" {
			t.Errorf("%s=%s: got %d orders, want %d", test.name, test.value, len(got), len(want))
		}
	}
	expect(t, "a plus that was not encoded", v.get("/v1/account/orders", "after", "2026-10-25T00:00:00 02:00"), 422, `"field":"after"`)
}

func TestOneOrder(t *testing.T) {
	v := newVendor(t, hubrise.Config{Data: small()})
	deliveries := 0
	for _, want := range v.pages("/v1/locations/3r4s3-1/orders", "count", "40")[0] {
		path := "/v1/locations/3r4s3-1/orders/" + want["id"].(string)
		if diff := cmp.Diff(want, v.one(path)); diff != "" {
			t.Errorf("%s differs from the index (-index +one):\n%s", path, diff)
		}
		w := v.get(path + "/delivery")
		inOrder, there := want["delivery"].(map[string]any)
		if !there {
			expect(t, path+" without courier", w, 404, "not_found")
			continue
		}
		deliveries++
		own := parse[map[string]any](t, w.Body.String())
		if own["order_id"] != want["id"] || own["fee"] != inOrder["fee"] || own["driver_name"] != inOrder["driver_name"] {
			t.Errorf("%s/delivery: %v, in the order %v", path, own, inOrder)
		}
		expect(t, "an order of another location", v.get("/v1/locations/3r4s3-2/orders/"+want["id"].(string)), 404, "not_found")
	}
	if deliveries == 0 {
		t.Error("no order has a courier")
	}
	for _, id := range []string{"zzzzzzz", "0", "ABCDEFG", "aaaaaaaa"} {
		expect(t, id, v.get("/v1/locations/3r4s3-1/orders/"+id), 404, "not_found")
	}
}

// What the sheet says about sums holds: subtotals have their options, totals leave out what is deleted.
func TestOrderSums(t *testing.T) {
	cents := func(money any) int {
		digits := strings.TrimSuffix(strings.Replace(money.(string), ".", "", 1), " EUR")
		n := 0
		for _, c := range strings.TrimPrefix(digits, "-") {
			n = n*10 + int(c-'0')
		}
		return n
	}
	for name, total := range map[string]hubrise.Total{"live": hubrise.TotalLive, "all": hubrise.TotalAll} {
		v := newVendor(t, hubrise.Config{Data: small(), Answers: hubrise.Answers{Total: total}})
		deleted := 0
		for _, o := range v.all("/v1/account/orders") {
			sum := 0
			add := func(list, member string, sign int) {
				for _, e := range o[list].([]any) {
					one := e.(map[string]any)
					if one["deleted"] == true {
						deleted++
					}
					if one["deleted"] == false || total == hubrise.TotalAll {
						sum += sign * cents(one[member])
					}
				}
			}
			add("items", "subtotal", 1)
			add("charges", "price", 1)
			add("discounts", "price_off", -1)
			if got := cents(o["total"]); got != sum && got != -sum {
				t.Fatalf("%s: order %v: total %v, sum of elements %d", name, o["id"], o["total"], sum)
			}
		}
		if deleted == 0 {
			t.Errorf("%s: nothing is deleted", name)
		}
	}
}

// A busy day is served from its middle in no more memory than its page takes.
func TestBusyDay(t *testing.T) {
	data := small()
	data.Accounts = []hubrise.Account{{Locations: []hubrise.Location{{Orders: 100_000}}}}
	v := newVendor(t, hubrise.Config{Data: data})
	w := v.get("/v1/account/orders", "after", "2026-10-25T12:00:00+01:00", "before", "2026-10-26T00:00:00+01:00")
	rows := parse[[]map[string]any](t, w.Body.String())
	if w.Code != http.StatusOK || len(rows) != 100 || w.Header().Get("X-Cursor-Next") == "" {
		t.Fatalf("%d, %d rows", w.Code, len(rows))
	}
	if n, err := v.Count("orders", hubrise.Query{After: "2026-10-25T00:00:00+02:00", Before: "2026-10-25T00:15:00+02:00"}); err != nil || n < 700 || n > 1300 {
		t.Errorf("%d orders in a quarter of an hour: %v", n, err)
	}
}
