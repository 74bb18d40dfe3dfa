package hubrise

func (t *truth) catalogs(yield func(string, Row) bool) bool {
	for _, one := range t.account.catalogs {
		if !has(t.q.Catalogs, one.ID) {
			continue
		}
		m := t.menu(one)
		d := t.newDoc(t.account, t.account.place())
		m.write(d, t.view, false)
		if !splitCatalog(tree(d.b), m.ID, yield) || !t.stock(d, m, yield) {
			return false
		}
	}
	return true
}

// splitCatalog takes a whole catalog apart. Links are as the answers have them: ids, refs or both.
func splitCatalog(r Row, id string, yield func(string, Row) bool) bool {
	data := r.takeOne("data")
	if !yield("catalogs", r) {
		return false
	}
	for _, p := range data.take("products") {
		skus := p.take("skus")
		if !yield("catalog_products", p.and("catalog_id", id)) || !splitSKUs(skus, id, yield) {
			return false
		}
	}
	lists := append(data.take("options_lists"), data.take("option_lists")...)
	for _, l := range lists {
		for n, o := range l.take("options") {
			if !yield("catalog_options", o.and("catalog_id", id, "option_no", n)) {
				return false
			}
		}
		if !yield("catalog_option_lists", l.and("catalog_id", id)) {
			return false
		}
	}
	for _, deal := range data.take("deals") {
		if !splitDeal(deal, id, yield) {
			return false
		}
	}
	for _, name := range []string{"variants", "categories", "discounts", "charges"} {
		for n, one := range data.take(name) {
			if !yield("catalog_"+name, one.and("catalog_id", id, "no", n)) {
				return false
			}
		}
	}
	return true
}

func splitSKUs(skus []Row, id string, yield func(string, Row) bool) bool {
	for _, s := range skus {
		ids, _ := s["option_list_ids"].([]any)
		refs, _ := s["option_list_refs"].([]any)
		for n := range max(len(ids), len(refs)) {
			link := Row{"catalog_id": id, "sku_id": s["id"], "sku_ref": s["ref"], "no": n}
			if n < len(ids) {
				link["option_list_id"] = ids[n]
			}
			if n < len(refs) {
				link["option_list_ref"] = refs[n]
			}
			if !yield("catalog_sku_option_lists", link) {
				return false
			}
		}
		if !yield("catalog_skus", s.and("catalog_id", id)) {
			return false
		}
	}
	return true
}

func splitDeal(deal Row, id string, yield func(string, Row) bool) bool {
	for n, line := range deal.take("lines") {
		for i, s := range line.take("skus") {
			if !yield("catalog_deal_line_skus", s.and("catalog_id", id, "deal_id", deal["id"], "line_no", n, "sku_no", i)) {
				return false
			}
		}
		if !yield("catalog_deal_lines", line.and("catalog_id", id, "deal_id", deal["id"], "line_no", n)) {
			return false
		}
	}
	return yield("catalog_deals", deal.and("catalog_id", id))
}

// stock is that of each location the catalog is visible at.
func (t *truth) stock(d *doc, m *menu, yield func(string, Row) bool) bool {
	for _, l := range t.locations {
		if !visible(m.Location, l.ID) {
			continue
		}
		for _, row := range m.stock(l) {
			d.b = d.b[:0]
			row.write(d)
			if !yield("inventory", tree(d.b).and("catalog_id", m.ID, "location_id", l.ID)) {
				return false
			}
		}
	}
	return true
}
