package hubrise

import (
	"net/http"
	"slices"
	"strings"
)

// Operations as the meter and the faults know them.
const (
	opAuthorize      = "oauth2/authorize"
	opToken          = "oauth2/token"
	opRevoke         = "oauth2/revoke"
	opAccount        = "account"
	opAccounts       = "accounts"
	opLocation       = "location"
	opLocations      = "locations"
	opOrders         = "orders"
	opOrder          = "order"
	opDelivery       = "delivery"
	opLists          = "customer_lists"
	opList           = "customer_list"
	opCustomers      = "customers"
	opCustomer       = "customer"
	opCards          = "loyalty_cards"
	opCard           = "loyalty_card"
	opCardOperations = "operations"
	opCatalogs       = "catalogs"
	opCatalog        = "catalog"
	opCatalogHeader  = "catalog/header" // hide_data=true
	opCatalogPart    = "catalog/part"
	opInventory      = "inventory"
	opUser           = "user"
	opCallback       = "callback"
	opUnknown        = "unknown"
)

var operations = []string{
	opAccount, opAccounts, opLocation, opLocations, opOrders, opOrder, opDelivery, opLists, opList, opCustomers, opCustomer,
	opCards, opCard, opCardOperations, opCatalogs, opCatalog, opCatalogHeader, opCatalogPart, opInventory, opUser, opCallback,
}

// route is an endpoint: a pattern of path segments, "*" being an id.
type route struct {
	op     string
	path   string
	answer func(*call, []string) *problem // with the ids of the path
}

// routes are tried in order. A short form stands for the id the token is for (sheet: Endpoints).
var routes = []route{
	{opAccounts, "accounts", (*call).accounts},
	{opAccount, "accounts/*", (*call).oneAccount},
	{opLocations, "locations", (*call).locations},
	{opLocation, "locations/*", (*call).oneLocation},
	{opOrders, "locations/*/orders", (*call).ordersOfLocation},
	{opOrders, "accounts/*/orders", (*call).ordersOfAccount},
	{opOrder, "locations/*/orders/*", (*call).order},
	{opDelivery, "locations/*/orders/*/delivery", (*call).delivery},
	{opLists, "locations/*/customer_lists", (*call).listsOfLocation},
	{opLists, "accounts/*/customer_lists", (*call).listsOfAccount},
	{opList, "customer_lists/*", (*call).oneList},
	{opCustomers, "customer_lists/*/customers", (*call).customers},
	{opCustomer, "customer_lists/*/customers/*", (*call).oneCustomer},
	{opCards, "customer_lists/*/loyalty_cards", (*call).cards},
	{opCard, "customer_lists/*/loyalty_cards/*", (*call).card},
	{opCardOperations, "customer_lists/*/loyalty_cards/*/operations", (*call).cardOperations},
	{opCatalogs, "locations/*/catalogs", (*call).catalogsOfLocation},
	{opCatalogs, "accounts/*/catalogs", (*call).catalogsOfAccount},
	{opCatalog, "catalogs/*", (*call).wholeCatalog},
	{opInventory, "catalogs/*/locations/*/inventory", (*call).inventory},
	{opUser, "user", (*call).user},
	{opCallback, "callback", (*call).callback},
	{opCatalogPart, "catalogs/*/categories", catalogPart("categories", false)},
	{opCatalogPart, "catalogs/*/categories/*", catalogPart("categories", false)},
	{opCatalogPart, "catalogs/*/products", catalogPart("products", false)},
	{opCatalogPart, "catalogs/*/products/*", catalogPart("products", false)},
	{opCatalogPart, "catalogs/*/products/*/skus", catalogPart("skus", true)},
	{opCatalogPart, "catalogs/*/skus/*", catalogPart("skus", false)},
	{opCatalogPart, "catalogs/*/option_lists", catalogPart("option_lists", false)},
	{opCatalogPart, "catalogs/*/option_lists/*", catalogPart("option_lists", false)},
	{opCatalogPart, "catalogs/*/option_lists/*/options", catalogPart("options", true)},
	{opCatalogPart, "catalogs/*/deals", catalogPart("deals", false)},
	{opCatalogPart, "catalogs/*/deals/*", catalogPart("deals", false)},
	{opCatalogPart, "catalogs/*/discounts", catalogPart("discounts", false)},
	{opCatalogPart, "catalogs/*/discounts/*", catalogPart("discounts", false)},
	{opCatalogPart, "catalogs/*/charges", catalogPart("charges", false)},
	{opCatalogPart, "catalogs/*/charges/*", catalogPart("charges", false)},
	{opCatalogPart, "catalogs/*/images", catalogPart("images", false)},
	{opCatalogPart, "catalogs/*/images/*", catalogPart("images", false)},
}

// find returns the endpoint of a path after /v1/ with its ids. short is the
// level a short form asks for, "" for a long one.
func findRoute(path string) (r *route, ids []string, short string) {
	segments := strings.Split(path, "/")
	switch segments[0] {
	case "location", "account":
		short = segments[0]
		segments = slices.Insert(segments[1:len(segments):len(segments)], 0, short+"s", "")
	}
	if at := slices.Index(segments, "location"); at == 2 && segments[0] == "catalogs" { // catalogs/ID/location/inventory
		short = "location"
		segments = slices.Concat(segments[:2], []string{"locations", ""}, segments[3:])
	}
	for i := range routes {
		if ids, ok := match(routes[i].path, segments); ok {
			return &routes[i], ids, short
		}
	}
	return nil, nil, short
}

func match(pattern string, segments []string) (ids []string, ok bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(segments) {
		return nil, false
	}
	for i, s := range segments {
		if want[i] == "*" {
			ids = append(ids, s)
		} else if want[i] != s {
			return nil, false
		}
	}
	return ids, true
}

// method is the verb, which limited clients send in a header of a POST.
func method(r *http.Request) string {
	if other := r.Header.Get("X-Http-Method-Override"); other != "" && r.Method == http.MethodPost {
		return strings.ToUpper(other)
	}
	return r.Method
}
