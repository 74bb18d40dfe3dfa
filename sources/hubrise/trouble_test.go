package hubrise_test

import (
	"strings"
	"testing"
	"time"

	"exporter/fault"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/hubrise"
	"exporter/sources"
	"exporter/sources/hubrise"
	"exporter/sources/sourcetest"
)

// The statuses of the vendor's error table.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		class  fault.Class
		texts  []string
	}{
		{400, `{"error_type": "unprocessable_entity", "message": "no good"}`, fault.Permanent, []string{"400", "no good (unprocessable_entity)"}},
		{403, `{"message": "A 'orders' read scope is required", "error_type": "forbidden"}`, fault.Auth, []string{"403", "A 'orders' read scope is required", "orders.read"}},
		{404, `{"error_type": "not_found"}`, fault.Config, []string{"404", "not_found", "account 3r4s3"}},
		{415, ``, fault.Permanent, []string{"415"}},
		{422, `{"message": "Validation failed", "errors": [{"field": "after", "message": "is no time"}], "error_type": "unprocessable_entity"}`, fault.Permanent, []string{"422", "after is no time"}},
	} {
		v := newVendor(t, sandbox.Config{})
		s := open(t, v.with(accountToken), &hubrise.Options{}, sources.Deps{})
		sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), "orders"))
		if err := v.faults.Add(faults.Rule{Kind: faults.Status, Status: c.status, Body: c.body}); err != nil {
			t.Fatal(err)
		}
		before := v.Requests.Load()
		wantError(t, read(t, s, "orders", accountOf, day(t, "2026-03-27", 1)).err, c.class, c.texts...)
		if asked := v.Requests.Load() - before; asked != 1 {
			t.Errorf("%d: %d calls", c.status, asked)
		}
	}
}

// One location that is not there fails by itself; the others are read.
func TestUnknownLocation(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	o := &hubrise.Options{Locations: []string{"3r4s3-77", paris}}
	s := open(t, v.with(accountToken), o, sources.Deps{})
	if parts := sourcetest.Must[[]string](t)(s.(sources.Parted).Parts(t.Context(), "orders")); strings.Join(parts, " ") != "3r4s3-77 "+paris {
		t.Errorf("parts %v", parts)
	}
	i := day(t, "2026-03-27", 1)
	wantError(t, read(t, s, "orders", "3r4s3-77", i).err, fault.Config, "404", "location 3r4s3-77", "ids in the job's options")
	got := read(t, s, "orders", paris, i)
	n := sourcetest.Must[int](t)(v.Count("orders", sandbox.Query{Locations: []string{paris}, After: i.Start.Format(time.RFC3339), Before: i.End.Format(time.RFC3339)}))
	if got.err != nil || len(got.rows["orders"]) != n || n == 0 {
		t.Errorf("%d orders, want %d; error %v", len(got.rows["orders"]), n, got.err)
	}
}

// Statuses are left out here, whatever the vendor makes of several.
func TestStatuses(t *testing.T) {
	v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Statuses: sandbox.StatusesRefused}})
	i := day(t, "2026-03-27", 1)
	wanted := []string{"completed", "cancelled"}
	s := open(t, v.with(accountToken), &hubrise.Options{Statuses: wanted, PageSize: 10}, sources.Deps{})
	got := read(t, s, "orders", accountOf, i)
	n := sourcetest.Must[int](t)(v.Count("order_items", sandbox.Query{Account: accountOf, Statuses: wanted, After: i.Start.Format(time.RFC3339), Before: i.End.Format(time.RFC3339)}))
	if got.err != nil || n == 0 || len(got.rows["order_items"]) != n {
		t.Errorf("%d items, want %d; error %v", len(got.rows["order_items"]), n, got.err)
	}
}

// Filters are the vendor's, beside the interval.
func TestFilters(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	i := day(t, "2026-03-27", 1)
	all := read(t, open(t, v.with(accountToken), &hubrise.Options{}, sources.Deps{}), "orders", accountOf, i)
	if all.err != nil {
		t.Fatal(all.err)
	}
	count := map[string]int{}
	for _, customer := range all.rows["order_customers"] {
		count[customer["customer_id"]]++
	}
	delete(count, "")
	for id, n := range count {
		s := open(t, v.with(accountToken), &hubrise.Options{Filters: map[string]string{"customer_id": id}}, sources.Deps{})
		got := read(t, s, "orders", accountOf, i)
		if got.err != nil || len(got.rows["orders"]) != n || n >= len(all.rows["orders"]) {
			t.Errorf("%d orders of customer %q, want %d of %d; error %v", len(got.rows["orders"]), id, n, len(all.rows["orders"]), got.err)
		}
		return
	}
	t.Error("no order has a customer")
}

// The whole past is read again in the first run of a month, and only then.
func TestChanged(t *testing.T) {
	at := func(text string) time.Time { return sourcetest.Must[time.Time](t)(time.Parse(time.RFC3339, text)) }
	for _, c := range []struct {
		deep, zone, since, now string
		want                   bool
	}{
		{"", "", "2026-03-31T04:00:00Z", "2026-04-01T04:00:00Z", true},
		{"monthly", "", "2026-04-01T04:00:00Z", "2026-04-02T04:00:00Z", false},
		{"monthly", "", "2025-04-01T04:00:00Z", "2026-04-02T04:00:00Z", true},
		{"off", "", "2026-03-31T04:00:00Z", "2026-04-01T04:00:00Z", false},
		{"monthly", "Europe/Paris", "2026-03-31T21:00:00Z", "2026-03-31T22:30:00Z", true},
		{"monthly", "", "2026-03-31T21:00:00Z", "2026-03-31T22:30:00Z", false},
	} {
		cfg := newConfig()
		cfg.AccessToken, cfg.Timezone = accountToken, c.zone
		s := open(t, cfg, &hubrise.Options{Deep: c.deep}, sources.Deps{Now: func() time.Time { return at(c.now) }})
		got := sourcetest.Must[[]sources.Interval](t)(s.(sources.Changer).Changed(t.Context(), "orders", at(c.since)))
		if (len(got) == 1) != c.want || c.want && (!got[0].Start.IsZero() || !got[0].End.Equal(at(c.now))) {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}
