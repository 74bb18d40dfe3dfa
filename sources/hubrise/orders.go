package hubrise

import (
	"net/url"
	"slices"
	"time"

	"exporter/fault"
	"exporter/sources/jsonbody"
	"exporter/sources/pageprint"
)

// planOrders reads the orders of the account, or of one location.
func (r *reader) planOrders() error {
	what := "/locations/" + url.PathEscape(r.req.Part)
	switch {
	case r.req.Part == "":
		return fault.New(fault.Config, "orders are read by account or location, and none is named")
	case r.req.Part == r.con.account && r.con.level == levelAccount:
		what = "/accounts/" + url.PathEscape(r.req.Part)
	}
	i := r.req.Interval
	if i.Start.Nanosecond() != 0 || i.End.Nanosecond() != 0 {
		return fault.New(fault.Config, "interval %s is not of whole seconds", i)
	}
	query := url.Values{"after": {i.Start.UTC().Format(time.RFC3339)}, "before": {i.End.UTC().Format(time.RFC3339)}}
	for name, value := range r.s.orders.Filters {
		query.Set(name, value)
	}
	r.steps = []step{{
		id: "orders", path: what + "/orders", class: classHeavy, query: query,
		read: func(d *jsonbody.Decoder) error { return documents(d, r.order) },
	}}
	return nil
}

// order takes an order in, with everything in it.
func (r *reader) order(document []byte) error {
	t := r.tables[tableOrders]
	t.read(document)
	var created int64
	at, _, dated := parseTime(plain(&r.scratch, t.value("created_at")))
	if dated {
		created = at.UnixMicro()
		if at.Before(r.req.Interval.Start) || !at.Before(r.req.Interval.End) {
			r.outside++
			r.page.print.Add(pageprint.Of(document))
			return nil
		}
	}
	id := t.plain("id")
	if fresh, err := r.fresh(id, document, created); err != nil || !fresh {
		return err
	}
	if wanted := r.s.orders.Statuses; len(wanted) > 0 && !slices.Contains(wanted, string(plain(&r.scratch, t.value("status")))) {
		return nil
	}
	location := t.plain("location_id")
	if location == nil && r.req.Part != r.con.account {
		location = []byte(r.req.Part)
	}
	t.within(theAccount, []byte(r.con.account))
	t.within(theLocation, location)
	if dated {
		r.dateOrder(t, string(location), at)
	}
	if !t.write(document) {
		return nil // the reject holds everything
	}
	belongs := [arounds][]byte{theAccount: []byte(r.con.account), theLocation: location, theOrder: id}
	r.items(t.value("items"), belongs)
	for _, list := range []struct {
		table  int
		member string
	}{
		{tablePayments, "payments"},
		{tableCharges, "charges"},
		{tableDiscounts, "discounts"},
		{tableLoyalty, "loyalty_operations"},
		{tableDeals, "deals"},
	} {
		r.elements(r.tables[list.table], t.value(list.member), belongs)
	}
	r.only(r.tables[tableCustomerOf], t.value("customer"), belongs)
	r.only(r.tables[tableDeliveries], t.value("delivery"), belongs)
	return r.full()
}

// dateOrder adds what the location says about the order's day.
func (r *reader) dateOrder(t *table, location string, at time.Time) {
	p, known := r.con.places[location]
	if !known || p.zone == nil {
		r.warn("location %q of orders has no known zone: their business_date is empty", location)
		return
	}
	t.within(theZone, []byte(p.zone.String()))
	t.within(theDate, p.businessDay(nil, at))
}

// items takes the items of an order in, and their options.
func (r *reader) items(list []byte, belongs [arounds][]byte) {
	t := r.tables[tableItems]
	w := jsonbody.WalkOver(list)
	for n := 0; w.Next(); n++ {
		if isNull(w.Value) {
			continue
		}
		t.read(w.Value)
		t.around = belongs
		t.nth(n)
		id := t.plain("id")
		if !t.write(w.Value) {
			continue // the reject holds the options
		}
		belongs[theItem] = id
		r.elements(r.tables[tableOptions], t.value("options"), belongs)
	}
}

// elements takes the elements of a list, or of a map, in.
func (r *reader) elements(t *table, list []byte, belongs [arounds][]byte) {
	w := jsonbody.WalkOver(list)
	for n := 0; w.Next(); n++ {
		if isNull(w.Value) {
			continue
		}
		t.read(w.Value)
		t.around = belongs
		t.nth(n)
		if w.Name != nil {
			t.within(theName, slices.Clone(plain(&r.scratch, w.Name)))
		}
		t.write(w.Value)
	}
}

// only takes an object in, if there is one.
func (r *reader) only(t *table, object []byte, belongs [arounds][]byte) {
	if !filled(object) {
		return
	}
	t.read(object)
	t.around = belongs
	t.write(object)
}

func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }

// filled tells an object with something in it.
func filled(value []byte) bool {
	w := jsonbody.WalkOver(value)
	return isObject(value) && w.Next()
}

func isNull(value []byte) bool { return len(value) == 0 || value[0] == 'n' }
