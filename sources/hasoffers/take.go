package hasoffers

import "exporter/sources"

// take puts a row into the batch unless it is outside the interval, and hands
// the batch on when it is full.
func (r *reader) take(row *row, p *page) error {
	if r.window != nil {
		datetime := row.text(r.time)
		switch r.window.place(datetime) {
		case strange:
			r.outside(datetime)
			p.trimmed++
			return nil
		case trimmed:
			p.trimmed++
			return nil
		case inside:
		}
	}
	r.typer.add(row)
	if !r.full() {
		return nil
	}
	p.sent = true
	return r.send(sources.Page{Announced: sources.Unknown})
}

// outside warns once that the vendor heeds one bound of the window only.
func (r *reader) outside(datetime []byte) {
	if r.strange {
		return
	}
	r.strange = true
	r.warn("the vendor sent a conversion of %s for %s to %s: it heeds only one bound of the interval, so more is read than needed", datetime, r.window.from, r.window.to)
}
