package hubrise

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

func (c *call) listsOfLocation(ids []string) *problem {
	l, no := c.ownLocation(ids[0])
	if no != nil {
		return no
	}
	return c.listIndex(l.account, func(of *list) bool { return visible(of.Location, l.ID) })
}

func (c *call) listsOfAccount(ids []string) *problem {
	a, no := c.ownAccount(ids[0])
	if no != nil {
		return no
	}
	return c.listIndex(a, func(of *list) bool { return of.Location == "" })
}

// listIndex answers with the lists that belong here and may be read.
func (c *call) listIndex(a *account, here func(*list) bool) *problem {
	if no := c.need("all_customer_lists", "customer_list"); no != nil {
		return no
	}
	return c.index(c.R.URL.Query(), numbered(len(a.lists), func(i int) (entry, bool) {
		l := a.lists[i]
		return entry{key: l.ID, write: func(d *doc) { l.write(d, c.view, true) }}, here(l) && c.mayRead(l)
	}))
}

// mayRead reports whether the connection sees a list at all.
func (c *call) mayRead(l *list) bool {
	switch {
	case c.view.gone[l.ID] || l.account.ID != c.grant.Account:
		return false
	case c.grant.scope.can("customer_list") && l.ID == c.grant.CustomerList:
		return true
	case !c.grant.scope.can("all_customer_lists"):
		return false
	}
	return c.grant.scope.account || visible(l.Location, c.grant.Location)
}

func (c *call) findList(id string) (*list, *problem) {
	if no := c.need("customer_list", "all_customer_lists"); no != nil {
		return nil, no
	}
	l := c.view.list(id)
	if l == nil || !c.mayRead(l) {
		return nil, c.foreign("customer list", id)
	}
	return l, nil
}

func (c *call) oneList(ids []string) *problem {
	l, no := c.findList(ids[0])
	if no != nil {
		return no
	}
	d := c.doc()
	l.write(d, c.view, false)
	c.send(d)
	return nil
}

// customers filters by private_ref, email and phone, the last two with wildcards.
func (c *call) customers(ids []string) *problem {
	l, no := c.findList(ids[0])
	if no != nil {
		return no
	}
	query := c.R.URL.Query()
	email, phone := query.Get("email"), query.Get("phone")
	row := func(i int) (entry, bool) {
		one := c.view.customer(l, i)
		fits := cmp.Or(query.Get("private_ref"), one.privateRef()) == one.privateRef() && like(email, one.email()) && like(phone, one.phone(c.view))
		return entry{key: one.id, write: func(d *doc) {
			d.zone = l.place().zone
			one.write(d, "", c.view)
		}}, fits
	}
	return c.index(query, inOrder(l.Customers, c.view.places(l), row))
}

// places is the order of the customers of a list.
func (v *view) places(l *list) func(int) int {
	switch v.look.Rows {
	case RowsDescending:
		return func(i int) int { return l.Customers - 1 - i }
	case RowsMixed:
		all := make([]int, l.Customers)
		for i := range all {
			all[i] = i
		}
		slices.SortFunc(all, func(a, b int) int { return cmp.Compare(mix(l.seed, uint64(a)), mix(l.seed, uint64(b))) })
		return func(i int) int { return all[i] }
	default:
		return func(i int) int { return i }
	}
}

// like compares with wildcards; no pattern fits everything.
func like(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	pattern = strings.NewReplacer(`[`, `\[`, `?`, `\?`, `\`, `\\`).Replace(pattern)
	ok, err := path.Match(pattern, value)
	return ok && err == nil
}

func (c *call) oneCustomer(ids []string) *problem {
	l, no := c.findList(ids[0])
	if no != nil {
		return no
	}
	one := c.view.findCustomer(l, ids[1])
	if one == nil {
		return notFound("customer", ids[1])
	}
	d := c.doc()
	d.zone = l.place().zone
	one.write(d, "", c.view)
	c.send(d)
	return nil
}

// cards filters by customer_id, name and ref.
func (c *call) cards(ids []string) *problem {
	l, no := c.findList(ids[0])
	if no != nil {
		return no
	}
	query := c.R.URL.Query()
	return c.index(query, numbered(l.Customers*maxCards, func(i int) (entry, bool) {
		one, n := c.view.customer(l, i/maxCards), i%maxCards
		name, ref := cardNames(n)
		fits := n < one.cards() && cmp.Or(query.Get("customer_id"), one.id) == one.id &&
			cmp.Or(query.Get("name"), name) == name && cmp.Or(query.Get("ref"), ref) == ref
		return entry{key: one.cardID(n), write: func(d *doc) { one.writeCard(d, n, false) }}, fits
	}))
}

// findCard looks through the whole list, as ids of cards say nothing.
func (c *call) findCard(ids []string) (*customer, int, *problem) {
	l, no := c.findList(ids[0])
	if no != nil {
		return nil, 0, no
	}
	for i := range l.Customers {
		one := c.view.customer(l, i)
		for n := range one.cards() {
			if one.cardID(n) == ids[1] {
				return one, n, nil
			}
		}
	}
	return nil, 0, notFound("loyalty card", ids[1])
}

func (c *call) card(ids []string) *problem {
	one, n, no := c.findCard(ids)
	if no != nil {
		return no
	}
	d := c.doc()
	one.writeCard(d, n, false)
	c.send(d)
	return nil
}

func (c *call) cardOperations(ids []string) *problem {
	one, card, no := c.findCard(ids)
	if no != nil {
		return no
	}
	return c.index(c.R.URL.Query(), numbered(len(one.operations(card)), func(i int) (entry, bool) {
		return entry{write: func(d *doc) { one.writeOperation(d, c.view, card, i) }}, true
	}))
}
