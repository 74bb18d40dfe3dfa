package hubrise

import "exporter/record"

const docCustomers = "Customers of all lists as they are now, with their loyalty cards."

// Tables of the customers.
const (
	tableCustomers = iota
	tableCards
	tableLists
)

// person are the columns of a customer, in a list and in an order.
func person() []field {
	return fields(
		flag("anonymised", "Erased: personal columns are empty for good."),
		privateRef(),
		text("email", ""),
		text("first_name", ""),
		text("last_name", ""),
		text("gender", "male or female."),
		date("birth_date", ""),
		text("company_name", ""),
		text("phone", "Not always in the international form."),
		text("phone_access_code", ""),
		text("address_1", ""),
		text("address_2", ""),
		text("postal_code", ""),
		text("city", ""),
		text("state", ""),
		text("country", ""),
		numeric("latitude", ""),
		numeric("longitude", ""),
		text("delivery_notes", ""),
		boolean("sms_marketing", ""),
		boolean("email_marketing", ""),
		integer("nb_orders", "Orders so far."),
		money("order_total", "Of the orders so far."),
		instant("first_order_date", ""),
		instant("last_order_date", ""),
	)
}

func customerOfShape() shape {
	return shape{
		name: "order_customers", doc: "Customers of orders, as they were then; anonymised later.", key: []string{"account_id", "order_id"},
		fields: fields(
			ofOrder(),
			text("customer_id", "Id of the customer; a guest has none.").from("id"),
			text("customer_list_id", ""),
			person(),
			instant("created_at", "When the customer was created."),
			tree("loyalty_cards", ""),
			tree("custom_fields", "What apps have attached."),
			extra(),
		),
	}
}

// customerShapes are the tables of the customers, in the order of their numbers.
func customerShapes() []shape {
	list := theOwner.is("customer_list_id", record.Text, "Id of the list.").required()
	return []shape{
		{
			name: "customers", doc: "Customers.", key: []string{"account_id", "customer_list_id", "customer_id"},
			fields: fields(
				account(), list,
				text("customer_id", "Id of the customer.").from("id").required(),
				person(),
				instant("created_at", "When the customer was created."),
				tree("custom_fields", "What apps have attached."),
				extra(),
			),
			apart: []string{"customer_list_id", "loyalty_cards"},
		},
		{
			name: "loyalty_cards", doc: "Loyalty cards of customers.", key: []string{"account_id", "customer_list_id", "card_id"},
			fields: fields(
				account(), list,
				text("card_id", "Id of the card.").from("id").required(),
				theName.is("customer_id", record.Text, "Id of the customer."),
				text("name", ""),
				text("ref", ""),
				numeric("balance", "Points."),
				extra(),
			),
			known: []string{"customer_id"},
		},
		{
			name: "customer_lists", doc: "Lists of customers.", key: []string{"account_id", "customer_list_id"},
			fields: fields(
				account(),
				text("customer_list_id", "Id of the list.").from("id").required(),
				text("name", ""),
				instant("created_at", ""),
				text("location_id", "Location that it belongs to; else the account."),
				extra(),
			),
			known: []string{"account_id"},
		},
	}
}
