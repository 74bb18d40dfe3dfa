package hubrise

import (
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *call) ordersOfLocation(ids []string) *problem {
	l, no := c.ownLocation(ids[0])
	if no != nil {
		return no
	}
	return c.orders([]*location{l})
}

func (c *call) ordersOfAccount(ids []string) *problem {
	a, no := c.ownAccount(ids[0])
	if no != nil {
		return no
	}
	return c.orders(a.locations)
}

// orderQuery is what orders are filtered by (sheet: Query parameters).
type orderQuery struct {
	span
	statuses []string
	filters  url.Values
}

func (c *call) orders(of []*location) *problem {
	if no := c.need("orders"); no != nil {
		return no
	}
	query := c.R.URL.Query()
	q, no := c.orderQuery(query)
	if no != nil {
		return no
	}
	return c.index(query, func(after string) iter.Seq[entry] {
		return func(yield func(entry) bool) {
			for o := range c.view.ordered(of, q.span, after) {
				order := c.view.order(o.ref, o.id)
				if !q.fits(order, c.view) {
					continue
				}
				at := strconv.FormatInt(o.created, 10) + " " + o.id
				if !yield(entry{at: at, key: o.id, write: func(d *doc) { order.write(d, c.view) }}) {
					return
				}
			}
		}
	})
}

func (c *call) orderQuery(query url.Values) (q orderQuery, no *problem) {
	q.span, q.filters = always, query
	for _, bound := range []struct {
		name string
		to   *int64
	}{{"after", &q.from}, {"before", &q.to}} {
		text := query.Get(bound.name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04:05Z0700", text)
		}
		if err != nil {
			return q, invalid(bound.name, "'%s' is not a valid time", text)
		}
		*bound.to = at.Unix()
		if at.Nanosecond() > 0 {
			*bound.to++ // orders are made on whole seconds
		}
	}
	all := query["status"]
	many := strings.Split(strings.Join(all, ","), ",")
	switch mode := c.st.cfg.Answers.Statuses; {
	case len(all) == 0:
	case mode == StatusesMany:
		q.statuses = many
	case mode == StatusesRefused && len(many) > 1:
		return q, invalid("status", "'%s' is not a valid status", strings.Join(many, ","))
	default:
		q.statuses = all[len(all)-1:]
	}
	return q, nil
}

func (q orderQuery) fits(o *order, v *view) bool {
	if len(q.statuses) > 0 && !slices.Contains(q.statuses, o.status) {
		return false
	}
	by, customer := q.filters.Get("created_by"), q.filters.Get("customer_id")
	if by != "" && by != o.createdBy(v) || q.filters.Get("private_ref") != "" {
		return false
	}
	return customer == "" || o.customer != nil && o.customer.id == customer
}

// ordered yields orders in the order the vendor is set to, behind a position.
func (v *view) ordered(of []*location, in span, after string) iter.Seq[named] {
	var last named
	if at, id, ok := strings.Cut(after, " "); ok {
		last.id = id
		last.created, _ = strconv.ParseInt(at, 10, 64) // a cursor nobody could forge
	}
	backwards := v.look.Rows == RowsDescending
	switch {
	case v.look.Rows == RowsMixed:
		return v.mixed(of, in, last)
	case last.id == "":
		return v.walk(of, in, backwards)
	case backwards:
		in.to = min(in.to, last.created+1)
	default:
		in.from = max(in.from, last.created)
	}
	return func(yield func(named) bool) {
		for o := range v.walk(of, in, backwards) {
			if cmp := compare(o, last); cmp == 0 || (cmp < 0) != backwards {
				continue
			}
			if !yield(o) {
				return
			}
		}
	}
}

// mixed sorts all orders of a span by chance.
func (v *view) mixed(of []*location, in span, last named) iter.Seq[named] {
	type place struct {
		chance uint64
		named
	}
	var all []place
	for o := range v.walk(of, in, false) {
		all = append(all, place{hashText(o.id), o})
	}
	slices.SortFunc(all, func(a, b place) int {
		if a.chance < b.chance {
			return -1
		}
		return 1
	})
	return func(yield func(named) bool) {
		for _, o := range all {
			if last.id != "" && o.chance <= hashText(last.id) {
				continue
			}
			if !yield(o.named) {
				return
			}
		}
	}
}

// findOrder returns an order of a location by its id.
func (c *call) findOrder(ids []string) (*order, *problem) {
	l, no := c.ownLocation(ids[0])
	if no != nil {
		return nil, no
	}
	if no := c.need("orders"); no != nil {
		return nil, no
	}
	o, ok := c.view.world.order(ids[1])
	if !ok || o.location != l {
		return nil, notFound("order", ids[1])
	}
	return c.view.order(o, ids[1]), nil
}

func (c *call) order(ids []string) *problem {
	o, no := c.findOrder(ids)
	if no != nil {
		return no
	}
	d := c.doc()
	o.write(d, c.view)
	c.send(d)
	return nil
}

func (c *call) delivery(ids []string) *problem {
	o, no := c.findOrder(ids)
	if no != nil {
		return no
	}
	if !o.delivery {
		return notFound("delivery of order", o.id)
	}
	d := c.doc()
	o.writeDeliveryDocument(d)
	c.send(d)
	return nil
}
