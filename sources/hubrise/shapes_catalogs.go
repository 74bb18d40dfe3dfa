package hubrise

import "exporter/record"

// Descriptions of the streams.
const (
	docCatalogs  = "Catalogs as they are now: products, SKUs, options, deals, discounts, charges."
	docLocations = "Locations as they are now."
)

// Tables of the catalogs.
const (
	tableCatalogs = iota
	tableCategories
	tableProducts
	tableSKUs
	tableOptionLists
	tableListOptions
	tableCatalogDeals
	tableCatalogDiscounts
	tableCatalogCharges
	tableVariants
)

// element returns the columns that every table of a catalog begins with. An update
// of a catalog makes new ids; a reference lasts.
func element(id, what string) []field {
	return []field{
		account(),
		theOwner.is("catalog_id", record.Text, "Id of the catalog.").required(),
		theID.is(id, record.Text, "Id of the "+what+", or its ref where it has none. New after every update of the catalog.").required(),
		text("ref", "Reference: what to join with."),
		theNumber.is("position", record.Integer, "Place in the catalog, from 0."),
		text("name", ""),
	}
}

// catalogShapes are the tables of the catalogs, in the order of their numbers.
func catalogShapes() []shape {
	part := func(name, doc, id, what string, more ...any) shape {
		return shape{
			name: name, doc: doc, key: []string{"account_id", "catalog_id", id},
			fields: fields(append(append([]any{element(id, what)}, more...), tree("tags", ""), extra())...),
			apart:  []string{"id"},
		}
	}
	skus := part("skus", "Things that can be ordered.", "sku_id", "SKU",
		theName.is("product_id", record.Text, "Id of the product."),
		money("price", ""), tree("price_overrides", "Rules; the last that matches wins."), tree("restrictions", ""),
		tree("option_list_ids", ""), tree("option_list_refs", ""), numeric("tax_rate", "In percent."), text("barcode", ""))
	skus.known = []string{"product_id"}
	products := part("products", "Products.", "product_id", "product",
		text("category_id", ""), text("category_ref", ""), text("description", ""), tree("image_ids", ""))
	products.apart = append(products.apart, "skus")
	lists := part("option_lists", "Lists of options.", "option_list_id", "list",
		integer("min_selections", ""), integer("max_selections", "Null is any number."))
	lists.apart = append(lists.apart, "options")
	options := part("options", "Options of lists.", "option_id", "option",
		theName.is("option_list_id", record.Text, "Id of the list."), money("price", ""), boolean("is_default", "Chosen unless somebody chooses.").from("default"), tree("restrictions", ""))
	options.known = []string{"option_list_id"}
	options.key = []string{"account_id", "catalog_id", "option_list_id", "option_id"}
	catalogs := shape{
		name: "catalogs", doc: "Catalogs.", key: []string{"account_id", "catalog_id"},
		fields: fields(
			account(),
			text("catalog_id", "Id of the catalog.").from("id").required(),
			text("location_id", "Location that it belongs to; else the account."),
			text("name", ""),
			instant("created_at", ""),
			extra(),
		),
		apart: []string{"account_id", "data"},
	}
	return []shape{
		catalogs,
		part("categories", "Categories.", "category_id", "category", text("parent_id", ""), text("parent_ref", ""), text("description", ""), tree("image_ids", "")),
		products, skus, lists, options,
		part("deals", "Deals.", "deal_id", "deal", text("category_id", ""), text("category_ref", ""), text("description", ""), tree("lines", "What it is made of."), tree("restrictions", ""), tree("image_ids", "")),
		part("discounts", "Discounts.", "discount_id", "discount", text("description", ""), text("pricing_effect", ""), text("pricing_value", "Money or number, by pricing_effect."), tree("restrictions", ""), tree("image_ids", "")),
		part("charges", "Charges.", "charge_id", "charge", text("type", ""), money("price", "Null is variable."), tree("restrictions", "")),
		part("variants", "Variants of the catalog.", "variant_id", "variant"),
	}
}

// locationShapes is the only table of the locations.
func locationShapes() []shape {
	return []shape{{
		doc: "Locations.", key: []string{"account_id", "location_id"},
		fields: fields(
			account(),
			text("location_id", "Id of the location.").from("id").required(),
			text("name", ""),
			text("account_name", "").from("account.name"),
			text("currency", "Of the account.").from("account.currency"),
			text("address", ""),
			text("postal_code", ""),
			text("city", ""),
			text("country", ""),
			text("timezone", "").from("timezone.name"),
			text("cutoff_time", "When the business day begins."),
			tree("opening_hours", ""),
			integer("preparation_time", "In minutes."),
			text("order_acceptance_mode", "").from("order_acceptance.mode"),
			tree("custom_fields", "What apps have attached."),
			extra(),
		),
		apart: []string{"account.id"},
		known: []string{"timezone.offset"},
	}}
}
