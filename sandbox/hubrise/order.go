package hubrise

import "strconv"

// order is one order as it is now: what was made with it, plus what happened since. Money is in cents.
type order struct {
	ref
	id         string
	seed       uint64
	status     string
	service    string
	items      []item
	deal       string // key of its one deal, "" = none
	discounts  []amount
	charges    []amount
	payments   []amount
	customer   *customer // nil = guest
	delivery   bool
	operations []operation
}

type item struct {
	dish     int
	size     int
	price    int64
	tenths   int64 // quantity
	options  []option
	subtotal int64
	inDeal   bool
	halves   bool
	deleted  bool
}

type option struct {
	topping  int
	list     string
	price    int64
	quantity int
	removed  bool
}

// amount is a discount, a charge or a payment.
type amount struct {
	kind    int
	cents   int64
	deleted bool
}

type operation struct {
	tenths int64
	reason string
}

var (
	services = []string{"delivery", "collection", "eat_in"}
	statuses = []string{
		"new", "received", "accepted", "in_preparation", "awaiting_shipment", "awaiting_collection", "in_delivery", "completed",
		"rejected", "cancelled", "delivery_failed",
	}
)

// order makes an order anew from its number; v knows what happened to it.
func (v *view) order(o ref, id string) *order {
	d := &dice{seed: mix(mix(o.location.seed, 1000+uint64(o.n)), uint64(o.i))}
	out := &order{ref: o, id: id, seed: d.next()}
	out.status = "completed"
	if d.one(4) {
		out.status = choose(d, statuses...)
	}
	out.service = choose(d, services...)
	if lists := o.location.account.lists; len(lists) > 0 && !d.one(4) && lists[0].Customers > 0 {
		out.customer = v.customer(lists[0], d.below(lists[0].Customers))
	}
	withDeal := d.one(5)
	if withDeal {
		out.deal = "0"
	}
	for n := range 1 + d.below(4) {
		out.items = append(out.items, makeItem(d, withDeal && n < 2))
	}
	if len(out.items) > 1 && d.one(12) {
		out.items[len(out.items)-1].deleted = true
	}
	if d.one(4) {
		out.discounts = append(out.discounts, amount{kind: d.below(3), cents: int64(50 + 50*d.below(5)), deleted: d.one(20)})
	}
	if out.service == "delivery" {
		out.charges = append(out.charges, amount{kind: 0, cents: int64(150 + 50*d.below(5))})
		out.delivery = d.one(2)
	}
	if d.one(6) {
		out.charges = append(out.charges, amount{kind: 1, cents: 30, deleted: d.one(4)})
	}
	out.loyalty(d)
	out.pay(d)
	v.happened(out)
	return out
}

func makeItem(d *dice, inDeal bool) item {
	it := item{dish: d.below(len(dishes)), size: d.below(len(sizes) + 1), tenths: 10, inDeal: inDeal}
	it.price = int64(300 + 10*d.below(150))
	switch {
	case d.one(6):
		it.tenths = 10 * int64(2+d.below(3))
	case d.one(25):
		it.tenths = 5
	case d.one(25):
		it.halves = true
		it.options = append(it.options, option{topping: 0, list: "Side 1", quantity: 1}, option{topping: 1, list: "Side 2", quantity: 1})
	}
	for range d.below(8) / 3 {
		it.options = append(it.options, option{topping: d.below(len(toppings)), price: int64(10 * d.below(20)), quantity: 1 + d.below(12)/11, removed: d.one(15)})
	}
	if n := len(it.options); n > 0 && d.one(6) {
		it.options = append(it.options, it.options[n-1]) // identical ones are repeated
	}
	it.sum()
	return it
}

func (it *item) sum() {
	each := it.price
	for _, o := range it.options {
		each += o.price * int64(o.quantity)
	}
	it.subtotal = each * it.tenths / 10 // prices are multiples of 10 cents
}

func (o *order) loyalty(d *dice) {
	if o.customer == nil || !d.one(3) {
		return
	}
	if d.one(3) {
		o.operations = append(o.operations, operation{-50, "Points used on order"})
	}
	o.operations = append(o.operations, operation{int64(1 + d.below(90)), "Points earned on order"})
}

func (o *order) pay(d *dice) {
	switch total := o.total(true); {
	case d.one(8): // not paid
	case d.one(5):
		part := total / 3
		o.payments = append(o.payments, amount{kind: d.below(len(tenders)), cents: part}, amount{kind: d.below(len(tenders)), cents: total - part})
	default:
		o.payments = append(o.payments, amount{kind: d.below(len(tenders)), cents: total})
	}
	if len(o.payments) > 0 && d.one(15) {
		again := o.payments[0]
		o.payments[0].deleted = true
		o.payments = append(o.payments, again)
	}
}

// total is what HubRise computes: items, plus charges, less discounts.
func (o *order) total(live bool) int64 {
	var sum int64
	for _, it := range o.items {
		if !live || !it.deleted {
			sum += it.subtotal
		}
	}
	return sum + sumOf(o.charges, live) - sumOf(o.discounts, live)
}

func sumOf(all []amount, live bool) int64 {
	var sum int64
	for _, a := range all {
		if !live || !a.deleted {
			sum += a.cents
		}
	}
	return sum
}

// happened adds what was mutated since the order was made.
func (v *view) happened(o *order) {
	c, ok := v.changes[o.id]
	if !ok {
		return
	}
	if c.status != "" {
		o.status = c.status
	}
	for n := range c.paid {
		o.payments = append(o.payments, amount{kind: n % len(tenders), cents: int64(100 * (n + 1))})
	}
	for range c.deleted {
		o.deleteOne()
	}
}

// deleteOne flags the last element that is not flagged yet: items but the first, then payments.
func (o *order) deleteOne() {
	for i := len(o.items) - 1; i > 0; i-- {
		if !o.items[i].deleted {
			o.items[i].deleted = true
			return
		}
	}
	for _, all := range [][]amount{o.payments, o.charges, o.discounts} {
		for i := len(all) - 1; i >= 0; i-- {
			if !all[i].deleted {
				all[i].deleted = true
				return
			}
		}
	}
	o.items[0].deleted = true
}

// element is the id of a part of the order.
func (o *order) element(kind string, n int) string {
	return base36(mix(o.seed, hashText(kind)+uint64(n)), 6)
}

// appendTenths writes a decimal with one digit.
func appendTenths(tenths int64) string {
	sign := ""
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	return sign + strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10)
}
