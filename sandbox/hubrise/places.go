package hubrise

// ownAccount returns the account of the connection if the id is its.
func (c *call) ownAccount(id string) (*account, *problem) {
	if !c.grant.scope.account || id != c.grant.Account {
		return nil, c.foreign("account", id)
	}
	return c.view.account(id), nil
}

// ownLocation returns a location the connection sees.
func (c *call) ownLocation(id string) (*location, *problem) {
	l := c.view.location(id)
	if l == nil || l.account.ID != c.grant.Account || !c.grant.scope.account && id != c.grant.Location {
		return nil, c.foreign("location", id)
	}
	return l, nil
}

func (c *call) accounts([]string) *problem {
	if !c.grant.scope.account {
		return c.wrongLevel("account")
	}
	a := c.view.account(c.grant.Account)
	return c.index(c.R.URL.Query(), numbered(1, func(int) (entry, bool) {
		return entry{key: a.ID, write: a.write}, true
	}))
}

func (c *call) oneAccount(ids []string) *problem {
	a, no := c.ownAccount(ids[0])
	if no != nil {
		return no
	}
	d := c.doc()
	a.write(d)
	c.send(d)
	return nil
}

func (c *call) locations([]string) *problem {
	if !c.grant.scope.account {
		return c.wrongLevel("account")
	}
	all := c.view.account(c.grant.Account).locations
	return c.index(c.R.URL.Query(), numbered(len(all), func(i int) (entry, bool) {
		return entry{key: all[i].ID, write: func(d *doc) { all[i].write(d, c.view.look) }}, true
	}))
}

func (c *call) oneLocation(ids []string) *problem {
	l, no := c.ownLocation(ids[0])
	if no != nil {
		return no
	}
	d := c.doc()
	l.write(d, c.view.look)
	c.send(d)
	return nil
}
