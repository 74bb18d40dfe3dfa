package hubrise

import "strconv"

func (o *order) writeAmounts(d *doc, loose bool) {
	d.openList("discounts")
	for n, a := range o.discounts {
		d.open("")
		d.text("id", o.element("discount", n))
		d.null("private_ref")
		d.text("name", []string{"2€ off", "5€ off your order", "Discount"}[a.kind])
		d.opt("ref", []string{"45", "5OFF", ""}[a.kind])
		d.text("pricing_effect", "price_off")
		d.money("pricing_value", a.cents)
		d.money("price_off", a.cents)
		d.bool("deleted", a.deleted)
		d.close()
	}
	d.closeList()
	d.openList("charges")
	for n, a := range o.charges {
		kind, name, ref := "delivery", "Courier Service", "DEL"
		if a.kind == 1 {
			kind, name, ref = "other", "Small order fee", ""
		}
		d.open("")
		d.text("id", o.element("charge", n))
		d.null("private_ref")
		d.text("type", kind)
		d.text("name", name)
		rate := ""
		if o.seed>>9%4 == 0 {
			rate = "4"
		}
		if loose {
			d.int("ref", 2222+a.kind)
		} else {
			d.opt("ref", ref)
		}
		d.money("price", a.cents)
		if loose {
			d.int("tax_rate", 4)
		} else {
			d.dec("tax_rate", rate)
		}
		d.text("charge_type", kind)
		d.opt("charge_ref", ref)
		d.money("charge_price", a.cents)
		d.bool("deleted", a.deleted)
		d.close()
	}
	d.closeList()
	d.openList("payments")
	for n, a := range o.payments {
		d.open("")
		d.text("id", o.element("payment", n))
		d.null("private_ref")
		d.text("type", []string{"cash", "online"}[min(a.kind, 1)])
		d.text("name", tenders[a.kind].name)
		d.text("ref", tenders[a.kind].ref)
		d.money("amount", a.cents)
		if a.kind == 1 {
			d.open("info")
			d.text("email", "john@doe.com")
			d.b = append(d.b, '}')
		} else {
			d.null("info")
		}
		d.bool("deleted", a.deleted)
		d.close()
	}
	d.closeList()
}

func (o *order) writeCustomer(d *doc, v *view) {
	switch {
	case o.customer == nil && happens(o.seed>>8, v.Odd.NoCustomer):
		d.null("customer")
	case o.customer == nil:
		guest(d, "customer", o, v)
	default:
		o.customer.write(d, "customer", v)
	}
}

func (o *order) writeDelivery(d *doc, v *view) {
	switch {
	case o.delivery:
		d.open("delivery")
		o.courier(d)
		d.close()
	case v.look.NoDelivery != NoDeliveryAbsent:
		d.null("delivery")
	}
}

// courier writes the members of a delivery that an order and its own endpoint share.
func (o *order) courier(d *doc) {
	c := carriers[o.seed>>7%uint64(len(carriers))]
	status := couriers[o.seed>>17%uint64(len(couriers))]
	if o.status == "completed" {
		status = "delivered"
	}
	d.text("carrier", c.name)
	d.text("carrier_ref", c.ref)
	d.text("ref", "1Z"+strconv.FormatUint(o.seed%1_000_000_000, 10))
	d.text("status", status)
	d.money("fee", 400+int64(o.seed>>21%30)*10)
	d.time("estimated_pickup_at", o.created+1020)
	d.time("estimated_dropoff_at", o.created+1740)
	d.text("tracking_url", "https://"+c.ref+".example/track/"+o.id)
	d.text("driver_name", firsts[o.seed>>27%uint64(len(firsts))])
	d.text("driver_phone", "+33612345678")
	d.text("driver_phone_access_code", "1234")
	d.dec("driver_latitude", "48.856614")
	d.dec("driver_longitude", "2.3522219")
}

// writeDeliveryDocument is the answer of the delivery endpoint.
func (o *order) writeDeliveryDocument(d *doc) {
	d.currency, d.zone = o.location.account.Currency, o.location.zone
	d.open("")
	d.text("id", o.element("delivery", 0))
	d.text("order_id", o.id)
	d.text("location_id", o.location.ID)
	o.courier(d)
	d.time("assigned_at", o.created+663)
	for i, name := range []string{"pickup_at", "delivered_at"} {
		if o.status == "completed" {
			d.time(name, o.created+1000+int64(700*i))
		} else {
			d.null(name)
		}
	}
	d.null("cancelled_at")
	d.close()
}

func (o *order) writeRest(d *doc, chance *dice) {
	d.openList("loyalty_operations")
	for _, op := range o.operations {
		d.open("")
		d.text("ref", "LOY")
		d.null("name")
		d.dec("delta", appendTenths(op.tenths))
		d.text("reason", op.reason)
		d.close()
	}
	d.closeList()
	fields := "{}"
	switch chance.below(12) {
	case 0:
		fields = `{"restaurant":{"table_name":"13","staff":{"name":"Michel","id":"6a1b8e55-55c7-47fb-8c1b-f39ae2eee4f5"}}}`
	case 1:
		fields = `{"epos":{"order_id":"645433012","rejection":{"cause":"not attached","info":{"status":"FAILED","reason":"(not found)","thirdPartyReference":"p81xp|719v7-2"}}}}`
	}
	d.raw("custom_fields", fields)
}
