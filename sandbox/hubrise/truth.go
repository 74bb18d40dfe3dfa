package hubrise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Query asks for the truth a client's copy is compared with.
type Query struct {
	Account   string   `json:"account"`   // "" = the first one
	Locations []string `json:"locations"` // of orders; empty = all of the account
	After     string   `json:"after"`     // RFC 3339, inclusive, of orders; "" = no bound
	Before    string   `json:"before"`    // likewise, exclusive
	Statuses  []string `json:"statuses"`  // of orders; empty = all
	Lists     []string `json:"lists"`     // of customers and what hangs on them; empty = all that are there
	Catalogs  []string `json:"catalogs"`  // likewise
}

// Row is one row of a table: the members of an element as the vendor writes them
// (texts, [json.Number], bool, nil, and documents as trees), without its children,
// and with what tells it apart: order_id, item_id, catalog_id, ..., and its place
// in its list from 0: item_no of items, option_no of options, no of the rest.
type Row map[string]any

// tables name the rows there are; those of one document come from one pass.
var tables = map[string]func(*truth, func(string, Row) bool) bool{
	"accounts": (*truth).places, "locations": (*truth).places,
	"orders": (*truth).orders, "order_items": (*truth).orders, "order_item_options": (*truth).orders, "order_deals": (*truth).orders,
	"order_discounts": (*truth).orders, "order_charges": (*truth).orders, "order_payments": (*truth).orders,
	"order_loyalty_operations": (*truth).orders, "order_customers": (*truth).orders, "order_deliveries": (*truth).orders,
	"customer_lists": (*truth).customers, "customers": (*truth).customers, "loyalty_cards": (*truth).customers, "loyalty_operations": (*truth).customers,
	"catalogs": (*truth).catalogs, "catalog_variants": (*truth).catalogs, "catalog_categories": (*truth).catalogs, "catalog_products": (*truth).catalogs,
	"catalog_skus": (*truth).catalogs, "catalog_sku_option_lists": (*truth).catalogs, "catalog_option_lists": (*truth).catalogs,
	"catalog_options": (*truth).catalogs, "catalog_deals": (*truth).catalogs, "catalog_deal_lines": (*truth).catalogs,
	"catalog_deal_line_skus": (*truth).catalogs, "catalog_discounts": (*truth).catalogs, "catalog_charges": (*truth).catalogs,
	"inventory": (*truth).catalogs,
}

// Tables returns the names [Server.Rows] knows (sheet: Relational layout).
func Tables() []string { return slices.Sorted(maps.Keys(tables)) }

// truth is a query on the data of one moment, in plain style: decimals are
// strings and there are no unknown keys, whatever the answers look like.
type truth struct {
	*view
	account   *account
	locations []*location
	in        span
	q         Query
}

// Rows yields the rows of a table at the moment of the call. A mutation during the loop is not seen.
func (s *Server) Rows(table string, q Query) (iter.Seq[Row], error) {
	all, err := s.RowsWith(table, q)
	if err != nil {
		return nil, err
	}
	return func(yield func(Row) bool) {
		all(func(of string, row Row) bool { return of != table || yield(row) })
	}, nil
}

// RowsWith is Rows of a table and of all others that come from the same documents, with
// their names: a table at a time would make every document again for each.
func (s *Server) RowsWith(table string, q Query) (iter.Seq2[string, Row], error) {
	all := tables[table]
	if all == nil {
		return nil, fmt.Errorf("no table %q", table)
	}
	t, err := s.truth(q)
	if err != nil {
		return nil, err
	}
	return func(yield func(string, Row) bool) { all(t, yield) }, nil
}

// Count returns how many rows [Server.Rows] would yield.
func (s *Server) Count(table string, q Query) (int, error) {
	rows, err := s.Rows(table, q)
	if err != nil {
		return 0, err
	}
	n := 0
	for range rows {
		n++
	}
	return n, nil
}

// Documents yields whole orders, as an answer has them.
func (s *Server) Documents(q Query) (iter.Seq[json.RawMessage], error) {
	t, err := s.truth(q)
	if err != nil {
		return nil, err
	}
	return func(yield func(json.RawMessage) bool) {
		t.walkOrders(func(_ *order, doc []byte) bool { return yield(bytes.Clone(doc)) })
	}, nil
}

func (s *Server) truth(q Query) (*truth, error) {
	h := s.history.begin(s.state.Load().world, false)
	plain := *h.world
	plain.look.Decimals, plain.look.ExtraKeys, plain.look.Rows = DecimalsStrings, false, RowsAscending
	h.world = &plain
	t := &truth{view: h, in: always, q: q}
	t.account = plain.accounts[0]
	if q.Account != "" {
		if t.account = plain.account(q.Account); t.account == nil {
			return nil, fmt.Errorf("no account %q", q.Account)
		}
	}
	t.locations = t.account.locations
	if len(q.Locations) > 0 {
		t.locations = nil
	}
	for _, id := range q.Locations {
		l := find(t.account.locations, func(l *location) bool { return l.ID == id })
		if l == nil {
			return nil, fmt.Errorf("no location %q", id)
		}
		t.locations = append(t.locations, l)
	}
	for _, bound := range []struct {
		text string
		to   *int64
	}{{q.After, &t.in.from}, {q.Before, &t.in.to}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, bound.text)
		if err != nil {
			return nil, fmt.Errorf("read bound: %w", err)
		}
		*bound.to = at.Unix()
	}
	return t, nil
}

// has reports whether one of several was asked for; none means all.
func has(asked []string, id string) bool { return len(asked) == 0 || slices.Contains(asked, id) }

// tree reads a document; numbers keep their text.
func tree(doc []byte) Row {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var out Row
	if err := d.Decode(&out); err != nil {
		panic(fmt.Sprintf("%v: %s", err, doc)) // written here
	}
	return out
}

// take removes a member that is a list of documents.
func (r Row) take(name string) []Row {
	list, _ := r[name].([]any)
	delete(r, name)
	var out []Row
	for _, one := range list {
		if members, ok := one.(map[string]any); ok {
			out = append(out, members)
		}
	}
	return out
}

// takeOne removes a member that is a document; nil if there is none.
func (r Row) takeOne(name string) Row {
	one, _ := r[name].(map[string]any)
	delete(r, name)
	return one
}

// and returns a row with members of its parents added.
func (r Row) and(pairs ...any) Row {
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			panic("names are texts")
		}
		r[name] = pairs[i+1]
	}
	return r
}

// walkOrders makes the documents of the orders asked for.
func (t *truth) walkOrders(yield func(*order, []byte) bool) bool {
	d := t.newDoc(t.account, t.account.place())
	for o := range t.walk(t.locations, t.in, false) {
		one := t.order(o.ref, o.id)
		if !has(t.q.Statuses, one.status) {
			continue
		}
		d.b = d.b[:0]
		one.write(d, t.view)
		if !yield(one, d.b) {
			return false
		}
	}
	return true
}

func (t *truth) orders(yield func(string, Row) bool) bool {
	return t.walkOrders(func(o *order, doc []byte) bool { return splitOrder(tree(doc), o.id, yield) })
}

// splitOrder takes an order apart. Positions and numbers begin with 0.
func splitOrder(r Row, id string, yield func(string, Row) bool) bool {
	items, deals, customer, delivery := r.take("items"), r.takeOne("deals"), r.takeOne("customer"), r.takeOne("delivery")
	children := map[string][]Row{
		"order_discounts": r.take("discounts"), "order_charges": r.take("charges"), "order_payments": r.take("payments"),
		"order_loyalty_operations": r.take("loyalty_operations"),
	}
	if !yield("orders", r) {
		return false
	}
	for n, it := range items {
		for i, o := range it.take("options") {
			if !yield("order_item_options", o.and("order_id", id, "item_id", it["id"], "option_no", i)) {
				return false
			}
		}
		line := it.takeOne("deal_line")
		for _, name := range []string{"deal_key", "position", "label", "pricing_effect", "pricing_value"} {
			it["deal_line_"+name] = line[name]
		}
		if !yield("order_items", it.and("order_id", id, "item_no", n)) {
			return false
		}
	}
	for key, deal := range deals {
		if members, ok := deal.(map[string]any); ok && !yield("order_deals", Row(members).and("order_id", id, "deal_key", key)) {
			return false
		}
	}
	for _, table := range slices.Sorted(maps.Keys(children)) {
		for n, one := range children[table] {
			if !yield(table, one.and("order_id", id, "no", n)) {
				return false
			}
		}
	}
	return (customer == nil || yield("order_customers", customer.and("order_id", id))) &&
		(delivery == nil || yield("order_deliveries", delivery.and("order_id", id)))
}

func (t *truth) places(yield func(string, Row) bool) bool {
	d := t.newDoc(t.account, t.account.place())
	t.account.write(d)
	if !yield("accounts", tree(d.b)) {
		return false
	}
	for _, l := range t.locations {
		d.b = d.b[:0]
		l.write(d, t.look)
		if !yield("locations", tree(d.b)) {
			return false
		}
	}
	return true
}

func (t *truth) customers(yield func(string, Row) bool) bool {
	for _, l := range t.account.lists {
		if t.gone[l.ID] || !has(t.q.Lists, l.ID) {
			continue
		}
		d := t.newDoc(t.account, l.place())
		l.write(d, t.view, true)
		if !yield("customer_lists", tree(d.b)) {
			return false
		}
		for n := range l.Customers {
			if !t.splitCustomer(d, t.customer(l, n), yield) {
				return false
			}
		}
	}
	return true
}

func (t *truth) splitCustomer(d *doc, c *customer, yield func(string, Row) bool) bool {
	d.b = d.b[:0]
	c.write(d, "", t.view)
	r := tree(d.b)
	for n, card := range r.take("loyalty_cards") {
		for i := range c.operations(n) {
			d.b = d.b[:0]
			c.writeOperation(d, t.view, n, i)
			if !yield("loyalty_operations", tree(d.b).and("customer_list_id", c.list.ID, "loyalty_card_id", card["id"])) {
				return false
			}
		}
		if !yield("loyalty_cards", card.and("customer_list_id", c.list.ID, "customer_id", c.id)) {
			return false
		}
	}
	return yield("customers", r)
}
