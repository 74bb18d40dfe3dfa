package piwikpro

import (
	"fmt"
	"strconv"
	"strings"
)

// sessionDimensions are those every scope has (sheet: §5, columns/dimensions.csv).
var sessionDimensions = []*dimension{
	dim("timestamp", "Timestamp", "date", sessionScope, both, func(r *row) cell { return cell{kind: moment, n: r.clock.wall(r.at())} }),
	dim("local_hour", "Local hour", "int", sessionScope, both, func(r *row) cell { return numberCell(r.clock.wall(r.at()) % secondsOfDay / 3600) }),
	dim("website_name", "Website name", "[str, str]", sessionScope, both, func(r *row) cell { return coded(r.s.site.ID, r.s.site.Name) }),
	dim("session_id", "Session ID", "int", sessionScope, raw, func(r *row) cell { return cell{kind: bigID, u: r.s.id} }),
	dim("visitor_id", "Visitor ID", "hex", sessionScope, both, texts(func(r *row) string { return hex(mix(r.s.site.seed, r.s.visitor)) })),
	dim("cookie_id", "Cookie ID", "hex", sessionScope, both, texts(func(r *row) string { return hex(mix(r.s.site.seed, r.s.visitor+1<<40)) })),
	dim("user_id", "User ID", "str", sessionScope, both, texts(userID)),
	dim("visitor_returning", "Returning visitor", "[int, str]", sessionScope, both, func(r *row) cell { return returning[visits(r)] }),
	dim("visitor_session_number", "Session number", "int", sessionScope, both, func(r *row) cell { return numberCell(sessionNumber(r)) }),
	dim("visitor_days_since_last_session", "Days since last session", "int?", sessionScope, both, func(r *row) cell { return unless(visits(r) == 0, numberCell(int64(r.h(20)%40))) }),
	dim("visitor_days_since_first_session", "Days since first session", "int?", sessionScope, both, func(r *row) cell { return numberCell(flag(visits(r) > 0).n * int64(r.h(21)%400)) }),

	dim("source", "Source", "str_nocase", sessionScope, both, texts(func(r *row) string { return origin(r).source })),
	dim("medium", "Medium", "str_nocase", sessionScope, both, texts(func(r *row) string { return origin(r).medium })),
	dim("source_medium", "Source / Medium", "str_nocase", sessionScope, both, texts(sourceMedium)),
	dim("referrer_type", "Channel", "[int, str]", sessionScope, both, func(r *row) cell { return origin(r).channel }),
	dim("referrer_url", "Referrer URL", "str", sessionScope, both, texts(func(r *row) string { return origin(r).url })),
	dim("campaign_name", "Campaign name", "str", sessionScope, both, texts(campaign)),
	dim("campaign_id", "Campaign ID", "str", sessionScope, both, texts(func(r *row) string { return suffixed(campaign(r), "-id") })),
	dim("campaign_content", "Campaign content", "str", sessionScope, both, texts(func(r *row) string { return suffixed(campaign(r), " A/B") })),
	dim("keyword", "Keyword", "str", sessionScope, both, texts(func(r *row) string { return pick(keywords, r.h(30)) })),

	dim("device_type", "Device type", "[int, str]?", sessionScope, both, func(r *row) cell { return pick(devices, r.h(31)) }),
	dim("operating_system", "Operating system", "[str, str]?", sessionScope, both, func(r *row) cell { return pick(systems, r.h(32)) }),
	dim("browser_name", "Browser", "[str, str]?", sessionScope, both, func(r *row) cell { return pick(browsers, r.h(33)) }),
	dim("browser_version", "Browser version", "str", sessionScope, both, texts(func(r *row) string { return strconv.FormatUint(90+r.h(34)%30, 10) + ".0" })),
	dim("browser_language_iso639", "Browser language", "[str, str]?", sessionScope, both, func(r *row) cell { return pick(languages, r.h(35)) }),
	dim("device_brand", "Device brand", "[str, str]?", sessionScope, both, func(r *row) cell { return pick(brands, r.h(36)) }),
	dim("resolution", "Resolution", "str?", sessionScope, both, func(r *row) cell { return pick(resolutions, r.h(37)) }),
	dim("location_continent_iso_code", "Continent", "[str, str]?", sessionScope, both, func(r *row) cell { return place(r).continent }),
	dim("location_country_name", "Country", "[str, str]?", sessionScope, both, func(r *row) cell { return place(r).country }),
	dim("location_subdivision_1_name", "Region", "[str, str]?", sessionScope, both, func(r *row) cell { return place(r).region }),
	dim("location_city_name", "City", "[int, str]?", sessionScope, both, func(r *row) cell { return place(r).city }),

	dim("session_total_time", "Session time", "int", sessionScope, both, total(func(t *sums) int64 { return t.seconds })),
	dim("session_total_events", "Events in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.events })),
	dim("session_total_page_views", "Page views in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.pageViews })),
	dim("session_total_outlinks", "Outlinks in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.outlinks })),
	dim("session_total_downloads", "Downloads in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.downloads })),
	dim("session_total_site_searches", "Site searches in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.searches })),
	dim("session_total_custom_events", "Custom events in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.custom })),
	dim("session_total_goal_conversions", "Goal conversions in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.goals })),
	dim("session_total_ecommerce_conversions", "Orders in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.orders })),
	dim("session_total_abandoned_carts", "Abandoned carts in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.carts })),
	dim("session_unique_page_views", "Unique page views in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.uniquePageViews })),
	dim("is_bounce", "Is bounce", "int(0,1)", sessionScope, both, func(r *row) cell { return flag(r.s.count() == 1) }),
	dim("session_goals", "Goals in session", "array", sessionScope, both, goalsOf(func(g goal) string { return strconv.Itoa(g.id) })),
	dim("session_goal_uuids", "Goal UUIDs in session", "array(uuid)", sessionScope, both, goalsOf(func(g goal) string { return strconv.Quote(g.uuid) })),
	dim("session_entry_url", "Entry page URL", "str", sessionScope, both, texts(func(r *row) string { return r.s.pageURL(&r.s.events()[0]) })),
	dim("session_entry_title", "Entry page title", "str", sessionScope, both, texts(func(r *row) string { return r.s.title(&r.s.events()[0]) })),
	dim("session_exit_url", "Exit page URL", "str", sessionScope, both, texts(func(r *row) string { return r.s.pageURL(r.s.lastView()) })),
	dim("session_exit_title", "Exit page title", "str", sessionScope, both, texts(func(r *row) string { return r.s.title(r.s.lastView()) })),
	dim("location_latitude", "Latitude", "float?", sessionScope, both, func(r *row) cell { return coordinate(r, 2) }),
	dim("location_longitude", "Longitude", "float?", sessionScope, both, func(r *row) cell { return coordinate(r, 4) }),
	dim("session_total_cart_additions", "Product adds to cart in session", "int", sessionScope, both, total(func(t *sums) int64 { return t.cartAdditions })),
	dim("session_ecommerce_status", "Session e-commerce status", "[int, str]", sessionScope, both, func(r *row) cell {
		r.s.events()
		return shopping[min(r.s.sums.orders, 1)+2*min(r.s.sums.carts, 1)]
	}),
	dim("ipv4_address", "IPv4 address", "ipv4?", sessionScope, both, func(r *row) cell { return address(r) }),
}

// eventDimensions move a report to event scope.
var eventDimensions = []*dimension{
	dim("event_id", "Event ID", "int", eventScope, raw, func(r *row) cell { return cell{kind: bigID, u: r.e.id} }),
	dim("event_index", "Event index", "int", eventScope, raw, func(r *row) cell { return numberCell(int64(r.e.index)) }),
	dim("page_view_index", "Page view index", "int?", eventScope, raw, func(r *row) cell { return unless(r.e.pageView < 0, numberCell(int64(r.e.pageView))) }),
	dim("is_entry", "Is entry", "int(0,1)", eventScope, raw, func(r *row) cell { return flag(r.e.index == 0) }),
	dim("is_exit", "Is exit", "int(0,1)", eventScope, raw, func(r *row) cell { return flag(r.s.isExit(r.e)) }),
	dim("event_type", "Event type", "[int, str]", eventScope, both, func(r *row) cell { return named(int64(r.e.typ), eventNames[r.e.typ]) }),
	dim("event_url", "Page URL", "str", eventScope, both, texts(func(r *row) string { return r.s.pageURL(r.e) })),
	dim("event_title", "Page title", "str", eventScope, both, texts(func(r *row) string { return r.s.title(r.e) })),
	dim("outlink_url", "Outlink URL", "str", eventScope, both, only(outlink, func(r *row) string { return "https://partner.example/?to=" + strconv.FormatUint(r.e.h%9, 10) })),
	dim("download_url", "Download URL", "str", eventScope, both, only(download, func(r *row) string { return "https://files.example/" + strconv.FormatUint(r.e.h%5, 10) + ".pdf" })),
	dim("search_keyword", "Search keyword", "str", eventScope, both, only(siteSearch, func(r *row) string { return pick(keywords, r.e.h) })),
	dim("search_results_count", "Search results count", "int?", eventScope, both, func(r *row) cell {
		return unless(r.e.typ != siteSearch, numberCell(int64(r.e.h%40)))
	}),
	dim("custom_event_category", "Custom event category", "str", eventScope, both, only(customEvent, func(r *row) string { return pick(categories, r.e.h) })),
	dim("custom_event_action", "Custom event action", "str", eventScope, both, only(customEvent, func(r *row) string { return pick(actions, r.e.h>>8) })),
	dim("custom_event_name", "Custom event name", "str", eventScope, both, only(customEvent, func(r *row) string { return pick(categories, r.e.h>>16) + " " + pick(actions, r.e.h>>8) })),
	dim("custom_event_value", "Custom event value", "float?", eventScope, both, func(r *row) cell {
		return unless(r.e.typ != customEvent || r.e.h>>24%2 == 0, moneyCell(int64(r.e.h>>32%10_000)))
	}),
	dim("time_on_page", "Time on page", "int?", eventScope, both, timeOnPage),
	dim("goal_id", "Goal", "[int, str]?", eventScope, both, func(r *row) cell {
		if r.e.goal < 0 {
			return unsetGoal
		}
		g := r.s.site.goals[r.e.goal]
		return named(int64(g.id), goalName(g))
	}),
	dim("goal_uuid", "Goal", "[str, str]?", eventScope, both, func(r *row) cell {
		if r.e.goal < 0 {
			return unsetCoded
		}
		g := r.s.site.goals[r.e.goal]
		return coded(g.uuid, goalName(g))
	}),
	dim("goal_revenue", "Goal revenue", "float?", eventScope, both, func(r *row) cell { return unless(r.e.goal < 0, moneyCell(r.e.cents)) }),
	dim("order_id", "Order ID", "str", eventScope, both, only(orderEvent, func(r *row) string { return "ORDER-" + strings.ToUpper(hex(r.e.h)[:10]) })),
	dim("revenue", "Revenue", "float?", eventScope, both, func(r *row) cell { return unless(r.e.typ != orderEvent, moneyCell(r.e.cents)) }),
	dim("revenue_tax", "Tax", "float?", eventScope, both, func(r *row) cell { return unless(r.e.typ != orderEvent, moneyCell(r.e.cents*19/119)) }),
	dim("lost_revenue", "Lost revenue", "float?", eventScope, both, func(r *row) cell { return unless(r.e.typ != cartLeft, moneyCell(int64(r.e.h>>30%50_000))) }),
	dim("product_count", "Product count", "int?", eventScope, both, func(r *row) cell { return unless(r.e.typ != orderEvent, numberCell(int64(len(productsOf(r.e))))) }),
	dim("products.name", "Product names", "array", eventScope, raw, productList(func(p product) string { return string(appendQuoted(nil, p.name)) })),
	dim("products.sku", "Product SKUs", "array", eventScope, raw, productList(func(p product) string { return string(appendQuoted(nil, p.sku)) })),
	dim("products.price", "Product prices", "array", eventScope, raw, productList(func(p product) string { c := moneyCell(p.cents); return string(c.appendText(nil)) })),
}

// productDimensions move a report to the products of its events.
var productDimensions = []*dimension{
	dim("product_name", "Product name", "str", productScope, query, texts(func(r *row) string { return productsOf(r.e)[r.product].name })),
	dim("product_sku", "Product SKU", "str", productScope, query, texts(func(r *row) string { return productsOf(r.e)[r.product].sku })),
	dim("product_price", "Product price", "float", productScope, query, func(r *row) cell { return moneyCell(productsOf(r.e)[r.product].cents) }),
}

// unless is null if what it tells is not there.
func unless(absent bool, c cell) cell {
	if absent {
		return cell{}
	}
	return c
}

// only is "" for events of other types.
func only(typ int, get func(*row) string) func(*row) cell {
	return func(r *row) cell {
		if r.e.typ != typ {
			return textCell("")
		}
		return textCell(get(r))
	}
}

func goalsOf(tell func(goal) string) func(*row) cell {
	return func(r *row) cell {
		var out []string
		for _, e := range r.s.events() {
			if e.goal >= 0 {
				out = append(out, tell(r.s.site.goals[e.goal]))
			}
		}
		return cell{kind: list, s: "[" + strings.Join(out, ",") + "]"}
	}
}

func productList(tell func(product) string) func(*row) cell {
	return func(r *row) cell {
		var out []string
		if r.e.typ == orderEvent {
			for _, p := range productsOf(r.e) {
				out = append(out, tell(p))
			}
		}
		return cell{kind: list, s: "[" + strings.Join(out, ",") + "]"}
	}
}

func goalName(g goal) string { return fmt.Sprintf("Goal %d reached", g.id) }

func hex(h uint64) string { return fmt.Sprintf("%016x", h) }

func suffixed(s, more string) string {
	if s == "" {
		return ""
	}
	return s + more
}
