package hubrise

import "strconv"

// link writes what one element says of another: id, ref, or both.
func (m *menu) link(d *doc, look Links, name, kind string, n int, ref string) {
	if look != LinksRefs {
		d.text(name+"_id", m.id(kind, n))
	}
	if look != LinksIDs {
		d.text(name+"_ref", ref)
	}
}

// data writes the content (sheet: Catalog).
func (m *menu) data(d *doc, look Answers) {
	d.open("data")
	d.openList("variants")
	d.open("")
	d.text("id", m.id("variant", 0))
	d.text("ref", "1")
	d.text("name", "Delivery")
	d.close()
	d.closeList()
	d.openList("categories")
	for n := range categories {
		m.category(d, look.Links, n)
	}
	d.closeList()
	d.openList("products")
	for _, p := range m.products {
		m.product(d, look.Links, p)
	}
	d.closeList()
	name := "options_lists"
	if look.OptionLists == OptionListsPlain {
		name = "option_lists"
	}
	d.openList(name)
	for n := range optionLists {
		m.optionList(d, look.Links, n)
	}
	d.closeList()
	d.openList("deals")
	for n := range deals {
		m.deal(d, look.Links, n)
	}
	d.closeList()
	d.openList("discounts")
	m.discount(d)
	d.closeList()
	d.openList("charges")
	for n := range charges {
		m.charge(d, n)
	}
	d.closeList()
	d.close()
}

func categoryRef(n int) string { return []string{"FOOD", "SPIZ", "DRINK"}[n] }

// category writes one; they come depth-first.
func (m *menu) category(d *doc, look Links, n int) {
	d.open("")
	d.text("id", m.id("category", n))
	d.text("ref", categoryRef(n))
	switch {
	case n == 1:
		m.link(d, look, "parent", "category", 0, categoryRef(0))
	case look == LinksRefs:
		d.null("parent_ref")
	default:
		d.null("parent_id")
	}
	d.text("name", []string{"Pizzas", "Spicy Pizzas", "Drinks"}[n])
	d.opt("description", []string{"", "Awesome spicy pizzas", ""}[n])
	m.tags(d, n == 1, "spicy")
	d.close()
}

func (m *menu) tags(d *doc, some bool, all ...string) {
	d.openList("tags")
	for _, tag := range all {
		if some {
			d.text("", tag)
		}
	}
	d.closeList()
}

func (m *menu) product(d *doc, look Links, p product) {
	d.open("")
	d.text("id", m.id("product", p.n))
	m.link(d, look, "category", "category", p.category, categoryRef(p.category))
	d.text("name", p.name)
	d.opt("description", []string{"", "With \"love\"\nand basil"}[p.n%2])
	m.tags(d, p.n%7 == 0, "new")
	d.openList("skus")
	for i := range p.skus {
		m.sku(d, look, p, i)
	}
	d.closeList()
	d.close()
}

func (m *menu) sku(d *doc, look Links, p product, i int) {
	s := p.skus[i]
	d.open("")
	d.text("id", m.id("sku", p.n, i))
	d.text("ref", s.ref)
	d.text("name", s.name)
	d.text("product_id", m.id("product", p.n))
	if p.n%4 == 0 {
		d.raw("restrictions", `{"end_time":"13:30"}`)
	} else {
		d.raw("restrictions", "{}")
	}
	d.money("price", s.cents)
	d.openList("price_overrides")
	if p.n%6 == 0 {
		d.open("")
		d.raw("variant_refs", `["1"]`)
		d.money("price", s.cents+250)
		d.close()
	}
	d.closeList()
	if look != LinksRefs {
		d.openList("option_list_ids")
		for _, n := range s.lists {
			d.text("", m.id("option_list", n))
		}
		d.closeList()
	}
	if look != LinksIDs {
		d.openList("option_list_refs")
		for _, n := range s.lists {
			d.text("", optionListRef(n))
		}
		d.closeList()
	}
	m.tags(d, p.n%9 == 0, "hidden")
	d.close()
}

func optionListRef(n int) string { return []string{"SAUCE", "PIZZA_TOPPINGS"}[n] }

func (m *menu) optionList(d *doc, look Links, n int) {
	d.open("")
	d.text("id", m.id("option_list", n))
	d.text("ref", optionListRef(n))
	d.text("name", []string{"Sauce", "Toppings"}[n])
	d.int("min_selections", 1-n)
	if n == 0 {
		d.int("max_selections", 1)
	} else {
		d.null("max_selections") // unlimited
	}
	m.tags(d, n == 1, "style")
	d.openList("options")
	for i := range listOptions {
		m.option(d, n, i)
	}
	d.closeList()
	d.close()
}

func (m *menu) option(d *doc, list, i int) {
	topping := toppings[(2+list+i)%len(toppings)]
	d.open("")
	d.text("id", m.id("option", list, i))
	d.opt("ref", topping.ref)
	d.text("option_list_id", m.id("option_list", list))
	d.text("name", topping.name)
	d.money("price", int64(50*i))
	d.bool("default", i == 0)
	d.close()
}

func (m *menu) deal(d *doc, look Links, n int) {
	d.open("")
	d.text("id", m.id("deal", n))
	d.text("ref", "BOGOF")
	d.text("name", "Buy a Small Pizza, Get One Free")
	d.text("description", "Choose two of our small pizza (1€ extra for Calzone)")
	d.raw("restrictions", `{"dow":"123-5--","start_time":"07:00","end_time":"13:30"}`)
	m.tags(d, true, "upselling", "landing-page")
	d.openList("lines")
	for line, effect := range []string{"unchanged", "free", "fixed_price"} {
		d.open("")
		d.opt("label", []string{"Pizza", "", "Drink"}[line])
		d.openList("skus")
		for _, p := range m.products[:min(2, len(m.products))] {
			d.open("")
			if look != LinksRefs {
				d.text("id", m.id("sku", p.n, 0))
			}
			d.text("ref", p.skus[0].ref)
			if line == 1 && p.n == 1 {
				d.money("extra_charge", 100)
			} else {
				d.null("extra_charge")
			}
			d.close()
		}
		d.closeList()
		d.text("pricing_effect", effect)
		if effect == "fixed_price" {
			d.money("pricing_value", 50)
		} else {
			d.null("pricing_value")
		}
		d.close()
	}
	d.closeList()
	d.close()
}

func (m *menu) discount(d *doc) {
	d.open("")
	d.text("id", m.id("discount", 0))
	d.text("ref", "5OFF")
	d.text("name", "5€ off your order")
	d.raw("restrictions", `{"dow":"123----"}`)
	d.text("pricing_effect", "price_off")
	d.money("pricing_value", 500)
	d.close()
}

// charge writes one; a price of null is variable.
func (m *menu) charge(d *doc, n int) {
	d.open("")
	d.text("id", m.id("charge", n))
	d.text("ref", "DEL"+strconv.Itoa(n+1))
	d.text("name", []string{"Delivery < 15 km", "Delivery ≥ 15 km"}[n])
	d.text("type", "delivery")
	if n == 0 {
		d.money("price", 150)
	} else {
		d.null("price")
	}
	d.close()
}
