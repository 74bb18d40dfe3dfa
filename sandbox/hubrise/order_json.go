package hubrise

import "strconv"

// newDoc is an empty document of an account, or of one of its locations.
func (v *view) newDoc(a *account, l *location) *doc {
	d := &doc{decimals: v.look.Decimals, extra: v.look.ExtraKeys, currency: a.Currency, zone: l.zone}
	return d
}

// happens reports whether order or customer of that seed is one in n.
func happens(seed uint64, n int) bool { return n > 0 && seed%uint64(n) == 0 }

// write appends the whole order (sheet: Order document).
func (o *order) write(d *doc, v *view) {
	chance := dice{seed: o.seed}
	newer := v.look.Fields != FieldsOld
	d.currency, d.zone = o.location.account.Currency, o.location.zone
	d.open("")
	if !happens(o.seed, v.Odd.NoID) {
		d.text("id", o.id)
	}
	d.text("location_id", o.location.ID)
	d.opt("ref", strconv.FormatUint(17_000_000+o.seed%1_000_000, 10))
	d.null("private_ref")
	d.text("status", o.status)
	d.text("service_type", o.service)
	serviceRef := ""
	if chance.one(5) {
		serviceRef = "WEBSITE-DEL"
	}
	d.opt("service_type_ref", serviceRef)
	d.time("created_at", o.created)
	d.text("created_by", o.createdBy(v))
	d.time("expected_time", o.created+int64(1800+60*chance.below(90)))
	if chance.one(3) {
		d.time("confirmed_time", o.created+int64(2400+60*chance.below(90)))
	} else {
		d.null("confirmed_time")
	}
	if newer {
		d.text("channel", o.channel(v))
		d.bool("asap", chance.one(2))
		d.bool("expected_time_pickup", chance.one(2))
		d.text("connection_name", o.location.Name)
	}
	o.notes(d, v)
	d.openList("coupon_codes")
	if chance.one(10) {
		d.text("", "WELCOME10")
		d.text("", "A, B")
	}
	d.closeList()
	o.writeTotal(d, v)
	if happens(o.seed>>7, v.Odd.NullElements) {
		for _, name := range []string{"items", "deals", "discounts", "charges", "payments"} {
			d.null(name)
		}
	} else {
		o.writeItems(d, v)
		o.writeAmounts(d, o.loose(v))
	}
	o.writeCustomer(d, v)
	o.writeDelivery(d, v)
	o.writeRest(d, &chance)
	d.close()
}

func (o *order) createdBy(v *view) string {
	if o.seed>>8%6 == 0 {
		return channels[o.seed>>16%uint64(len(channels))]
	}
	return v.client
}

func (o *order) channel(v *view) string {
	if o.seed>>12%3 == 0 {
		return channels[o.seed>>20%uint64(len(channels))]
	}
	return o.createdBy(v)
}

func (o *order) notes(d *doc, v *view) {
	notes := ""
	switch {
	case happens(o.seed>>1, v.Odd.NUL):
		notes = nul
	case happens(o.seed>>3, v.Odd.Dirty):
		notes = awkwardText(o.seed >> 24)
	case o.seed>>5%8 == 0:
		notes = "Well cooked"
	}
	d.opt("customer_notes", notes)
	d.null("seller_notes")
	code := ""
	if o.service == "collection" {
		code = strconv.FormatUint(100+o.seed>>30%900, 10)
	}
	d.opt("collection_code", code)
}

func (o *order) writeTotal(d *doc, v *view) {
	total := o.total(v.look.Total != TotalAll)
	digits := string(appendCents(nil, total))
	switch odd := v.Odd; {
	case happens(o.seed>>2, odd.NoCurrency):
		d.text("total", digits)
	case happens(o.seed>>4, odd.NumberTotal):
		d.raw("total", digits)
	case happens(o.seed>>5, odd.NullTotal):
		d.null("total")
	case happens(o.seed>>6, odd.OtherCurrency):
		d.text("total", digits+" CHF")
	default:
		d.money("total", total)
	}
	d.null("total_discrepancy")
	d.money("payment_discrepancy", total-sumOf(o.payments, true))
}

// loose reports whether the order came through a bridge that is careless about types.
func (o *order) loose(v *view) bool { return happens(o.seed>>9, v.Odd.Loose) }

func (o *order) writeItems(d *doc, v *view) {
	d.openList("items")
	for n, it := range o.items {
		d.open("")
		d.text("id", o.element("item", n))
		d.null("private_ref")
		name, size, ref := it.names()
		d.text("product_name", name)
		d.opt("sku_name", size)
		d.opt("sku_ref", ref)
		d.money("price", it.price)
		d.dec("quantity", it.quantity())
		d.money("subtotal", it.subtotal)
		chance := mix(o.seed, uint64(n))
		rate := ""
		if chance%3 == 0 {
			rate = []string{"20.0", "5.5", "10"}[chance>>8%3]
		}
		d.dec("tax_rate", rate)
		note := ""
		if chance>>16%10 == 0 {
			note = "Not too salty, please!"
		}
		d.opt("customer_notes", note)
		earned, used := "", ""
		if chance>>24%5 == 0 {
			earned = appendTenths(int64(chance >> 32 % 50))
		}
		if chance>>40%20 == 0 {
			used = "5.0"
		}
		d.dec("points_earned", earned)
		d.dec("points_used", used)
		it.writeOptions(d, v.look.Fields != FieldsOld, o.loose(v))
		d.bool("deleted", it.deleted)
		if it.inDeal {
			o.writeDealLine(d, n)
		}
		d.close()
	}
	d.closeList()
	d.open("deals")
	if o.deal != "" {
		d.open(o.deal)
		d.text("name", "Buy a dessert, get a drink for 1€")
		d.text("ref", "FREEDRINK")
		d.close()
	}
	d.b = append(d.b, '}') // a map of keys has no extra one
}

// writeDealLine writes what an item outside deals has no key for.
func (o *order) writeDealLine(d *doc, n int) {
	d.open("deal_line")
	d.text("deal_key", o.deal)
	d.null("position")
	d.opt("label", []string{"Dessert", "Drink", ""}[(o.seed+uint64(n))%3])
	switch o.seed >> 8 % 4 {
	case 0:
		d.text("pricing_effect", "fixed_price")
		d.money("pricing_value", 50)
	case 1:
		d.text("pricing_effect", "percentage_off")
		d.dec("pricing_value", "30.0")
	default:
		d.null("pricing_effect")
		d.null("pricing_value")
	}
	d.close()
}

func (it *item) names() (name, size, ref string) {
	if it.halves {
		return "Half & half", sizes[2].name, ""
	}
	dish := dishes[it.dish]
	if it.size == len(sizes) {
		return dish.name, "", dish.ref
	}
	return dish.name, sizes[it.size].name, dish.ref + "-" + sizes[it.size].ref
}

func (it *item) quantity() string {
	if it.tenths%20 == 0 { // "2" and "1.0" both occur
		return strconv.FormatInt(it.tenths/10, 10)
	}
	return appendTenths(it.tenths)
}

func (it *item) writeOptions(d *doc, newer, loose bool) {
	d.openList("options")
	for _, o := range it.options {
		d.open("")
		name := "Sauce"
		if o.list != "" {
			name = o.list
		}
		d.text("option_list_name", name)
		d.text("name", toppings[o.topping].name)
		d.opt("ref", toppings[o.topping].ref)
		if !loose || o.price > 0 {
			d.money("price", o.price)
		}
		switch {
		case !loose:
			d.int("quantity", o.quantity)
		case o.quantity > 1:
			d.text("quantity", strconv.Itoa(o.quantity))
		}
		if newer {
			d.bool("removed", o.removed)
		}
		d.close()
	}
	d.closeList()
}
