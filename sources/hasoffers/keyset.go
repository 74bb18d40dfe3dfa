package hasoffers

import (
	"errors"
	"slices"

	"exporter/fault"
	"exporter/sources"
)

const (
	leastPage   = 100 // rows; smaller pages do not answer faster
	settleTries = 3   // how often the count may differ at the end
)

// errFallback asks for page paging: id is refused.
var errFallback = errors.New("the vendor refuses id in filters")

// keyset reads each pass by ascending id. What was read stays valid whatever
// arrives meanwhile, because new rows have greater ids.
func (r *reader) keyset(passes []pass) error {
	c, err := r.resume(len(passes))
	if err != nil {
		return err
	}
	r.fallback = func(e *fieldError) error { return r.noKeyset(e, c) }
	defer func() { r.fallback = nil }()
	for {
		if err := r.keysetPass(passes[c.Pass], &c); err != nil || r.enough() || c.Pass+1 == len(passes) {
			return err
		}
		c = c.next()
	}
}

func (r *reader) keysetPass(p pass, c *cursor) error {
	for tries := 0; ; {
		got, last, err := r.keysetPage(p, c)
		if err != nil {
			return err
		}
		if c.Pages == 0 {
			c.Announced = got.count
		}
		if got.rows > 0 {
			c.Read, c.Trimmed, c.LastID = c.Read+got.rows, c.Trimmed+got.trimmed, last
			c.Pages++
			total := sources.Unknown
			if got.count >= 0 {
				total = c.Read - got.rows + got.count
			}
			if err := r.sendKeyset(c, total); err != nil || r.enough() {
				return err
			}
			continue
		}
		done, err := r.settled(p, c, got)
		if err != nil {
			return err
		}
		if !done && tries < settleTries {
			tries++
			continue
		}
		if !done {
			if got.count > 0 {
				return r.cut(c.Read, c.Read+got.count)
			}
			c.Provisional = true
			r.warn("the vendor counts %d conversions, %d were read, also when asked again: the slice is provisional", c.Announced, c.Read)
		}
		return r.sendKeyset(c, c.Announced)
	}
}

// keysetPage reads one page and returns its greatest id.
func (r *reader) keysetPage(p pass, c *cursor) (page, int64, error) {
	var got page
	ids := r.ids[:0]
	last := c.LastID
	each := func(row *row) error {
		id, ok := row.id(r.id)
		if !ok {
			return r.noNumber(row)
		}
		if id <= c.LastID {
			return fault.New(fault.Data, "page %d holds conversion %d again, though only ids above %d were asked for", c.Pages+1, id, c.LastID).
				WithHint(`The vendor ignores the filter on id. Write paging = "page" in the job's options.`)
		}
		ids, last = append(ids, id), max(last, id)
		return r.take(row, &got)
	}
	req := func() request {
		ids, last = ids[:0], c.LastID
		return request{
			method: p.method, filters: p.filters, window: r.window,
			keyset: true, after: c.LastID, sort: []string{fieldID}, limit: r.limit,
		}
	}
	err := r.get(req, &got, each, r.halve)
	r.ids = ids
	if err != nil {
		return got, 0, err
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			return got, 0, fault.New(fault.Data, "page %d holds conversion %d twice", c.Pages+1, ids[i])
		}
	}
	return got, last, nil
}

// settled compares what was read with the vendor's count after an empty page. If
// they differ the vendor is asked again, for rows came and went meanwhile.
func (r *reader) settled(p pass, c *cursor, empty page) (bool, error) {
	if c.Read == c.Announced && empty.count <= 0 {
		return true, nil
	}
	count, err := r.count(p)
	if err != nil {
		return false, err
	}
	if count < 0 && c.Announced >= 0 {
		return false, nil // it said before how many there are
	}
	c.Announced = count
	if count < 0 {
		r.warn("the vendor does not say how many conversions there are; completeness was not checked")
		return true, nil
	}
	return count == c.Read && empty.count <= 0, nil
}

// count asks how many rows the pass has altogether.
func (r *reader) count(p pass) (int64, error) {
	counter := newDecoder(model, nil, func(*row) error { return nil })
	req := request{method: p.method, filters: p.filters, window: r.window, sort: []string{fieldID}, limit: 1}
	got, err := r.s.ask(r.ctx, req.method, req.query([]string{fieldID}), counter)
	return got.count, err
}

func (r *reader) sendKeyset(c *cursor, total int64) error {
	next, err := c.checkpoint(sources.Keyset)
	if err != nil {
		return err
	}
	return r.send(sources.Page{Next: next, Announced: c.announced(total), Provisional: c.Provisional})
}

// halve makes pages smaller.
func (r *reader) halve() bool {
	if r.limit <= leastPage {
		return false
	}
	r.limit = max(r.limit/2, leastPage)
	r.s.learnPageSize(r.limit)
	return true
}

func (r *reader) noNumber(row *row) error {
	return fault.New(fault.Data, "row %q has no number as its id", row.key).
		WithHint(`Rows are read in the order of their id. Write paging = "page" in the job's options.`)
}

// cut is the failure of an answer that ends before what it announces.
func (r *reader) cut(read, announced int64) error {
	return fault.New(fault.Data, "pages end after %d of %d conversions", read, announced).
		WithHint("The vendor gives no further rows though it counts them. Lower page_size in the job's options; if it stays so, report it to TUNE.")
}

// noKeyset decides what a refused id means. c is where the reading stands.
func (r *reader) noKeyset(e *fieldError, c cursor) error {
	o := r.s.options
	if o.Paging == pagingKeyset {
		return fault.New(fault.Config, "paging by id: %w", e).
			WithHint(`This network does not allow filters on id. Write paging = "page" in the job's options, or take paging out.`)
	}
	if name := o.mutable(); name != "" {
		return fault.New(fault.Config, "paging by id: %w", e).
			WithHint("This network does not allow filters on id, and without them no filter may be on %s, which changes while pages are read. Take options.filters.%s out and filter in SQL.", name, name)
	}
	r.s.learnNoKeyset()
	if c.Read > 0 || c.Pass > 0 {
		return fault.New(fault.Drift, "paging by id: %w", e).WithHint("The slice starts again, page by page.")
	}
	r.warn(`the vendor refuses filters on id; paging = "page" is used instead`)
	return errFallback
}
