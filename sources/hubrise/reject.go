package hubrise

import (
	"encoding/json"

	"exporter/record"
	"exporter/sources/jsonbody"
)

// part is a member of a document whose elements are rows of another table.
type part struct {
	outer  int
	member string
	inner  int
}

// parts are those of each stream, the inner ones first.
var parts = map[string][]part{
	streamOrders: {
		{tableItems, "options", tableOptions},
		{tableOrders, "items", tableItems},
		{tableOrders, "payments", tablePayments},
		{tableOrders, "charges", tableCharges},
		{tableOrders, "discounts", tableDiscounts},
		{tableOrders, "deals", tableDeals},
		{tableOrders, "customer", tableCustomerOf},
		{tableOrders, "delivery", tableDeliveries},
		{tableOrders, "loyalty_operations", tableLoyalty},
	},
	streamCustomers: {{tableCustomers, "loyalty_cards", tableCards}},
	streamCatalogs:  {{tableProducts, "skus", tableSKUs}, {tableOptionLists, "options", tableListOptions}},
}

// join tells tables what of their documents stands in which other one.
func join(stream string, tables []*table) {
	for _, p := range parts[stream] {
		outer, inner := tables[p.outer], tables[p.inner]
		if outer.parts == nil {
			outer.parts = map[int]*table{}
		}
		outer.parts[outer.slots[p.member]] = inner
		outer.partial = outer.partial || inner.partial
	}
}

// hide notes what may not stand in a reject: what the job has dropped or hashes.
func (t *table) hide(want record.Table) {
	t.hidden = make([]bool, len(t.values))
	for _, f := range t.shape.fields {
		at := want.Column(f.column.Name)
		if at >= 0 && want.Columns[at].Mask == nil {
			continue
		}
		switch {
		case f.kind == kindExtra:
			t.extras, t.partial = true, true
		case f.member != "":
			t.hidden[t.slots[f.member]], t.partial = true, true
		}
	}
}

// reject is a document as the table of rejects has it: with what it belongs to, where
// that does not stand in it, and without what may not be seen.
func (t *table) reject(document []byte) []byte {
	place := map[string]json.RawMessage{}
	for _, f := range t.shape.fields {
		if f.kind == kindAround && f.around != theAccount && f.around != theID && t.around[f.around] != nil && f.around != theZone && f.around != theDate {
			place[f.column.Name], _ = json.Marshal(string(t.around[f.around])) // strings always encode
		}
	}
	if t.partial {
		document = t.shown(nil, document, "")
	}
	if len(place) == 0 || t.shape.name == "orders" {
		return document
	}
	place["document"] = document
	text, err := json.Marshal(place)
	if err != nil {
		return document
	}
	return text
}

// shown appends what may be seen of a document, or of an object inside whose members
// have a prefix. What is no document shows nothing.
func (t *table) shown(to, document []byte, prefix string) []byte {
	if !isObject(document) {
		return append(to, "null"...)
	}
	return filtered(to, document, func(to []byte, w *jsonbody.Walk) []byte {
		slot, known := t.slots[prefix+string(plain(&t.scratch, w.Name))]
		switch {
		case !known && t.extras, slot == slotKnown, known && t.hidden[slot]:
			return nil
		case known && t.parts[slot] != nil && t.parts[slot].partial:
			return t.parts[slot].elements(to, w.Value)
		case known && t.inner[slot] != nil && isObject(w.Value):
			return t.shown(to, w.Value, t.inner[slot].prefix)
		}
		return append(to, w.Value...)
	})
}

// elements appends what may be seen of a list of documents, of a map, or of one.
func (t *table) elements(to, value []byte) []byte {
	each := func(to []byte, w *jsonbody.Walk) []byte { return t.shown(to, w.Value, "") }
	if isObject(value) && t.shape.name != "order_deals" {
		return t.shown(to, value, "")
	}
	return filtered(to, value, each)
}

// filtered appends an object or a list with what show makes of its values; nil leaves
// one out. Everything else shows nothing.
func filtered(to, value []byte, show func(to []byte, w *jsonbody.Walk) []byte) []byte {
	if !isObject(value) && (len(value) == 0 || value[0] != '[') {
		return append(to, "null"...)
	}
	open, w := value[0], jsonbody.WalkOver(value)
	to = append(to, open)
	for first := true; w.Next(); {
		before := to
		if !first {
			to = append(to, ',')
		}
		if w.Name != nil {
			to = append(append(to, w.Name...), ':')
		}
		if to = show(to, &w); to == nil {
			to = before
			continue
		}
		first = false
	}
	return append(to, open+2) // } and ] come two after { and [
}
