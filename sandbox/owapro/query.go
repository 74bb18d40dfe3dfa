package owapro

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// query is a block that was asked for, checked.
type query struct {
	dims     []*dimension
	metrics  []*metric
	where    []condition
	sort     []sortKey
	currency string // as asked for
	limit    int    // 0 = none
	page     int    // from 1
	relative int    // relative dates there were
}

// sortKey orders by a dimension or a metric.
type sortKey struct {
	dim    *dimension
	metric *metric
	desc   bool
}

// unknownColumn is an error about the name of a column.
type unknownColumn struct{ kind, name string }

func (u unknownColumn) Error() string { return "Unknown " + u.kind + " " + u.name }

func newQuery(r Report, currency string, b blockAsk, now time.Time) (*query, error) {
	q := &query{currency: currency, page: 1}
	if q.currency == "" {
		q.currency = "EUR"
	}
	if rates[q.currency] == 0 && q.currency != ownCurrency {
		return nil, fmt.Errorf("unknown currency %q", currency)
	}
	if len(b.Dimensions) == 0 || len(b.Metrics) == 0 {
		return nil, errors.New("at least one dimension and one metric are required")
	}
	if err := errors.Join(q.paging(b), q.filters(r, b.Filters, now)); err != nil {
		return nil, err
	}
	for _, name := range b.Dimensions {
		d := findDimension(name)
		if d == nil {
			return nil, unknownColumn{"dimension", name}
		}
		q.dims = append(q.dims, d)
	}
	for _, name := range b.Metrics {
		m := findMetric(r.metrics(), name)
		if m == nil {
			return nil, unknownColumn{"metric", name}
		}
		q.metrics = append(q.metrics, m)
	}
	return q, q.order(r, b.Sort)
}

// paging takes limit and number of the page.
func (q *query) paging(b blockAsk) error {
	if b.PageLimit != nil {
		q.limit = int(*b.PageLimit)
	}
	if b.PageNumber != nil {
		q.page = int(*b.PageNumber)
	}
	if q.limit < 0 || q.page < 1 || b.PageLimit != nil && q.limit == 0 {
		return errors.New("page_limit and page_number count from 1")
	}
	return nil
}

func (q *query) filters(r Report, filters []Filter, now time.Time) error {
	for _, name := range r.Required {
		if !slices.ContainsFunc(filters, func(f Filter) bool { return f.Field == name || f.Field == name+"id" }) {
			return fmt.Errorf("the filter %s is required", name)
		}
	}
	for _, f := range filters {
		c, relative, err := f.compile(now)
		if err != nil {
			return err
		}
		q.relative += relative
		q.where = append(q.where, c)
	}
	return nil
}

// order takes [{"date": "asc"}, ...]; what is sorted by has to be a column.
func (q *query) order(r Report, keys []map[string]string) error {
	for _, key := range keys {
		for name, direction := range key {
			k := sortKey{desc: strings.EqualFold(direction, "desc"), metric: findMetric(r.metrics(), name)}
			for _, d := range q.dims {
				if d.name == name || d.nameID == name {
					k.dim = d
					if d.name != name { // by id
						k.dim = findDimension(name)
					}
				}
			}
			if k.dim == nil && k.metric == nil {
				return unknownColumn{"sort column", name}
			}
			q.sort = append(q.sort, k)
		}
	}
	return nil
}

// ownCurrency stands for the customer's currency.
const ownCurrency = "-C-"

// in returns the currency a customer's money is in, and its rate.
func (q *query) in(c *customer) (code string, rate int64) {
	code = q.currency
	if code == ownCurrency {
		code = c.Currency
	}
	return code, rates[code]
}

// key is the same for queries that have the same rows in the same order.
func (q *query) key() string {
	var out strings.Builder
	for _, d := range q.dims {
		fmt.Fprintf(&out, "%q ", d.name)
	}
	for _, m := range q.metrics {
		fmt.Fprintf(&out, "m%q ", m.name)
	}
	for _, c := range q.where {
		fmt.Fprintf(&out, "%q %s %v %q ", c.dim.name, c.operator, c.byID, c.values)
	}
	for _, k := range q.sort {
		if k.dim != nil {
			fmt.Fprintf(&out, "s%q %v ", k.dim.name, k.desc)
		} else {
			fmt.Fprintf(&out, "sm%q %v ", k.metric.name, k.desc)
		}
	}
	return out.String() + q.currency
}
