package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/hubrise"
)

// A customer who was erased at the vendor is gone from their orders in the warehouse after the
// first run of the next month, however old the orders are, and not before: nothing tells of it.
func TestErasedCustomersGoWithTheFirstRunOfAMonth(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	text, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), `options = { raw = true, page_size = 40 }`, "start = \"2026-04-01\"\noptions = { raw = true, deep = \"monthly\" }", 1)
	if edited == string(text) {
		t.Fatal("the configuration has other options")
	}
	if err := os.WriteFile(h.config, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(day string) {
		t.Helper()
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		m, out, problems := invocation("--config", h.config, "--log-level", "error", "run", "hub")
		m.Now = func() time.Time { return now.Add(3 * time.Hour) }
		if code := m.Run(t.Context()); code != 0 {
			t.Fatalf("%s: exit code %d\n%s%s", day, code, out, problems)
		}
	}
	at("2026-04-05")
	customer := h.value("select min(customer_id) from marketing.hub_order_customers join marketing.hub_orders using (order_id) where business_date = '2026-04-02' and email is not null")
	const old = "from marketing.hub_order_customers join marketing.hub_orders o using (order_id) where business_date < '2026-04-04' and customer_id "
	theirs, others := old+"= '"+customer+"'", "select count(email)::text "+old+"<> '"+customer+"'"
	orders, of := h.value("select count(*)::text "+theirs), h.value(others)
	seen := "select count(email)::text || ' ' || count(o.raw->'customer'->>'email')::text || ' ' || count(*) filter (where anonymised)::text " + theirs
	h.want(seen, fmt.Sprint(orders, " ", orders, " 0"))

	h.mutate(hubrise.Mutation{Kind: hubrise.Anonymise, List: h.value("select min(customer_list_id) " + theirs), Customer: customer})
	at("2026-04-20")
	h.want(seen, fmt.Sprint(orders, " ", orders, " 0"))
	at("2026-05-02")
	h.want(seen, "0 0 "+orders)
	h.want("select count(*)::text "+theirs, orders)
	h.want(others, of)
	h.want("select (count(*) > 0)::text from exporter.restatements where job = 'hub'", "true")
}
