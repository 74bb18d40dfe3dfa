package hasoffers

import (
	"errors"
	"slices"

	"exporter/fault"
)

// page is what became of one page of the API.
type page struct {
	answer
	trimmed int64
	sent    bool // rows of it were handed on already
}

// fetch asks for a page and gives its rows to each, in parts joined by key where
// one URL does not hold all fields.
func (r *reader) fetch(req request, each func(*row) error) (answer, error) {
	fields := r.s.without(r.names)
	parts, err := r.s.parts(req, fields, r.urlMax)
	if err != nil {
		return answer{}, err
	}
	if len(parts) == 1 {
		r.decoder.each = each
		return r.s.ask(r.ctx, req.method, req.query(fields), r.decoder)
	}
	var joined held
	var first answer
	r.decoder.each = joined.add
	for i, part := range parts {
		joined.begin(slotsOf(r.names, part))
		got, err := r.s.ask(r.ctx, req.method, req.query(part), r.decoder)
		if err != nil {
			return got, err
		}
		if err := joined.complete(); err != nil {
			return got, err
		}
		if i == 0 {
			first = got
			req.upto = joined.last(req.keyset)
		}
	}
	return first, joined.each(each)
}

// get is fetch, and what can be done about a page that did not come: fewer fields,
// shorter requests, smaller pages. shrink makes the page smaller and reports whether
// it could.
func (r *reader) get(req func() request, p *page, each func(*row) error, shrink func() bool) error {
	for {
		got, err := r.fetch(req(), each)
		if err == nil {
			p.answer = got
			return nil
		}
		if p.sent || r.ctx.Err() != nil {
			// What was handed on cannot be taken back: the runner goes on from the
			// last checkpoint, with the smaller page.
			if tooSlow(err) {
				shrink()
			}
			return err
		}
		r.typer.build.Take()
		p.trimmed = 0
		var field *fieldError
		switch {
		case errors.As(err, &field):
			err = r.refuse(field)
		case tooLong(err):
			err = r.shorten(err)
		case tooSlow(err) && shrink():
			r.warn("the vendor did not answer in time; pages now have at most %d rows", r.limit)
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// errAsField says that a refused id is to be treated like any other field.
var errAsField = errors.New("id is a field like any other")

// refuse leaves out a field the vendor refuses, if nobody asked for it by name.
func (r *reader) refuse(e *fieldError) error {
	o := r.s.options
	if e.name == fieldID && r.fallback != nil {
		if err := r.fallback(e); !errors.Is(err, errAsField) {
			return err
		}
	}
	switch {
	case slices.ContainsFunc(o.filters(), func(f filter) bool { return f.field == e.name }):
		return e.config("options.filters." + e.name)
	case slices.Contains(o.Fields, e.name):
		return e.config("options.fields")
	case e.name == fieldDatetime || !slices.Contains(r.s.without(r.names), e.name):
		return e
	}
	r.s.learnRefused(e.name)
	r.warnRefused(e.name)
	return nil
}

// shorten makes requests shorter than the one that was refused for its length.
func (r *reader) shorten(err error) error {
	was := r.urlMax
	r.urlMax = min(r.urlMax, r.s.config.URLMax) / 2
	if r.urlMax < leastURLMax/2 {
		return err
	}
	r.s.learnURLMax(r.urlMax)
	r.warn("the vendor refuses URLs of up to %d bytes; requests are split at %d: set url_max of the source to that", was, r.urlMax)
	if r.chunks(was) != r.chunks(r.urlMax) {
		return errPasses
	}
	return nil
}

// chunks returns how many passes the job's filters make, 0 if they do not fit.
func (r *reader) chunks(urlMax int) int {
	all, err := chunk(r.s.options.filters(), urlMax)
	if err != nil {
		return 0
	}
	return len(all)
}

var errPasses = fault.New(fault.Drift, "filters have to be split further than before").
	WithHint("The slice starts again with shorter requests. Set url_max of the source lower to avoid that.")
