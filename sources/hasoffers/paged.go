package hasoffers

import (
	"cmp"
	"slices"

	"exporter/fault"
	"exporter/sources"
)

// pages reads each pass by page numbers. Nothing holds the vendor's rows still,
// so every sign that they moved is fault.Drift.
func (r *reader) pages(passes []pass) error {
	c, err := r.resume(len(passes))
	if err != nil {
		return err
	}
	r.fallback = func(*fieldError) error { return r.noID(c) }
	defer func() { r.fallback = nil }()
	if c.Page > 0 {
		r.limit = c.Limit
		if err := r.verify(passes[c.Pass], c); err != nil {
			return err
		}
	}
	for {
		r.typer.change(passes[c.Pass].change)
		if c.Done {
			err = r.sendPaged(c) // said again for whoever resumed at the very end
		} else {
			err = r.pagedPass(passes[c.Pass], &c)
		}
		if err != nil || r.enough() || c.Pass+1 == len(passes) {
			return err
		}
		c = c.next()
	}
}

func (r *reader) pagedPass(p pass, c *cursor) error {
	for {
		got, err := r.numbered(p, c, true)
		if err != nil {
			return err
		}
		if err := moved(c, got); err != nil {
			return err
		}
		c.Pages, c.Page, c.Limit = c.Pages+1, c.Page+1, r.limit
		c.Read, c.Trimmed, c.Announced = c.Read+got.rows, c.Trimmed+got.trimmed, got.count
		c.Hash, c.Datetime, c.ID = got.print.String(), got.most.datetime, got.most.id
		if c.Done, err = r.ended(c, got); err != nil {
			return err
		}
		if err := r.sendPaged(*c); err != nil || c.Done || r.enough() {
			return err
		}
	}
}

// ended tells whether a page was the last one. Without a count only an empty page is.
func (r *reader) ended(c *cursor, got numbered) (bool, error) {
	if got.count < 0 {
		r.warn("the vendor does not say how many conversions there are; completeness was not checked")
		return got.rows == 0, nil
	}
	switch {
	case c.Read > got.count:
		return true, fault.New(fault.Data, "pages hold %d conversions, %d were announced", c.Read, got.count).
			WithHint("The vendor gives rows more than once. Lower page_size in the job's options; if it stays so, report it to TUNE.")
	case got.rows == 0 && c.Read < got.count:
		return true, r.cut(c.Read, got.count)
	}
	return c.Read == got.count, nil
}

// moved tells whether a page fits behind those before it.
func moved(c *cursor, got numbered) error {
	const hint = "The slice starts again. If that happens often, let it settle longer before it is read."
	switch {
	case c.Page == 0:
		return nil
	case got.rows > 0 && got.print.String() == c.Hash:
		return fault.New(fault.Data, "page %d is page %d again", c.Page+1, c.Page).
			WithHint("The vendor ignores page numbers beyond some point. Lower page_size in the job's options; if it stays so, report it to TUNE.")
	case got.count != c.Announced:
		return fault.New(fault.Drift, "conversions were %d on page %d and %d on page %d", c.Announced, c.Page, got.count, c.Page+1).WithHint(hint)
	case got.back:
		return fault.New(fault.Drift, "page %d begins before page %d ends", c.Page+1, c.Page).WithHint(hint)
	}
	return nil
}

// verify reads the last durable page again and compares.
func (r *reader) verify(p pass, c cursor) error {
	again := c
	again.Page--
	got, err := r.numbered(p, &again, false)
	if err != nil {
		return err
	}
	if got.print.String() != c.Hash || got.count != c.Announced {
		return fault.New(fault.Drift, "page %d is no longer what it was when the reading stopped after it", c.Page).
			WithHint("The slice starts again.")
	}
	return nil
}

// numbered is one page read by its number.
type numbered struct {
	page
	print print
	most  position // the greatest of it and of all pages before
	back  bool     // a row is not behind the pages before
}

// position is where a row stands in the order of pages.
type position struct {
	datetime string
	id       int64 // 0 = none
}

// after tells whether p comes behind q. Rows without id may share a time.
func (p position) after(q position) bool {
	order := cmp.Compare(p.datetime, q.datetime)
	if order == 0 && p.id != 0 && q.id != 0 {
		return p.id > q.id
	}
	return order >= 0
}

// numbered reads the page after c.
func (r *reader) numbered(p pass, c *cursor, deliver bool) (numbered, error) {
	before := position{c.Datetime, c.ID}
	var got numbered
	each := func(row *row) error {
		at := position{datetime: string(row.text(r.time))}
		at.id, _ = row.id(r.id)
		got.print.add(row)
		got.back = got.back || !at.after(before)
		if at.after(got.most) {
			got.most = at
		}
		if !deliver {
			return nil
		}
		return r.take(row, &got.page)
	}
	req := func() request {
		got.print, got.most, got.back = print{}, before, false
		return request{
			method: p.method, filters: p.filters, window: r.window, from: p.from, to: p.to,
			sort: r.order(), limit: r.limit, page: c.Page + 1,
		}
	}
	shrink := func() bool { return deliver && r.divide(c) }
	return got, r.get(req, &got.page, each, shrink)
}

// order returns what pages are sorted by: it must be total for pages not to
// overlap, and id may be refused.
func (r *reader) order() []string {
	if !r.s.noKeyset() {
		return []string{fieldDatetime, fieldID}
	}
	if slices.Contains(r.s.without(r.names), fieldEventID) {
		return []string{fieldDatetime, fieldEventID}
	}
	return []string{fieldDatetime}
}

// noID sorts without id, which the vendor refuses. c is where the reading stands.
func (r *reader) noID(c cursor) error {
	r.fallback = nil
	if r.s.noKeyset() {
		return errAsField
	}
	r.s.learnNoKeyset()
	if c.Page > 0 || c.Pass > 0 {
		return fault.New(fault.Drift, "the vendor refuses to sort by id").WithHint("The slice starts again.")
	}
	return nil
}

// divide makes pages smaller in such a way that the rows before are whole pages
// again, and renumbers c.
func (r *reader) divide(c *cursor) bool {
	size := int64(r.limit)
	if c.Page > 0 {
		size = c.Read / int64(c.Page) // the vendor may give fewer than asked for
	}
	for half := max(size/2, leastPage); half >= leastPage && half < size; half-- {
		if c.Read%half == 0 {
			r.limit, c.Page, c.Hash = int(half), int(c.Read/half), ""
			r.s.learnPageSize(r.limit)
			return true
		}
	}
	return false
}

func (r *reader) sendPaged(c cursor) error {
	next, err := c.checkpoint(sources.Position)
	if err != nil {
		return err
	}
	return r.send(sources.Page{Next: next, Announced: c.announced(c.Announced), Provisional: c.Provisional})
}
