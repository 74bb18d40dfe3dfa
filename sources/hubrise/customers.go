package hubrise

import (
	"net/url"
	"strings"

	"exporter/sources/jsonbody"
)

// planCustomers reads the customers of every list that the connection leads to.
func (r *reader) planCustomers() error {
	lists, err := r.chosen("customer_lists", grantList, "all_customer_lists.")
	if err != nil {
		return err
	}
	for _, l := range lists {
		r.steps = append(r.steps, step{
			id: l.id, path: "/customer_lists/" + url.PathEscape(l.id) + "/customers", query: url.Values{}, class: classHeavy,
			first: func() { r.header(tableLists, l.document) },
			read: func(d *jsonbody.Decoder) error {
				return documents(d, func(document []byte) error { return r.customer(l.id, document) })
			},
		})
	}
	return nil
}

// chosen lists what the scope leads to: everything, or the one thing that was selected.
func (r *reader) chosen(what, grant, everything string) ([]thing, error) {
	id := r.con.grant[grant]
	scope := r.con.grant[grantScope]
	if id == "" || scope == "" || strings.Contains(scope, everything) || len(r.s.list.Locations) > 0 {
		return r.s.things(r.ctx, r.con, what)
	}
	t := thing{id: id}
	if what != "customer_lists" {
		return []thing{t}, nil
	}
	err := r.s.one(r.ctx, "/"+what+"/"+url.PathEscape(id), func(document []byte) error {
		t.document = append(t.document, document...)
		return nil
	})
	return []thing{t}, err
}

// header takes in the document of what the rows of a step are in.
func (r *reader) header(table int, document []byte) {
	t := r.tables[table]
	t.read(document)
	t.within(theAccount, []byte(r.con.account))
	t.write(document)
}

// customer takes a customer in, with their cards.
func (r *reader) customer(list string, document []byte) error {
	t := r.tables[tableCustomers]
	t.read(document)
	id := t.plain("id")
	if fresh, err := r.fresh(id, document, 0); err != nil || !fresh {
		return err
	}
	belongs := [arounds][]byte{theAccount: []byte(r.con.account), theOwner: []byte(list)}
	t.around = belongs
	if !t.write(document) {
		return nil
	}
	belongs[theName] = id
	cards := r.tables[tableCards]
	w := jsonbody.WalkOver(t.value("loyalty_cards"))
	for w.Next() {
		cards.read(w.Value)
		cards.around = belongs
		cards.write(w.Value)
	}
	return r.full()
}
