package hubrise

// menu is the content of a catalog as it is now: ids change with each replacement, refs stay.
type menu struct {
	*catalog
	version  uint64
	products []product
}

type product struct {
	n        int
	name     string
	category int
	skus     []sku
}

type sku struct {
	ref   string
	name  string
	cents int64
	lists []int // option lists
}

const (
	categories  = 3
	optionLists = 2
	listOptions = 3
	deals       = 1
	charges     = 2
)

func (v *view) menu(c *catalog) *menu {
	m := &menu{catalog: c, version: uint64(v.replaced[c.ID])}
	for n := range c.Products {
		dish := dishes[n%len(dishes)]
		p := product{n: n, name: dish.name, category: n % categories}
		for i := range 1 + mix(c.seed, uint64(n))%2 {
			s := sku{name: sizes[i].name, ref: dish.ref + "-" + sizes[i].ref, cents: 300 + 10*int64(mix(c.seed, uint64(100+n)+i)%150)}
			if n >= len(dishes) { // refs tell SKUs of a catalog apart
				s.ref += base36(uint64(n/len(dishes)), 2)
			}
			if n%5 == 0 {
				s.cents += 50 * int64(m.version)
			}
			if i == 0 {
				s.lists = []int{n % optionLists}
			}
			p.skus = append(p.skus, s)
		}
		m.products = append(m.products, p)
	}
	return m
}

// id is that of an element.
func (m *menu) id(kind string, n ...int) string {
	x := mix(m.seed, hashText(kind)+m.version<<32)
	for _, i := range n {
		x = mix(x, uint64(i))
	}
	return base36(x, 6)
}

// header writes what an index of catalogs has of each; whole adds whose it is.
func (m *menu) header(d *doc, v *view, whole bool) {
	d.text("id", m.ID)
	if whole && m.Location != "" {
		d.text("location_id", m.Location)
	} else if whole {
		d.text("account_id", m.account.ID)
	}
	d.text("name", m.Name)
	d.time("created_at", v.first.Unix()-int64(m.seed%(500*86_400)))
}

func (m *menu) write(d *doc, v *view, hideData bool) {
	d.open("")
	m.header(d, v, true)
	if !hideData {
		m.data(d, v.look)
	}
	d.close()
}

func (c *call) catalogsOfLocation(ids []string) *problem {
	l, no := c.ownLocation(ids[0])
	if no != nil {
		return no
	}
	return c.catalogIndex(l.account, func(of *catalog) bool { return visible(of.Location, l.ID) })
}

func (c *call) catalogsOfAccount(ids []string) *problem {
	a, no := c.ownAccount(ids[0])
	if no != nil {
		return no
	}
	return c.catalogIndex(a, func(of *catalog) bool { return of.Location == "" })
}

func (c *call) catalogIndex(a *account, here func(*catalog) bool) *problem {
	if no := c.need("all_catalogs", "catalog"); no != nil {
		return no
	}
	return c.index(c.R.URL.Query(), numbered(len(a.catalogs), func(i int) (entry, bool) {
		one := a.catalogs[i]
		m := &menu{catalog: one}
		return entry{key: one.ID, write: func(d *doc) {
			d.open("")
			m.header(d, c.view, false)
			d.close()
		}}, here(one) && c.seesCatalog(one)
	}))
}

func (c *call) seesCatalog(one *catalog) bool {
	switch {
	case one.account.ID != c.grant.Account:
		return false
	case c.grant.scope.can("catalog") && one.ID == c.grant.Catalog:
		return true
	case !c.grant.scope.can("all_catalogs"):
		return false
	}
	return c.grant.scope.account || visible(one.Location, c.grant.Location)
}

func (c *call) findCatalog(id string) (*menu, *problem) {
	if no := c.need("catalog", "all_catalogs"); no != nil {
		return nil, no
	}
	one := c.view.catalog(id)
	if one == nil || !c.seesCatalog(one) {
		return nil, c.foreign("catalog", id)
	}
	return c.view.menu(one), nil
}

func (c *call) wholeCatalog(ids []string) *problem {
	m, no := c.findCatalog(ids[0])
	if no != nil {
		return no
	}
	d := c.doc()
	m.write(d, c.view, c.op == opCatalogHeader)
	c.send(d)
	return nil
}
