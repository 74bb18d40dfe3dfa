package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"exporter/sandbox"
	"exporter/sandbox/hubrise"
	"exporter/sinks/postgres/pgtest"
)

// killedShop is a source and a job on one of several vendors.
const killedShop = `
[sources.shop%[1]d]
driver = "hubrise"
base_url = "%[2]s/v1"
auth_url = "%[2]s/oauth2/v1"
access_token = "account-token"
timezone = "Europe/Paris"
limits = ["10000/1s"]
classes = { heavy = [] }

[jobs.hub%[1]d]
source = "shop%[1]d"
stream = "orders"
sinks = ["warehouse"]
schedule = "30 4 * * *"
options = { raw = true, deep = "off", page_size = 5 }
`

// However the vendor orders rows, makes cursors, repeats rows and sends empty pages, and
// although orders change while the process is dead: after kills between pages each order is
// there once, as it was at one moment, with all that belongs to it.
func TestHubRiseIsKilledBetweenPages(t *testing.T) {
	t.Parallel()
	k := &killer{paths: []string{"/orders"}}
	srv := pgtest.Start(t)
	dsn := srv.Database(t)
	config := "[exporter]\ntimezone = \"Europe/Paris\"\nconcurrency = 100\n[sinks.warehouse]\ndriver = \"postgres\"\ndsn = \"" + dsn + "\"\nschema = \"marketing\"\n"
	account := hubrise.Account{ID: "3r4s3", Locations: []hubrise.Location{{Orders: 10}, {Orders: 10}, {Orders: 10}, {Orders: 10}}}
	var vendors []*hubrise.Server
	var names, cases []string
	for i, rows := range []hubrise.RowOrder{hubrise.RowsAscending, hubrise.RowsDescending, hubrise.RowsMixed} {
		for j, empty := range []hubrise.EmptyPages{hubrise.EmptyNever, hubrise.EmptyBetween, hubrise.EmptyLast} {
			// Each way to do one thing is met by each way to do another.
			n := len(vendors)
			cursors := []hubrise.Cursors{hubrise.CursorsKey, hubrise.CursorsOffset}[(i+j)%2]
			twice := (i+2*j)%3 == 1
			vendor, url := serveVendor(t, sandbox.Config{Seed: 7, HubRise: hubrise.Config{
				Data:    hubrise.Data{FirstDay: "2026-10-25", Days: 1, Now: today.Format(time.RFC3339), Accounts: []hubrise.Account{account}},
				Answers: hubrise.Answers{Rows: rows, Cursors: cursors, EmptyPages: empty, Duplicates: twice},
			}}, k.serve)
			config += fmt.Sprintf(killedShop, n, url)
			names, cases = append(names, fmt.Sprintf("hub%d", n)), append(cases, fmt.Sprint(rows, " rows, cursors by ", cursors, ", empty ", empty, ", twice ", twice))
			vendors = append(vendors, vendor.HubRise())
		}
	}
	config += "\n[jobs.shops]\nsource = \"shop0\"\nstream = \"locations\"\nsinks = [\"warehouse\"]\nschedule = \"30 4 * * *\"\n"
	p := newProgram(t, config)

	before := make([]map[string]order, len(vendors))
	for i, v := range vendors {
		before[i] = ordersOf(t, v)
	}
	changes := []hubrise.Mutation{ // each changes other orders
		{Kind: hubrise.ChangeStatus, Location: "3r4s3-1", Day: "2026-10-25", Orders: 2},
		{Kind: hubrise.AddPayment, Location: "3r4s3-2", Day: "2026-10-25", Orders: 2},
		{Kind: hubrise.DeleteElement, Location: "3r4s3-3", Day: "2026-10-25", Orders: 2},
		{Kind: hubrise.AddPayment, Location: "3r4s3-4", Day: "2026-10-25", Orders: 2},
	}
	command := append(append([]string{"run"}, names...), "--from", "2026-10-25", "--to", "2026-10-26")
	for _, change := range changes {
		if out, killed := k.kill(t, 3*len(vendors), p.command(command...)); !killed {
			t.Fatalf("the process ended before it was killed:\n%s", out)
		}
		for _, v := range vendors {
			if _, err := v.Mutate(change); err != nil {
				t.Fatal(err)
			}
		}
		p.run(t, "run", "shops") // whose process notices that the one before has died
		command = []string{"retry", "--all"}
	}
	p.run(t, command...)
	kept := 0 // orders as they were before
	for i, got := range ordersIn(t, srv, dsn, names) {
		now := ordersOf(t, vendors[i])
		if have, want := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(now)); !slices.Equal(have, want) {
			t.Errorf("%s: orders %v, want %v", cases[i], have, want)
		}
		for id, one := range got {
			switch was := before[i][id]; {
			case reflect.DeepEqual(one, now[id]):
			case reflect.DeepEqual(one, was):
				kept++
			default:
				t.Errorf("%s: order %s is\n%v, want\n%v or\n%v", cases[i], id, one, was, now[id])
			}
		}
	}
	if kept == 0 {
		t.Error("all orders are as they are now: no page was kept over a kill")
	}
}

// order is an order of the vendor, or of the tables, with the number of rows that belong to it.
type order struct {
	Raw   map[string]any
	Parts string
}

// ordersOf returns the vendor's orders by id.
func ordersOf(t *testing.T, v *hubrise.Server) map[string]order {
	t.Helper()
	documents, err := v.Documents(hubrise.Query{Account: "3r4s3"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]order{}
	for text := range documents {
		var d struct {
			Items []struct {
				Options []any
			}
			Payments, Charges, Discounts []any
			Deals                        map[string]any
			Customer, Delivery           map[string]any
			Loyalty                      []any `json:"loyalty_operations"`
		}
		one := order{}
		if err := json.Unmarshal(text, &one.Raw); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		options := 0
		for _, item := range d.Items {
			options += len(item.Options)
		}
		one.Parts = fmt.Sprint([]int{len(d.Items), options, len(d.Payments), len(d.Charges), len(d.Discounts), len(d.Deals), min(len(d.Customer), 1), min(len(d.Delivery), 1), len(d.Loyalty)})
		all[one.Raw["id"].(string)] = one
	}
	if len(all) == 0 {
		t.Fatal("the vendor has no orders")
	}
	return all
}

// ordersIn returns the orders of each job's tables by id.
func ordersIn(t *testing.T, srv *pgtest.Server, dsn string, jobs []string) []map[string]order {
	t.Helper()
	var queries []string
	all := make([]map[string]order, len(jobs))
	for i, job := range jobs {
		var counts []string
		for _, part := range orderTables[1:] {
			counts = append(counts, fmt.Sprintf("(SELECT count(*) FROM marketing.%s_%s p WHERE p.order_id = o.order_id)", job, part))
		}
		queries = append(queries, fmt.Sprintf("SELECT json_build_object('job', %d, 'raw', raw, 'parts', '[' || concat_ws(' ', %s) || ']') FROM marketing.%s_orders o", i, strings.Join(counts, ", "), job))
		all[i] = map[string]order{}
	}
	for line := range strings.Lines(srv.Psql(t, dsn, "-Atc", strings.Join(queries, " UNION ALL "))) {
		var one struct {
			Job int
			order
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		id := one.Raw["id"].(string)
		if _, twice := all[one.Job][id]; twice {
			t.Errorf("%s: order %s is there twice", jobs[one.Job], id)
		}
		all[one.Job][id] = one.order
	}
	return all
}
