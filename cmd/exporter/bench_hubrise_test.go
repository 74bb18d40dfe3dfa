package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/hubrise"
	"exporter/sinks/postgres/pgtest"
)

// shopTOML is a job on a whole account.
const shopTOML = `[exporter]
timezone = "Europe/Paris"

[sources.shop]
driver = "hubrise"
base_url = "${SANDBOX}/v1"
auth_url = "${SANDBOX}/oauth2/v1"
access_token = "account-token"
timezone = "Europe/Paris"
limits = ["1000/1s"]
classes = { heavy = [] }

[sinks.warehouse]
driver = "postgres"
dsn = "${DSN}"
schema = "marketing"

[jobs.hub]
source = "shop"
stream = %q
sinks = ["warehouse"]
schedule = "30 4 * * *"
`

// orderTables are the tables that orders fill, the orders first.
var orderTables = []string{
	"orders", "order_items", "order_item_options", "order_payments", "order_charges", "order_discounts", "order_deals",
	"order_customers", "order_deliveries", "order_loyalty_operations",
}

// BenchmarkHubRise loads a chain's orders of 25 days, its customers or its catalogs,
// from the vendor's answers to the committed tables, with exporter as a process of
// its own. In the same run psql \copy loads the same rows from a CSV file for each
// table.
//
// The vendor is simulated on the same machine and in this process, so its share of
// the processors is in exporter's time and not in \copy's.
func BenchmarkHubRise(b *testing.B) {
	const shops = 20
	account := hubrise.Account{ID: "3r4s3", Lists: []hubrise.List{{Name: "Online", Customers: 100_000}}}
	for range shops {
		account.Locations = append(account.Locations, hubrise.Location{Orders: 200})
		account.Catalogs = append(account.Catalogs, hubrise.Catalog{Products: 1000})
	}
	vendor, url := serveVendor(b, sandbox.Config{Seed: 7, HubRise: hubrise.Config{
		Data:    hubrise.Data{FirstDay: "2026-09-30", Now: today.Format(time.RFC3339), Accounts: []hubrise.Account{account}},
		Answers: hubrise.Answers{Gzip: hubrise.GzipOff},
	}}, func(h http.Handler) http.Handler { return h })
	b.Run("orders", func(b *testing.B) {
		documents, counts, cents := ordersTruth(b, vendor.HubRise(), hubrise.Query{After: "2026-09-30T22:00:00Z", Before: "2026-10-25T23:00:00Z"})
		query, want := "select sum(total * 100)::bigint", fmt.Sprint(cents)
		for i, table := range orderTables {
			query += ", (select count(*) from marketing.hub_" + table + ")"
			want += fmt.Sprintf("|%d", counts[i])
		}
		loadShop(b, vendor, url, "orders", "orders", hubTables(orderTables...), documents, counts, query+" from marketing.hub_orders", want,
			"--from", "2026-10-01", "--to", "2026-10-26")
	})
	b.Run("customers", func(b *testing.B) {
		counts := shopCounts(b, vendor.HubRise(), "customers", "loyalty_cards", "customer_lists")
		orders := 0
		rows, err := vendor.HubRise().Rows("customers", hubrise.Query{})
		if err != nil {
			b.Fatal(err)
		}
		for row := range rows {
			var n int
			if _, err := fmt.Sscan(fmt.Sprint(row["nb_orders"]), &n); err != nil {
				b.Fatal(err)
			}
			orders += n
		}
		loadShop(b, vendor, url, "customers", "customers", hubTables("customers", "loyalty_cards", "customer_lists"), counts[0], counts,
			"select sum(nb_orders), count(*) from marketing.hub_customers", fmt.Sprintf("%d|%d", orders, counts[0]))
	})
	b.Run("catalogs", func(b *testing.B) {
		counts := shopCounts(b, vendor.HubRise(), "catalogs", "catalog_categories", "catalog_products", "catalog_skus", "catalog_option_lists",
			"catalog_options", "catalog_deals", "catalog_discounts", "catalog_charges", "catalog_variants")
		tables := hubTables("catalogs", "categories", "products", "skus", "option_lists", "options", "deals", "discounts", "charges", "variants")
		rows, err := vendor.HubRise().Rows("catalog_skus", hubrise.Query{})
		if err != nil {
			b.Fatal(err)
		}
		cents := 0
		for row := range rows {
			price, ok := row["price"].(string)
			if ok {
				cents += centsOf(b, price)
			}
		}
		loadShop(b, vendor, url, "catalogs", "catalog", tables, counts[2], counts,
			"select sum(price * 100)::bigint, count(*) from marketing.hub_skus", fmt.Sprintf("%d|%d", cents, counts[3]))
	})
}

func hubTables(names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, "marketing.hub_"+name)
	}
	return all
}

// loadShop compares a run of one stream, and states what documents (orders, customers,
// products) cost at the vendor. Calls of the operation are heavy: 10 a minute, 2,500
// an hour and 10,000 a day.
func loadShop(b *testing.B, vendor *sandbox.Sandbox, url, stream, operation string, tables []string, documents int, counts []int, query, want string, args ...string) {
	b.Helper()
	rows := 0
	for _, n := range counts {
		rows += n
	}
	srv := pgtest.New(b, pgtest.Durable())
	dsn := srv.Database(b)
	p := newProgram(b, fmt.Sprintf(shopTOML, stream), "SANDBOX="+url, "DSN="+dsn)
	vendor.Meter().Reset()
	took := compare(b, p, psql{srv, dsn, tables}, rows, query, want, append([]string{"run", "hub"}, args...)...)
	heavy, all := vendor.Meter().Operations()[operation], 0
	for _, n := range vendor.Meter().Operations() {
		all += n
	}
	if heavy == 0 {
		b.Fatalf("the vendor counted no calls of %s: %v", operation, vendor.Meter().Operations())
	}
	calls := per100k(b, all, documents)
	b.ReportMetric(float64(documents)*float64(b.N)/took.Seconds(), "documents/s")
	b.ReportMetric(calls, "calls/100k")
	b.ReportMetric(math.Max(per100k(b, heavy, documents)/10, calls/2500*60), "limit_min/100k")
}

// shopCounts returns how many rows of tables the vendor has.
func shopCounts(b *testing.B, vendor *hubrise.Server, tables ...string) []int {
	b.Helper()
	var counts []int
	for _, table := range tables {
		n, err := vendor.Count(table, hubrise.Query{})
		if err != nil || n == 0 {
			b.Fatalf("the vendor has %d %s: %v", n, table, err)
		}
		counts = append(counts, n)
	}
	return counts
}

// ordersTruth returns how many orders the vendor has, how many rows in every table,
// and the sum of their totals.
func ordersTruth(b *testing.B, vendor *hubrise.Server, q hubrise.Query) (orders int, rows []int, cents int) {
	b.Helper()
	all, err := vendor.Documents(q)
	if err != nil {
		b.Fatal(err)
	}
	type list []json.RawMessage
	rows = make([]int, len(orderTables))
	for document := range all {
		var o struct {
			Total string
			Items []struct{ Options list }

			Payments, Charges, Discounts list

			Deals    map[string]json.RawMessage
			Loyalty  list `json:"loyalty_operations"`
			Customer map[string]json.RawMessage
			Delivery map[string]json.RawMessage
		}
		if err := json.Unmarshal(document, &o); err != nil {
			b.Fatal(err)
		}
		options := 0
		for _, item := range o.Items {
			options += len(item.Options)
		}
		for i, n := range []int{
			1, len(o.Items), options, len(o.Payments), len(o.Charges), len(o.Discounts), len(o.Deals),
			min(1, len(o.Customer)), min(1, len(o.Delivery)), len(o.Loyalty),
		} {
			rows[i] += n
		}
		cents += centsOf(b, o.Total)
	}
	return rows[0], rows, cents
}

// centsOf returns the amount of "9.80 EUR" in cents.
func centsOf(b *testing.B, money string) int {
	b.Helper()
	amount, _, _ := strings.Cut(money, " ")
	cents, err := strconv.Atoi(strings.Replace(amount, ".", "", 1)) // of exactly two decimals
	if err != nil {
		b.Fatalf("%q is no amount: %v", money, err)
	}
	return cents
}
