package hubrise

import "exporter/record"

const docOrders = "Orders by the time of their creation, with everything in them."

// Tables of the orders.
const (
	tableOrders = iota
	tableItems
	tableOptions
	tablePayments
	tableCharges
	tableDiscounts
	tableDeals
	tableCustomerOf
	tableDeliveries
	tableLoyalty
)

// ofOrder are the columns that every table of the orders begins with.
func ofOrder() []field {
	return []field{
		account(),
		theLocation.is("location_id", record.Text, "Id of the location."),
		theOrder.is("order_id", record.Text, "Id of the order.").required(),
	}
}

func deleted() field {
	return flag("deleted", "Taken off the order: leave it out of sums.")
}

func privateRef() field {
	return text("private_ref", "Reference that this app has given.")
}

// orderShapes are the tables of the orders, in the order of their numbers.
func orderShapes(withRaw bool) []shape {
	order := shape{
		name: "orders", doc: "Orders.", key: []string{"account_id", "order_id"},
		fields: fields(
			account(),
			theLocation.is("location_id", record.Text, "Id of the location."),
			text("order_id", "Id of the order.").from("id").required(),
			text("ref", "Number of the order in the till."),
			privateRef(),
			text("status", "Last status."),
			text("service_type", "delivery, collection or eat_in."),
			text("service_type_ref", ""),
			instant("created_at", "When the order was created.").required(),
			theDate.is("business_date", record.Date, "Date of created_at at the location; its day begins at the cutoff time."),
			theZone.is("timezone", record.Text, "Zone of the location."),
			text("created_by", "App that created the order."),
			text("channel", "Where the order comes from."),
			text("connection_name", "Name of the connection that created the order."),
			instant("expected_time", "When the customer expects it."),
			boolean("expected_time_pickup", "Whether expected_time is that of the pickup."),
			boolean("asap", "Wanted as soon as possible."),
			instant("confirmed_time", "When it will be ready, as the location confirmed."),
			text("customer_notes", ""),
			text("seller_notes", ""),
			text("collection_code", ""),
			tree("coupon_codes", "List of codes."),
			money("total", "Items and charges less discounts, as the vendor computes it."),
			money("total_discrepancy", "Deprecated by the vendor."),
			money("payment_discrepancy", "Deprecated by the vendor."),
			tree("custom_fields", "What apps have attached."),
			extra(),
		),
		apart: []string{"location_id", "items", "deals", "discounts", "charges", "payments", "customer", "delivery", "loyalty_operations"},
	}
	if withRaw {
		order.fields = append(order.fields, raw())
	}
	return []shape{order, itemShape(), optionShape(), paymentShape(), chargeShape(), discountShape(), dealShape(), customerOfShape(), deliveryShape(), loyaltyShape()}
}

func itemShape() shape {
	return shape{
		name: "order_items", doc: "Items of orders. Options are in subtotal.", key: []string{"account_id", "order_id", "item_id"},
		fields: fields(
			ofOrder(),
			text("item_id", "Id of the item.").from("id").required(),
			theNumber.is("position", record.Integer, "Place in the order, from 0."),
			privateRef(),
			text("product_name", ""),
			text("sku_name", ""),
			text("sku_ref", "Reference of the SKU in a catalog, set by third parties."),
			money("price", "Of one, without options."),
			numeric("quantity", ""),
			money("subtotal", "Price with options, times quantity."),
			numeric("tax_rate", "In percent."),
			text("customer_notes", ""),
			numeric("points_earned", ""),
			numeric("points_used", ""),
			text("deal_key", "Deal of the order that it belongs to.").from("deal_line.deal_key"),
			text("deal_label", "").from("deal_line.label"),
			text("deal_pricing_effect", "").from("deal_line.pricing_effect"),
			text("deal_pricing_value", "Money or number, by deal_pricing_effect.").from("deal_line.pricing_value"),
			text("deal_position", "").from("deal_line.position"),
			deleted(),
			extra(),
		),
		apart: []string{"options"},
	}
}

func optionShape() shape {
	return shape{
		name: "order_item_options", doc: "Options of items. They have no id.", key: []string{"account_id", "order_id", "item_id", "option_no"},
		fields: fields(
			ofOrder(),
			theItem.is("item_id", record.Text, "Id of the item.").required(),
			theNumber.is("option_no", record.Integer, "Place in the item, from 0.").required(),
			text("option_list_name", ""),
			text("name", ""),
			text("ref", ""),
			money("price", "Of one; it is in the item's subtotal."),
			numeric("quantity", "For each of the item."),
			flag("removed", "Taken away; it may cost all the same."),
			extra(),
		),
	}
}

func paymentShape() shape {
	return shape{
		name: "order_payments", doc: "Payments of orders. An order without any is not paid.", key: []string{"account_id", "order_id", "payment_id"},
		fields: fields(
			ofOrder(),
			text("payment_id", "Id of the payment.").from("id").required(),
			privateRef(),
			text("type", "Deprecated by the vendor."),
			text("name", ""),
			text("ref", ""),
			money("amount", ""),
			tree("info", "Free."),
			deleted(),
			extra(),
		),
	}
}

func chargeShape() shape {
	return shape{
		name: "order_charges", doc: "Charges of orders, such as delivery.", key: []string{"account_id", "order_id", "charge_id"},
		fields: fields(
			ofOrder(),
			text("charge_id", "Id of the charge.").from("id").required(),
			privateRef(),
			text("type", "Deprecated by the vendor."),
			text("name", ""),
			text("ref", ""),
			money("price", ""),
			numeric("tax_rate", "In percent."),
			deleted(),
			extra(),
		),
		known: []string{"charge_type", "charge_ref", "charge_price"}, // type, ref and price again
	}
}

func discountShape() shape {
	return shape{
		name: "order_discounts", doc: "Discounts of orders.", key: []string{"account_id", "order_id", "discount_id"},
		fields: fields(
			ofOrder(),
			text("discount_id", "Id of the discount.").from("id").required(),
			privateRef(),
			text("name", ""),
			text("ref", ""),
			money("price_off", "What is taken off, as a positive amount."),
			text("pricing_effect", "Deprecated by the vendor."),
			text("pricing_value", "Deprecated by the vendor."),
			deleted(),
			extra(),
		),
	}
}

func dealShape() shape {
	return shape{
		name: "order_deals", doc: "Deals of orders.", key: []string{"account_id", "order_id", "deal_key"},
		fields: fields(
			ofOrder(),
			theName.is("deal_key", record.Text, "Number of the deal in the order.").required(),
			text("name", ""),
			text("ref", ""),
			extra(),
		),
	}
}

func deliveryShape() shape {
	return shape{
		name: "order_deliveries", doc: "State of couriers. The address is the customer's.", key: []string{"account_id", "order_id"},
		fields: fields(
			ofOrder(),
			text("delivery_id", "").from("id"),
			text("carrier", ""),
			text("carrier_ref", ""),
			text("ref", ""),
			text("status", ""),
			money("fee", ""),
			instant("estimated_pickup_at", ""),
			instant("estimated_dropoff_at", ""),
			instant("assigned_at", ""),
			instant("pickup_at", ""),
			instant("delivered_at", ""),
			instant("cancelled_at", ""),
			text("tracking_url", ""),
			text("driver_name", ""),
			text("driver_phone", ""),
			text("driver_phone_access_code", ""),
			numeric("driver_latitude", ""),
			numeric("driver_longitude", ""),
			extra(),
		),
		known: []string{"order_id", "location_id"},
	}
}

func loyaltyShape() shape {
	return shape{
		name: "order_loyalty_operations", doc: "Points that orders earned and used.", key: []string{"account_id", "order_id", "op_no"},
		fields: fields(
			ofOrder(),
			theNumber.is("op_no", record.Integer, "Place in the order, from 0.").required(),
			text("ref", "Reference of the loyalty card."),
			text("name", ""),
			numeric("delta", "Points, negative where they were used."),
			text("reason", ""),
			extra(),
		),
	}
}
