package piwikpro

import (
	"errors"
	"net/http"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/pageprint"
)

// pager reads the pages of something by offset.
type pager struct {
	*reader
	// ask asks for rows from an offset on, gives them to each, and returns how many
	// there are in all.
	ask func(offset int64, limit int, each func(raw []byte) error) (count int64, err error)
	// take types a row, and reports whether it is none of the slice's.
	take func(raw []byte) (trimmed bool, err error)
	// known is called with the rows of a durable page that is read again; may be nil.
	known func()
	// finish is called when a page has been read and its connection is free again.
	finish func() error
}

// page is what came of one page, without the row that the page before had too.
type page struct {
	rows, trimmed int64
	count         int64
	print         pageprint.Sum
	last          pageprint.Sum
	overlap       bool // the first row is to be the last of the page before
}

// moved is how rows show that they did not hold still.
func (p *pager) moved(format string, args ...any) error {
	err := fault.New(fault.Drift, format, args...)
	if p.req.Stream.Name == streamQuery {
		return err.WithHint("Rows moved while they were read, so the slice starts again. The vendor keeps answers for 10 minutes: a start within them may see the old rows once more. If this stays so, make the interval shorter.")
	}
	return err.WithHint("Rows moved while they were read, so the slice starts again. If this stays so, the vendor has no fixed order here: raise page_size or make the interval shorter, until a slice fits into one page.")
}

// read asks for rows from an offset on. Where the page before ended with the row
// of the hash last, that row is asked for again and has to be the first.
func (p *pager) read(offset int64, limit int, last string, deliver bool) (page, error) {
	got := page{overlap: last != ""}
	if got.overlap {
		offset, limit = offset-1, min(limit+1, p.s.asked.maxLimit)
	}
	asked, came := int64(limit), int64(0)
	var err error
	got.count, err = p.ask(offset, limit, func(raw []byte) error {
		if came++; came > asked {
			return fault.New(fault.Data, "more than the %d rows came that were asked for", asked).
				WithHint("The vendor ignores limit. Report it; nothing was loaded.")
		}
		h := pageprint.Of(raw)
		if got.overlap && came == 1 {
			if h.String() != last {
				return p.moved("row %d is no longer what it was on the page before", offset+1)
			}
			return nil
		}
		got.rows++
		got.print.Add(h)
		got.last = h
		if !deliver {
			if p.known != nil {
				p.known()
			}
			return nil
		}
		trimmed, err := p.take(raw)
		if trimmed {
			got.trimmed++
		}
		return err
	})
	if err == nil && got.overlap && came == 0 {
		err = p.moved("row %d is no longer there", offset+1)
	}
	if err == nil && p.finish != nil && deliver {
		err = p.finish()
	}
	return got, err
}

// pages reads from the request's checkpoint to the end.
func (p *pager) pages() error {
	c, err := p.resume()
	if err != nil {
		return err
	}
	if p.req.After.Kind != "" {
		if err := p.verify(c); err != nil {
			return err
		}
	}
	if c.Done {
		return p.sendPage(c) // said again for whoever resumes at the very end
	}
	for !c.Done {
		got, err := p.read(c.Read, p.limit, c.Last, true)
		if err != nil {
			return p.slow(err)
		}
		if c.Count >= 0 && got.count != c.Count {
			return p.moved("there were %d rows on the page before and %d now", c.Count, got.count)
		}
		c.Read, c.Count, c.Trimmed = c.Read+got.rows, got.count, c.Trimmed+got.trimmed
		c.Rows, c.Hash = got.rows, got.print.String()
		if got.rows > 0 {
			c.Last = got.last.String()
		}
		c.Twice += p.twice
		p.twice = 0
		switch {
		case c.Read > c.Count:
			return p.moved("pages hold %d rows, %d were announced", c.Read, c.Count)
		case got.rows == 0 && c.Read < c.Count:
			return p.moved("pages end after %d of %d rows", c.Read, c.Count)
		}
		c.Done = c.Read == c.Count
		if err := p.sendPage(c); err != nil || p.enough() {
			return err
		}
	}
	return nil
}

// slow says what helps against answers that are too large for the vendor.
func (p *pager) slow(err error) error {
	var classified *fault.Error
	if statusOf(err) == http.StatusGatewayTimeout && errors.As(err, &classified) {
		return fault.New(classified.Class, "%w", err).WithHint("The vendor did not answer in time. Lower page_size of the job (now %d), or ask for fewer columns.", p.limit)
	}
	return err
}

// verify reads the last durable page again and compares.
func (p *pager) verify(c cursor) error {
	got, err := p.read(c.Read-c.Rows, int(max(c.Rows, 1)), "", false)
	if err != nil {
		return err
	}
	if got.rows != c.Rows || got.count != c.Count || got.print.String() != c.Hash {
		return p.moved("the last page is no longer what it was when the reading stopped after it: %d of %d rows, now %d of %d", c.Rows, c.Count, got.rows, got.count)
	}
	return nil
}

// sendPage hands on what is left of a page, with the place to go on.
func (p *pager) sendPage(c cursor) error {
	next, err := c.checkpoint()
	if err != nil {
		return err
	}
	if c.Twice > 0 && c.Done {
		p.warn("%d rows are there twice, as the vendor has it for about an hour after it enriched what was stored before: the slice is read again", c.Twice)
	}
	return p.send(sources.Page{Next: next, Announced: c.Count - c.Trimmed, Provisional: c.Twice > 0})
}
