package hubrise

import "strconv"

// customer is one of a list, as it is now.
type customer struct {
	list       *list
	n          int
	id         string
	seed       uint64
	anonymised bool
}

func (v *view) customer(l *list, n int) *customer {
	c := &customer{list: l, n: n, id: l.ids.id(uint64(n)), seed: mix(l.seed, uint64(n))}
	c.anonymised = v.anonymised[l.ID+"/"+c.id]
	return c
}

// findCustomer returns a customer by id, or nil.
func (v *view) findCustomer(l *list, id string) *customer {
	n, ok := l.ids.number(id)
	if !ok || n >= uint64(l.Customers) {
		return nil
	}
	return v.customer(l, int(n))
}

// privateRef is what this client noted itself; those of others are never seen.
func (c *customer) privateRef() string {
	if c.seed>>52%10 > 0 {
		return ""
	}
	return strconv.Itoa(40_000 + c.n)
}

func (c *customer) email() string {
	if c.anonymised {
		return ""
	}
	return "customer" + strconv.Itoa(c.n) + "@dummy-mail.org"
}

func (c *customer) phone(v *view) string {
	switch {
	case c.anonymised:
		return ""
	case happens(c.seed, v.Odd.Dirty):
		return "0131 000 " + strconv.Itoa(1000+c.n)
	}
	return "+336" + strconv.Itoa(10_000_000+c.n)
}

// place returns the location whose zone the customer's times are written in.
func (l *list) place() *location {
	if at := find(l.account.locations, func(at *location) bool { return at.ID == l.Location }); at != nil {
		return at
	}
	return l.account.place()
}

// write appends the document of a customer, which is also the snapshot in an order (sheet: Customers).
func (c *customer) write(d *doc, name string, v *view) {
	personal := func(value string) string {
		if c.anonymised {
			return ""
		}
		return value
	}
	dirty := happens(c.seed, v.Odd.Dirty)
	made := v.first.Unix() - int64(c.seed%(400*86_400))
	d.open(name)
	d.text("id", c.id)
	d.text("customer_list_id", c.list.ID)
	d.bool("anonymised", c.anonymised)
	d.opt("private_ref", c.privateRef())
	email := c.email()
	if dirty && email != "" {
		email = "customer@email.hidden"
	}
	d.opt("email", email)
	d.opt("first_name", personal(firsts[c.seed%uint64(len(firsts))]))
	d.opt("last_name", personal(lasts[c.seed>>8%uint64(len(lasts))]))
	d.opt("gender", personal([]string{"male", "female", ""}[c.seed>>16%3]))
	born := ""
	if c.seed>>18%3 == 0 {
		born = strconv.FormatUint(1950+c.seed>>20%55, 10) + "-02-28"
	}
	d.opt("birth_date", personal(born))
	if v.look.Fields != FieldsOld {
		d.time("created_at", made)
	}
	d.opt("company_name", personal(companies[c.seed>>24%uint64(len(companies))]))
	d.opt("phone", c.phone(v))
	d.opt("phone_access_code", personal([]string{"", "8888"}[c.seed>>30%2]))
	d.opt("address_1", personal(strconv.FormatUint(1+c.seed>>31%99, 10)+" "+streets[c.seed>>33%uint64(len(streets))]))
	if dirty && !c.anonymised {
		d.text("address_2", "")
	} else {
		d.null("address_2")
	}
	d.opt("postal_code", personal(strconv.FormatUint(10_000+c.seed>>40%89_999, 10)))
	d.text("city", "Paris")
	d.null("state")
	d.text("country", "FR")
	d.dec("latitude", personal("48.8"+strconv.FormatUint(10_000+c.seed>>41%89_999, 10)))
	d.dec("longitude", personal("2.2"+strconv.FormatUint(10_000+c.seed>>43%89_999, 10)))
	notes := ""
	if dirty {
		notes = awkwardText(c.seed >> 20)
	}
	d.opt("delivery_notes", personal(notes))
	d.bool("sms_marketing", c.seed>>44%2 == 0 && !c.anonymised)
	d.bool("email_marketing", c.seed>>45%2 == 0 && !c.anonymised)
	orders := int(c.seed >> 46 % 30)
	d.int("nb_orders", orders)
	d.money("order_total", int64(orders)*1890)
	if orders > 0 {
		d.time("first_order_date", made+600)
		d.time("last_order_date", made+600+int64(orders)*86_400)
	} else {
		d.null("first_order_date")
		d.null("last_order_date")
	}
	d.openList("loyalty_cards")
	for n := range c.cards() {
		c.writeCard(d, n, true)
	}
	d.closeList()
	d.raw("custom_fields", "{}")
	d.close()
}

// guest is the customer of an order nobody logged in for: no id and no list.
func guest(d *doc, name string, o *order, v *view) {
	c := customer{seed: mix(o.seed, 9), n: int(o.seed % 100_000)}
	dirty := happens(c.seed, v.Odd.Dirty)
	known := o.service == "delivery"
	only := func(value string) string {
		if known {
			return value
		}
		return ""
	}
	d.open(name)
	d.null("id")
	d.null("customer_list_id")
	d.bool("anonymised", false)
	d.null("private_ref")
	d.null("email")
	d.opt("first_name", only(firsts[c.seed%uint64(len(firsts))]))
	d.opt("last_name", only(lasts[c.seed>>8%uint64(len(lasts))]))
	d.null("gender")
	d.null("birth_date")
	if v.look.Fields != FieldsOld {
		d.null("created_at")
	}
	d.null("company_name")
	d.opt("phone", only(c.phone(v)))
	d.null("phone_access_code")
	d.opt("address_1", only("2 High St"))
	switch {
	case known && dirty:
		d.text("address_2", "Edinburgh")
	default:
		d.null("address_2")
	}
	d.opt("postal_code", only("EH1 1PG"))
	d.opt("city", only("Edinburgh"))
	d.null("state")
	d.opt("country", only("GB"))
	d.dec("latitude", only("55.949779"))
	d.dec("longitude", only("-3.190822"))
	d.null("delivery_notes")
	d.bool("sms_marketing", false)
	d.bool("email_marketing", false)
	d.null("nb_orders")
	d.null("order_total")
	d.null("first_order_date")
	d.null("last_order_date")
	d.openList("loyalty_cards")
	d.closeList()
	d.raw("custom_fields", "{}")
	d.close()
}

const maxCards = 2

// cards is how many loyalty cards the customer has.
func (c *customer) cards() int { return int(c.seed >> 50 % (maxCards + 1)) }

func (c *customer) cardID(n int) string { return base36(mix(c.seed, 70+uint64(n)), 6) }

func cardNames(n int) (name, ref string) {
	if n == 0 {
		return "", "" // a list may have cards without names
	}
	return "Come back!", "LOY"
}

// operations of a card: points in tenths, oldest first.
func (c *customer) operations(card int) []int64 {
	d := &dice{seed: mix(c.seed, 80+uint64(card))}
	out := make([]int64, d.below(4))
	for i := range out {
		out[i] = int64(1 + d.below(200))
	}
	return out
}

func (c *customer) balance(card int) int64 {
	var sum int64
	for _, delta := range c.operations(card) {
		sum += delta
	}
	return sum
}

// writeCard writes a loyalty card; inside its customer it does not say whose it is.
func (c *customer) writeCard(d *doc, n int, inside bool) {
	d.open("")
	d.text("id", c.cardID(n))
	if !inside {
		d.text("customer_id", c.id)
	}
	name, ref := cardNames(n)
	d.opt("ref", ref)
	d.opt("name", name)
	d.dec("balance", appendTenths(c.balance(n)))
	d.close()
}

// writeOperation writes an operation of a card, the newest being number 0.
func (c *customer) writeOperation(d *doc, v *view, card, n int) {
	all := c.operations(card)
	at := len(all) - 1 - n
	var balance int64
	for _, delta := range all[:at+1] {
		balance += delta
	}
	d.open("")
	d.text("id", base36(mix(c.seed, uint64(1000+100*card+at)), 6))
	d.text("customer_id", c.id)
	d.time("created_at", v.first.Unix()+int64(at)*86_400+int64(c.seed%80_000))
	d.text("order_location_id", c.list.place().ID)
	d.text("order_id", v.orders.id(c.seed%(1<<30)))
	d.text("reason", "Points earned on order")
	d.dec("delta", appendTenths(all[at]))
	d.dec("new_balance", appendTenths(balance))
	d.close()
}
