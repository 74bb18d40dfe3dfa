package piwikpro

import (
	"bytes"
	"net/http"
	"time"

	"exporter/record"
	"exporter/sources"
)

// OpenOver is Driver().Open over a wire of the test's own.
func OpenOver(deps sources.Deps, c *Config, o sources.Options, wire http.RoundTripper) (sources.Source, error) {
	return newSource(deps, c, o, wire)
}

// Sessions are options of the stream of that name.
func Sessions(o RawOptions) *RawOptions { o.stream = streamSessions; return &o }

// Events are options of the stream of that name.
func Events(o RawOptions) *RawOptions { o.stream = streamEvents; return &o }

// VendorText is what an error of the vendor says.
func VendorText(body string) string { return vendorText([]byte(body)) }

// Window returns the bounds that an interval is asked for by.
func Window(i sources.Interval, zone *time.Location) (from, to string, err error) {
	w, err := newWindow(i, zone)
	return w.from, w.to, err
}

// Split takes a JSON array apart.
func Split(raw []byte) (cells [][]byte, array bool) { return split(nil, raw) }

// Batcher turns answers into batches of the table of a source, as Read does.
type Batcher struct{ r *reportReader }

// NewBatcher returns one for a site.
func NewBatcher(s sources.Source, req sources.Request) (*Batcher, error) {
	src := s.(*source)
	w, err := newWindow(req.Interval, req.Zone)
	if err != nil {
		return nil, err
	}
	table := req.Stream.Tables[0]
	l, err := src.layoutOf(table, src.learned)
	if err != nil {
		return nil, err
	}
	t := newTyper(l, table, req.Part, req.Zone, w)
	return &Batcher{&reportReader{reader: &reader{s: src, req: req, build: t.build}, typer: t}}, nil
}

// Batch decodes one answer. It returns the rows the vendor says there are.
func (b *Batcher) Batch(body []byte) (batch, rejects record.Batch, count int64, err error) {
	b.r.odd = nil
	got, err := decode(bytes.NewReader(body), func(raw []byte) error {
		if b.r.split(raw) {
			b.r.typer.add()
		}
		return nil
	})
	if err == nil {
		err = b.r.check(got)
	}
	batch, rejects = b.r.build.Take()
	return batch, rejects, got.count, err
}

// Documented tells what the vendor's lists say of a column.
func Documented(id string) (kind string, metric, known bool) {
	d, known := documentedAs(id)
	return string(d.Kind), d.Metric, known
}

// Asked returns the ids of the columns that a reading asks for.
func Asked(s sources.Source, req sources.Request) (ids []string) {
	src := s.(*source)
	l, err := src.layoutOf(req.Stream.Tables[0], src.learned)
	if err != nil {
		panic(err)
	}
	for _, c := range src.body(l, req.Part, window{}).Columns {
		ids = append(ids, c.ColumnID)
	}
	return ids
}
