package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"exporter/sandbox"
	"exporter/sandbox/hubrise"
	"exporter/sinks/postgres/pgtest"
)

const hubTOML = `
[exporter]
timezone = "Europe/Paris"
hash_key = "0123456789abcdef0123456789abcdef"
[sources.shop]
driver = "hubrise"
base_url = "%[1]s/v1"
auth_url = "%[1]s/oauth2/v1"
access_token = "account-token"
limits = ["1000/1s"]
classes = { heavy = [] }
[sinks.warehouse]
driver = "postgres"
dsn = "%[2]s"
schema = "marketing"
[jobs.hub]
source = "shop"
stream = "orders"
sinks = ["warehouse"]
schedule = "30 4 * * *"
options = { raw = true, page_size = 40 }
columns = { email = "hash", phone = "drop" }
[jobs.crm]
source = "shop"
stream = "customers"
sinks = ["warehouse"]
schedule = "30 4 * * *"
[jobs.menu]
source = "shop"
stream = "catalogs"
sinks = ["warehouse"]
schedule = "30 4 * * *"
[jobs.shops]
source = "shop"
stream = "locations"
sinks = ["warehouse"]
schedule = "30 4 * * *"
`

// hub is a played HubRise beside a warehouse.
type hub struct {
	*testing.T
	vendor *hubrise.Server
	config string
	db     *pgx.Conn
}

func newHub(t *testing.T) *hub {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{Seed: 7, HubRise: hubrise.Config{Data: hubrise.Data{FirstDay: "2026-03-20", Days: 20, Now: "2026-06-01T00:00:00Z"}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(server.Close)
	dsn := pgtest.Start(t).Database(t)
	h := &hub{T: t, vendor: box.HubRise(), config: filepath.Join(t.TempDir(), "jobs.toml")}
	if err := os.WriteFile(h.config, fmt.Appendf(nil, hubTOML, server.URL, dsn), 0o600); err != nil {
		t.Fatal(err)
	}
	if h.db, err = pgx.Connect(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.db.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return h
}

// run runs a command, and wants an exit code and texts in what it says.
func (h *hub) run(code int, texts []string, args ...string) {
	h.Helper()
	m, out, problems := invocation(append([]string{"--config", h.config, "--log-level", "error"}, args...)...)
	m.Now = func() time.Time { return time.Date(2026, 4, 5, 3, 0, 0, 0, time.UTC) }
	if got := m.Run(h.Context()); got != code {
		h.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, out, problems)
	}
	for _, text := range texts {
		if !strings.Contains(out.String()+problems.String(), text) {
			h.Errorf("%v: %q is not in\n%s%s", args, text, out, problems)
		}
	}
}

func (h *hub) orders(code int, texts ...string) {
	h.Helper()
	h.run(code, texts, "run", "hub", "--from", "2026-03-28", "--to", "2026-03-31")
}

// days are the orders of these commands: Paris on the days around its clock change.
var days = hubrise.Query{Account: "3r4s3", After: "2026-03-27T23:00:00Z", Before: "2026-03-30T22:00:00Z"}

func (h *hub) value(sql string) (text string) {
	h.Helper()
	if err := h.db.QueryRow(h.Context(), sql).Scan(&text); err != nil {
		h.Fatalf("%s: %v", sql, err)
	}
	return text
}

func (h *hub) want(sql, want string) {
	h.Helper()
	if got := h.value(sql); got != want {
		h.Errorf("%s: got %s, want %s", sql, got, want)
	}
}

// sameAsVendor compares every table of the orders with the vendor's truth.
func (h *hub) sameAsVendor() {
	h.Helper()
	for _, table := range []string{
		"orders", "order_items", "order_item_options", "order_payments", "order_charges", "order_discounts", "order_deals",
		"order_customers", "order_deliveries", "order_loyalty_operations",
	} {
		n, err := h.vendor.Count(table, days)
		if err != nil || n == 0 {
			h.Fatalf("%s: %d, %v", table, n, err)
		}
		h.want("select count(*)::text from marketing.hub_"+table, fmt.Sprint(n))
	}
	rows, err := h.vendor.Rows("orders", days)
	if err != nil {
		h.Fatal(err)
	}
	states := map[string]int{}
	for row := range rows {
		states[row["status"].(string)]++
	}
	for state, n := range states {
		h.want("select count(*)::text from marketing.hub_orders where status = '"+state+"'", fmt.Sprint(n))
	}
	h.want(`select count(*)::text from marketing.hub_orders o where total <> (select coalesce(sum(subtotal), 0) from marketing.hub_order_items i where i.order_id = o.order_id and not deleted)
		+ (select coalesce(sum(price), 0) from marketing.hub_order_charges i where i.order_id = o.order_id and not deleted)
		- (select coalesce(sum(price_off), 0) from marketing.hub_order_discounts i where i.order_id = o.order_id and not deleted)`, "0")
}

func (h *hub) mutate(m hubrise.Mutation) []string {
	h.Helper()
	ids, err := h.vendor.Mutate(m)
	if err != nil {
		h.Fatal(err)
	}
	return ids
}

// TestHubRiseOrders loads orders, has the vendor change them, and has bad ones kept out.
func TestHubRiseOrders(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.orders(0)
	h.sameAsVendor()
	h.want("select (raw->>'id' = order_id)::text from marketing.hub_orders limit 1", "true")
	h.want("select string_agg(distinct total_currency, ',') from marketing.hub_orders", "EUR")
	h.want("select min(length(email))::text || ' ' || max(length(email))::text from marketing.hub_order_customers", "64 64")
	h.want("select count(*)::text from information_schema.columns where table_schema = 'marketing' and column_name = 'phone'", "0")
	h.want("select string_agg(distinct d::text, ' ') from (select business_date d from marketing.hub_orders where location_id = '3r4s3-1') x", "2026-03-27 2026-03-28 2026-03-29 2026-03-30")

	// Changes of the vendor, those of erased customers among them.
	h.mutate(hubrise.Mutation{Kind: hubrise.ChangeStatus, Location: "3r4s3-1", Day: "2026-03-29", Orders: 5})
	h.mutate(hubrise.Mutation{Kind: hubrise.AddPayment, Location: "3r4s3-2", Day: "2026-03-29", Orders: 5})
	h.mutate(hubrise.Mutation{Kind: hubrise.DeleteElement, Location: "3r4s3-3", Day: "2026-03-30"})
	before := h.value("select count(email)::text from marketing.hub_order_customers")
	h.mutate(hubrise.Mutation{Kind: hubrise.Anonymise, List: h.value("select min(customer_list_id) from marketing.hub_order_customers"), Customers: 300})
	h.orders(0)
	h.sameAsVendor()
	if after := h.value("select count(email)::text from marketing.hub_order_customers"); after == before {
		t.Errorf("%s customers have an address still", after)
	}
	h.orders(0, "hub  succeeded  3       0          3 ")

	// What cannot be typed keeps its days out; the old rows stay.
	n := h.value("select count(*)::text from marketing.hub_orders")
	for odd, text := range map[string]string{`{"no_id": 20}`: "order_id", `{"no_currency": 20}`: "total", `{"number_total": 20}`: "total"} {
		if err := h.vendor.Update([]byte(`{"data": {"odd": ` + odd + `}}`)); err != nil {
			t.Fatal(err)
		}
		h.orders(5, text, "max_rejects")
		h.want("select count(*)::text from marketing.hub_orders", n)
		if err := h.vendor.Update([]byte(`{"data": {"odd": {"no_id": 0, "no_currency": 0, "number_total": 0}}}`)); err != nil {
			t.Fatal(err)
		}
	}
	h.orders(0)
	h.sameAsVendor()

	if err := h.vendor.Update([]byte(`{"answers": {"extra_keys": true, "decimals": "mixed"}}`)); err != nil {
		t.Fatal(err)
	}
	h.orders(0)
	h.sameAsVendor()
	h.want("select count(*)::text from marketing.hub_order_items where _extra->'x_unheard_of'->>'is_new' is distinct from 'true'", "0")

	if err := h.vendor.SetHealth("account-token", hubrise.Revoked); err != nil {
		t.Fatal(err)
	}
	h.orders(3, "The connection has been revoked (unauthorized)", "hint: ")
	h.sameAsVendor()
}

// TestHubRiseSnapshots loads the present, and what of it goes.
func TestHubRiseSnapshots(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.run(0, nil, "run", "crm", "menu", "shops")
	count := func(table, of string, q hubrise.Query) {
		t.Helper()
		n, err := h.vendor.Count(of, q)
		if err != nil || n == 0 {
			t.Fatalf("%s: %d, %v", of, n, err)
		}
		h.want("select count(*)::text from marketing."+table+" where _absent_since is null", fmt.Sprint(n))
	}
	same := func() {
		t.Helper()
		q := hubrise.Query{Account: "3r4s3"}
		count("shops", "locations", q)
		for _, table := range []string{"customers", "loyalty_cards", "customer_lists"} {
			count("crm_"+table, table, q)
		}
		count("menu_catalogs", "catalogs", q)
		for _, table := range []string{"categories", "products", "skus", "option_lists", "options", "deals", "discounts", "charges", "variants"} {
			count("menu_"+table, "catalog_"+table, q)
		}
	}
	same()
	h.mutate(hubrise.Mutation{Kind: hubrise.DeleteList, List: h.value("select customer_list_id from marketing.crm_customer_lists where name like 'POS%'")})
	skus := h.value("select count(*)::text from marketing.menu_skus")
	h.mutate(hubrise.Mutation{Kind: hubrise.ReplaceCatalog, Catalog: h.value("select min(catalog_id) from marketing.menu_catalogs where name like 'Common%'")})
	h.run(0, nil, "run", "crm", "menu", "shops")
	same()
	h.want("select count(*)::text from marketing.crm_customer_lists where _absent_since is not null", "1")
	if h.value("select count(*)::text from marketing.menu_skus") == skus {
		t.Error("the replaced catalog has the ids it had")
	}
}
