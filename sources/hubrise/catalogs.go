package hubrise

import (
	"bytes"
	"encoding/json"
	"net/url"

	"exporter/sources/jsonbody"
	"exporter/sources/pageprint"
)

// sections are the lists in a catalog's data, by the tables of their elements, with
// what stands in these: the vendor's pages spell the option lists in two ways.
var sections = map[string]section{
	"categories":    {table: tableCategories},
	"products":      {table: tableProducts, inner: "skus", innerTable: tableSKUs},
	"option_lists":  {table: tableOptionLists, inner: "options", innerTable: tableListOptions},
	"options_lists": {table: tableOptionLists, inner: "options", innerTable: tableListOptions},
	"deals":         {table: tableCatalogDeals},
	"discounts":     {table: tableCatalogDiscounts},
	"charges":       {table: tableCatalogCharges},
	"variants":      {table: tableVariants},
}

type section struct {
	table      int
	inner      string // member with a list of its own; "" = none
	innerTable int
}

// planCatalogs reads every catalog that the connection leads to, whole.
func (r *reader) planCatalogs() error {
	catalogs, err := r.chosen("catalogs", grantCatalog, "all_catalogs.")
	if err != nil {
		return err
	}
	for _, c := range catalogs {
		r.steps = append(r.steps, step{
			id: c.id, path: "/catalogs/" + url.PathEscape(c.id), class: classHeavy,
			read: func(d *jsonbody.Decoder) error { return r.catalog(c.id, d) },
		})
	}
	return nil
}

// catalog takes a catalog in, an element at a time. What of it has no table goes to
// the catalog's row.
func (r *reader) catalog(id string, d *jsonbody.Decoder) error {
	head := []byte{'{'}
	keep := func(name string) error {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if len(head) > 1 {
			head = append(head, ',')
		}
		quoted, err := json.Marshal(name)
		head = append(append(append(head, quoted...), ':'), value...)
		return err
	}
	filled := map[int]bool{} // tables; a section that comes in both spellings is one
	err := d.Object(func(name string) error {
		if name != "data" {
			return keep(name)
		}
		return d.Object(func(name string) error {
			s, known := sections[name]
			if !known || filled[s.table] || d.PeekKind() != '[' && d.PeekKind() != 'n' {
				return keep("data." + name)
			}
			n := 0
			return d.Values(func(document []byte) error {
				r.page.print.Add(pageprint.Of(document))
				r.part(id, s, n, document)
				filled[s.table] = true
				n++
				return r.full()
			})
		})
	})
	if err != nil {
		return err
	}
	head = append(head, '}')
	r.page.print.Add(pageprint.Of(head))
	r.page.fresh++
	r.header(tableCatalogs, head)
	return nil
}

// part takes in an element of a catalog, and what stands in it.
func (r *reader) part(catalog string, s section, n int, document []byte) {
	belongs := [arounds][]byte{theAccount: []byte(r.con.account), theOwner: []byte(catalog)}
	t := r.tables[s.table]
	id := t.identify(document, belongs)
	t.nth(n)
	if !t.write(document) || s.inner == "" {
		return
	}
	belongs[theName] = id
	inner := r.tables[s.innerTable]
	w := jsonbody.WalkOver(t.value(s.inner))
	for n := 0; w.Next(); n++ {
		inner.identify(w.Value, belongs)
		inner.nth(n)
		inner.write(w.Value)
	}
}

// identify takes a document in that is known by its id or, where it has none, by its
// reference.
func (t *table) identify(document []byte, belongs [arounds][]byte) (id []byte) {
	t.read(document)
	id = t.plain("id")
	if id == nil {
		id = bytes.Clone(t.plain("ref"))
	}
	t.around = belongs
	t.within(theID, id)
	return id
}
