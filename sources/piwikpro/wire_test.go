package piwikpro_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"exporter/record"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// direct brings requests to a handler without a network, so that waiting can be
// tested in a bubble of fake time.
type direct struct{ handler http.Handler }

var errCut = errors.New("connection reset")

// RoundTrip implements http.RoundTripper.
func (w direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:1"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			err = errCut
		}
	}()
	w.handler.ServeHTTP(out, in)
	resp = out.Result()
	resp.Request = r
	return resp, nil
}

// overWire returns a source that asks the vendor without a network.
func overWire(tb testing.TB, v *vendor, c *piwikpro.Config, o sources.Options) sources.Source {
	tb.Helper()
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
	return sourcetest.Must[sources.Source](tb)(piwikpro.OpenOver(deps(tb, c, sources.Deps{}), c, o, direct{v}))
}

// result is everything a Read yielded.
type result struct {
	table         record.Table
	rows, rejects int64
	tally         *record.Tally
	reject        string // the last one: raw, column and reason
	announced     int64
	provisional   bool
	warnings      []string
	marks         []sources.Checkpoint
	err           error
}

func (r *result) warning() string { return strings.Join(r.warnings, "; ") }

// read reads days of a site.
func read(tb testing.TB, s sources.Source, site string, i sources.Interval, in string) *result {
	tb.Helper()
	return collect(tb.Context(), tb, s, sources.Request{Stream: stream(tb, s), Part: site, Interval: i, Zone: zone(tb, in)})
}

func collect(ctx context.Context, tb testing.TB, s sources.Source, req sources.Request) *result {
	tb.Helper()
	out := &result{table: req.Stream.Tables[0], tally: record.NewTally(req.Stream.Tables[0])}
	for page, err := range s.Read(ctx, req) {
		if err != nil {
			out.err = err
			break
		}
		out.add(page)
	}
	return out
}

func (r *result) add(page sources.Page) {
	r.tally.Add(&page.Batch)
	for row := range page.Rejects.Rows() {
		var parts []string
		for col := range page.Rejects.Columns() {
			cell, _ := page.Rejects.Cell(row, col)
			parts = append(parts, string(cell))
		}
		r.reject = strings.Join(parts, " | ")
	}
	r.rows += int64(page.Batch.Rows())
	r.rejects += int64(page.Rejects.Rows())
	r.announced, r.provisional = page.Announced, page.Provisional
	if page.Warning != "" {
		r.warnings = append(r.warnings, page.Warning)
	}
	if page.Next != nil {
		r.marks = append(r.marks, *page.Next)
	}
}

// whole fails the test unless the rows are those of another reading, all of them, and says so.
func (r *result) whole(tb testing.TB, want *result) {
	tb.Helper()
	if r.err != nil || want.err != nil {
		tb.Fatalf("read: %v; wanted: %v", r.err, want.err)
	}
	if r.rows == 0 || r.rows != want.rows || r.tally.Hash() != want.tally.Hash() || r.announced != r.rows+r.rejects {
		tb.Errorf("got %d rows and %d rejects of %d announced, want the %d of another reading; warnings %q", r.rows, r.rejects, r.announced, want.rows, r.warnings)
	}
}

// oneDay is a day of every site, in its own zone.
const oneDay, nextDay = "2026-03-05", "2026-03-06"

// clean reads a day of the shop from a vendor without tricks.
func clean(tb testing.TB, o sources.Options) *result {
	tb.Helper()
	v := newVendor(tb, sandbox.Config{})
	return read(tb, overWire(tb, v, v.config(), o), sandbox.SiteID(shop), between(tb, oneDay, nextDay, "UTC"), "UTC")
}

// ofDay reads the same day from a vendor with them.
func ofDay(tb testing.TB, v *vendor, o sources.Options) *result {
	tb.Helper()
	return read(tb, overWire(tb, v, v.config(), o), sandbox.SiteID(shop), between(tb, oneDay, nextDay, "UTC"), "UTC")
}
