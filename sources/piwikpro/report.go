package piwikpro

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// reportBody is a request for rows.
type reportBody struct {
	WebsiteID     string       `json:"website_id"`
	Columns       []wireColumn `json:"columns"`
	DateFrom      string       `json:"date_from"`
	DateTo        string       `json:"date_to"`
	Filters       *group       `json:"filters,omitempty"`
	MetricFilters *group       `json:"metric_filters,omitempty"`
	Offset        int64        `json:"offset"`
	Limit         int          `json:"limit"`
	OrderBy       [][2]any     `json:"order_by,omitempty"`
	Format        string       `json:"format"`
	ColumnFormat  string       `json:"column_format"`
	Options       *sampling    `json:"options,omitempty"`
}

type sampling struct {
	Sampling int `json:"sampling"`
}

// report reads sessions, events or a query of one site.
func (r *reader) report() error {
	site := r.req.Part
	if site == "" {
		return fault.New(fault.Config, "stream %s is read by site, and none is named", r.req.Stream.Name)
	}
	zone := r.req.Zone
	if zone == nil {
		zone = time.UTC
	}
	w, err := newWindow(r.req.Interval, zone)
	if err != nil {
		return err
	}
	if r.s.stream == streamQuery && !w.days {
		return fault.New(fault.Config, "interval %s is no whole days of zone %s", r.req.Interval, zone).WithHint("Reports know whole days only. Set interval of the job to 1d, 1w or 1mo.")
	}
	if err := r.checkZone(site, zone); err != nil {
		return err
	}
	known, err := r.s.define(r.ctx)
	if err != nil {
		return err
	}
	table := r.req.Stream.Tables[0]
	l, err := r.s.layoutOf(table, known)
	if err != nil {
		return err
	}
	rr := &reportReader{reader: r, typer: newTyper(l, table, site, zone, w), body: r.s.body(l, site, w)}
	r.build = rr.typer.build
	p := &pager{reader: r, ask: rr.ask, take: rr.take, known: rr.typer.know}
	return p.pages()
}

// body returns what all pages of a reading have in common. Reports are sorted by
// every dimension, or rows of one rank could be on two pages and on none.
func (s *source) body(l layout, site string, w window) reportBody {
	b := reportBody{
		WebsiteID: site, DateFrom: w.from, DateTo: w.to, Columns: []wireColumn{},
		Filters: s.asked.filters, MetricFilters: s.asked.metricFilters, Format: "json", ColumnFormat: "id",
	}
	for i, one := range l.slots {
		if one.sent {
			continue
		}
		b.Columns = append(b.Columns, one.wire())
		if s.stream == streamQuery && one.dimension() {
			b.OrderBy = append(b.OrderBy, [2]any{i, "asc"})
		}
	}
	if s.stream == streamQuery {
		b.Options = &sampling{1}
	}
	return b
}

// reportReader reads the report of one slice.
type reportReader struct {
	*reader
	typer   *typer
	body    reportBody
	odd     error // why rows are not looked at any more: the names of the columns may say it better
	strange bool  // a row of another time was seen
	unnamed bool  // an answer without names of columns was seen
}

// ask asks for a page.
func (r *reportReader) ask(offset int64, limit int, each func(raw []byte) error) (int64, error) {
	body := r.body
	body.Offset, body.Limit = offset, limit
	text, err := json.Marshal(body)
	if err != nil {
		return 0, fault.New(fault.Config, "write request: %w", err)
	}
	r.odd = nil
	got, err := r.s.ask(r.ctx, &httpapi.Request{
		Method: http.MethodPost, URL: "/api/analytics/v1/" + r.s.stream + "/", Class: classPost, Want: mediaJSON,
		Header: http.Header{"Content-Type": {mediaJSON}},
		Body:   func() io.Reader { return bytes.NewReader(text) },
	}, func(raw []byte) error {
		if r.split(raw) {
			return each(raw)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return got.count, r.check(got)
}

// split takes a row apart. It reports false for a row that has another shape than
// asked for, and for those after it.
func (r *reportReader) split(raw []byte) bool {
	if r.odd != nil {
		return false
	}
	var array bool
	const hint = "The vendor's answer has another shape than known; report it. Nothing of it was loaded."
	r.typer.cells, array = split(r.typer.cells[:0], raw)
	switch {
	case !array:
		r.odd = fault.New(fault.Data, "a row is no list of cells").WithHint(hint)
	case len(r.typer.cells) != len(r.typer.slots):
		r.odd = fault.New(fault.Data, "a row has %d cells, not %d", len(r.typer.cells), len(r.typer.slots)).WithHint(hint)
	}
	return r.odd == nil
}

// check tells whether an answer is one to what was asked.
func (r *reportReader) check(got answer) error {
	switch {
	case got.columns != nil:
		if err := r.typer.check(got.columns); err != nil {
			return err
		}
	case r.s.stream != streamQuery && got.rows > 0:
		return fault.New(fault.Data, "the answer does not name its columns (meta.columns)").
			WithHint("Which columns raw rows begin with would be a guess, so nothing of it is loaded. Report it.")
	case r.odd == nil && !r.unnamed && got.rows > 0:
		r.unnamed = true
		r.warn("the vendor does not name the columns of its answer: they are taken to be those of the job, in that order")
	}
	if r.odd != nil {
		return r.odd
	}
	if got.count < 0 {
		return fault.New(fault.Data, "the answer does not say how many rows there are (meta.count)").
			WithHint("Without it nobody could tell a complete answer from one that was cut off. Report it.")
	}
	return nil
}

// take types the row that was taken apart, and hands the batch on when it is full.
func (r *reportReader) take([]byte) (bool, error) {
	trimmed, twice := r.typer.add()
	if twice {
		r.twice++
	}
	if trimmed && !r.strange {
		r.strange = true
		r.warn("the vendor sent rows of other times than %s to %s; they are left out", r.body.DateFrom, r.body.DateTo)
	}
	if trimmed || !full(r.build) {
		return trimmed, nil
	}
	return false, r.send(sources.Page{Announced: sources.Unknown})
}
