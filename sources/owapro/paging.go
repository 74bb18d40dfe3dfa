package owapro

import "exporter/fault"

// counts is what an answer says about its page, unknown where it does not, and
// what it held.
type counts struct {
	rows  int64 // that came, without summary rows
	lines int64 // that came, with them
	items int64 // the page is said to have
	pages int64 // there are said to be
	limit int64 // rows per page, as the vendor understood it
}

func noCounts() counts { return counts{items: unknown, pages: unknown, limit: unknown} }

// place is how far a paged reading has come: what a checkpoint holds of it.
type place struct {
	Page  int    `json:"page"`            // the last that was read
	Rows  int64  `json:"rows"`            // of all pages
	Items int64  `json:"items"`           // the vendor announced for them, -1 = unknown
	Pages int64  `json:"pages,omitempty"` // there are, as the last page said
	Keys  string `json:"keys,omitempty"`  // hash of what identifies the rows of the last page
	Hash  string `json:"hash,omitempty"`  // of all its cells
	Short bool   `json:"short,omitempty"` // the last page was not full, and no page was longer
	Done  bool   `json:"done,omitempty"`
}

// round reports whether a page is as long as somebody's own idea of a page: caps on
// page_limit are multiples of one of these.
func round(lines int64) bool { return lines%50 == 0 || lines%64 == 0 }

// next moves to the place after a page that was asked for with limit rows. Longest
// is the longest page that was seen since, as long as a vendor's own cap at least.
func (p place) next(got counts, keys, hash string, limit int, longest int64) (place, error) {
	n := place{Page: p.Page + 1, Rows: p.Rows + got.rows, Items: unknown, Keys: keys, Hash: hash, Pages: max(got.pages, 0)}
	if got.items >= 0 && p.Items >= 0 {
		n.Items = p.Items + got.rows
	}
	switch {
	case p.Short && got.rows > 0 && keys == p.Keys && !round(got.lines): // the last page is what comes for every number behind it
		p.Done = true
		return p, nil
	case p.Page > 0 && got.rows > 0 && keys == p.Keys:
		return n, fault.New(fault.Data, "page %d is page %d again", n.Page, p.Page).
			WithHint("The vendor ignores page_number here. Raise page_size in the job's options until all rows fit on one page, ask for fewer dimensions, or write format = \"json\", which says how many pages there are.")
	case got.items >= 0 && got.items != got.rows && got.items != got.lines:
		return n, fault.New(fault.Mismatch, "page %d announces %d rows and holds %d", n.Page, got.items, got.rows).
			WithHint("The answer was cut off, or rows moved while they were read. The slice starts again.")
	case p.Page > 0 && p.Pages > 0 && got.pages >= 0 && got.pages != p.Pages:
		return n, fault.New(fault.Drift, "there were %d pages on page %d and %d on page %d", p.Pages, p.Page, got.pages, n.Page).
			WithHint("Rows moved while they were read. The slice starts again.")
	case got.rows == 0 && got.pages > int64(n.Page):
		return n, fault.New(fault.Drift, "page %d of %d is empty", n.Page, got.pages).
			WithHint("Rows moved while they were read. The slice starts again.")
	}
	n.Done, n.Short = last(got, n.Page, limit, longest)
	return n, nil
}

// last tells whether no page follows, and whether that is to be asked because the
// page was short.
func last(got counts, page, limit int, longest int64) (done, short bool) {
	if got.pages >= 0 {
		return int64(page) >= got.pages, false
	}
	if got.rows == 0 {
		return true, false
	}
	if got.limit > 0 {
		limit = min(limit, int(got.limit))
	}
	// Where nobody says how many pages there are, a short one is the last, unless
	// the vendor may have cut it to its own idea of a page: until a longer one was
	// seen, or where it is as long as such ideas are.
	if got.lines >= int64(limit) {
		return false, false
	}
	return got.lines < longest && !round(got.lines), true
}
