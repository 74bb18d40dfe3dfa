package hubrise

import (
	"net/http"
	"slices"
	"strconv"
)

// part is a kind of element of a catalog with an index of its own.
type part struct {
	name string
	list func(*menu, *view) []element
}

// element is one of them: whose it is, and how to write it.
type element struct {
	id     string
	parent string
	write  func(*doc)
}

// parts answer with ids where a whole catalog may link by ref (sheet: Catalog).
var parts = []part{
	{"categories", (*menu).categoryElements},
	{"products", (*menu).productElements},
	{"skus", (*menu).skuElements},
	{"option_lists", (*menu).optionListElements},
	{"options", (*menu).optionElements},
	{"deals", func(m *menu, v *view) []element {
		return each(deals, func(n int) element {
			return element{id: m.id("deal", n), write: func(d *doc) { m.deal(d, LinksBoth, n) }}
		})
	}},
	{"discounts", func(m *menu, v *view) []element {
		return []element{{id: m.id("discount", 0), write: m.discount}}
	}},
	{"charges", func(m *menu, v *view) []element {
		return each(charges, func(n int) element {
			return element{id: m.id("charge", n), write: func(d *doc) { m.charge(d, n) }}
		})
	}},
	{"images", func(m *menu, v *view) []element {
		return each(2, func(n int) element {
			return element{id: m.id("image", n), write: func(d *doc) { m.image(d, n, v) }}
		})
	}},
}

func each(n int, make func(int) element) []element {
	var out []element
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

func (m *menu) categoryElements(*view) []element {
	return each(categories, func(n int) element {
		return element{id: m.id("category", n), write: func(d *doc) { m.category(d, LinksIDs, n) }}
	})
}

func (m *menu) productElements(*view) []element {
	return each(len(m.products), func(n int) element {
		return element{id: m.id("product", n), write: func(d *doc) { m.product(d, LinksIDs, m.products[n]) }}
	})
}

func (m *menu) skuElements(*view) []element {
	var out []element
	for _, p := range m.products {
		for i := range p.skus {
			out = append(out, element{m.id("sku", p.n, i), m.id("product", p.n), func(d *doc) { m.sku(d, LinksIDs, p, i) }})
		}
	}
	return out
}

func (m *menu) optionListElements(*view) []element {
	return each(optionLists, func(n int) element {
		return element{id: m.id("option_list", n), write: func(d *doc) { m.optionList(d, LinksIDs, n) }}
	})
}

func (m *menu) optionElements(*view) []element {
	var out []element
	for n := range optionLists {
		for i := range listOptions {
			out = append(out, element{m.id("option", n, i), m.id("option_list", n), func(d *doc) { m.option(d, n, i) }})
		}
	}
	return out
}

func (m *menu) image(d *doc, n int, v *view) {
	d.open("")
	d.text("id", m.id("image", n))
	d.text("type", "image/jpeg")
	if v.look.Fields != FieldsOld {
		d.null("private_ref")
	}
	d.int("size", 240_330+n)
	d.text("md5", base36(mix(m.seed, uint64(n)), 12))
	d.int("seconds_before_removal", 33_102)
	d.close()
}

// catalogPart answers /catalogs/ID/KIND, with /ID behind it for one of them, and
// /catalogs/ID/products/ID/skus. In a path of two ids the last one is the element's.
func catalogPart(name string, within bool) func(*call, []string) *problem {
	at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
	return func(c *call, ids []string) *problem {
		m, no := c.findCatalog(ids[0])
		if no != nil {
			return no
		}
		all := parts[at].list(m, c.view)
		if !within && len(ids) == 2 {
			for _, e := range all {
				if e.id == ids[1] {
					d := c.doc()
					e.write(d)
					c.send(d)
					return nil
				}
			}
			return notFound(name, ids[1])
		}
		return c.index(c.R.URL.Query(), numbered(len(all), func(i int) (entry, bool) {
			return entry{key: all[i].id, write: all[i].write}, !within || all[i].parent == ids[1]
		}))
	}
}

// inventory is today's stock; what is missing is unlimited.
func (c *call) inventory(ids []string) *problem {
	l, no := c.ownLocation(ids[1])
	if no != nil {
		return no
	}
	needed := []string{"inventory"}
	if !c.grant.scope.account {
		needed = append(needed, "catalog") // deprecated, still there
	}
	if no := c.need(needed...); no != nil {
		return no
	}
	one := c.view.catalog(ids[0])
	if one == nil || one.account.ID != c.grant.Account || !visible(one.Location, l.ID) {
		return c.foreign("catalog", ids[0])
	}
	rows := c.view.menu(one).stock(l)
	return c.index(c.R.URL.Query(), numbered(len(rows), func(i int) (entry, bool) {
		return entry{key: rows[i].id, write: rows[i].write}, true
	}))
}

// stock has every third SKU and one option.
func (m *menu) stock(l *location) []element {
	var out []element
	line := func(kind, id, ref string, n int) element {
		return element{id: id, write: func(d *doc) {
			d.open("")
			d.text(kind+"_id", id)
			d.opt(kind+"_ref", ref)
			d.dec("stock", strconv.Itoa(int(mix(l.seed, uint64(n))%20)))
			if n%2 == 1 {
				d.time("expires_at", 1_800_000_000)
			}
			d.close()
		}}
	}
	for _, p := range m.products {
		if p.n%3 == 0 {
			out = append(out, line("sku", m.id("sku", p.n, 0), p.skus[0].ref, p.n))
		}
	}
	return append(out, line("option", m.id("option", 0, 1), toppings[3].ref, 4))
}

const userID = "v6ap7"

// user is the profile of who consented (sheet: Endpoints).
func (c *call) user([]string) *problem {
	if !c.grant.scope.profile {
		return &problem{status: c.st.cfg.Answers.Scope, message: "A 'profile' scope is required"}
	}
	d := c.doc()
	d.open("")
	d.text("id", userID)
	d.text("first_name", "Tom")
	d.text("last_name", "Jones")
	if c.grant.scope.email {
		d.text("email", "tom.jones@dummy-mail.org")
	}
	d.open("timezone")
	d.text("name", "Europe/Paris")
	d.close()
	d.raw("locales", `["en-GB","fr-FR"]`)
	d.close()
	c.send(d)
	return nil
}

// callback is that of a connection which never registered one: events are not played.
func (c *call) callback([]string) *problem {
	switch method(c.R) {
	case http.MethodGet, http.MethodDelete:
		c.Bytes(http.StatusOK, "application/json", []byte(`{"url":null,"events":{}}`))
		return nil
	default:
		return noRoute
	}
}
