package hubrise

import (
	"net/url"
	"slices"

	"exporter/sources/jsonbody"
)

// planLocations reads the locations that the connection leads to.
func (r *reader) planLocations() error {
	if r.con.level == levelLocation {
		r.steps = []step{{id: "location", path: "/location", read: func(d *jsonbody.Decoder) error {
			document, err := d.ReadObject()
			if err != nil {
				return err
			}
			return r.place(document)
		}}}
		return nil
	}
	for _, id := range r.s.list.Locations {
		if _, known := r.con.places[id]; !known {
			r.warn("the account has no location %q", id)
		}
	}
	r.steps = []step{{id: "locations", path: "/locations", query: url.Values{}, read: func(d *jsonbody.Decoder) error { return documents(d, r.place) }}}
	return nil
}

// place takes a location in.
func (r *reader) place(document []byte) error {
	t := r.tables[0]
	t.read(document)
	id := t.plain("id")
	if fresh, err := r.fresh(id, document, 0); err != nil || !fresh || !r.locationWanted(string(id)) {
		return err
	}
	t.within(theAccount, []byte(r.con.account))
	t.write(document)
	return r.full()
}

func (r *reader) locationWanted(id string) bool {
	wanted := r.s.list.Locations
	return len(wanted) == 0 || slices.Contains(wanted, id)
}
