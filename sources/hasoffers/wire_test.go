package hasoffers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"exporter/record"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

// wire brings requests to a handler without a network, so that waiting can be
// tested in a bubble of fake time.
type wire struct{ handler http.Handler }

var errCut = errors.New("connection reset")

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:1"
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
func overWire(tb testing.TB, v *vendor, c *hasoffers.Config, o *hasoffers.Options) sources.Source {
	tb.Helper()
	for _, p := range append(c.Validate(), o.Validate()...) {
		tb.Fatalf("settings: %s: %s", p.Key, p.Text)
	}
	return hasoffers.OpenOver(deps(tb, c, nil), c, o, wire{v})
}

// result is everything a Read yielded.
type result struct {
	columns       []string
	rows, rejects int64
	tally         *record.Tally
	nulls         map[string]int64 // by column
	reject        string           // the last one: raw, column and reason
	announced     int64
	provisional   bool
	warnings      []string
	marks         []sources.Checkpoint
	err           error
	table         record.Table
}

func (r *result) warning() string { return strings.Join(r.warnings, "; ") }

func request(tb testing.TB, s sources.Source, stream string, i sources.Interval) sources.Request {
	tb.Helper()
	list, err := s.Streams(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	for _, known := range list {
		if known.Name == stream {
			return sources.Request{Stream: known, Interval: i, Zone: zone(tb, newYork)}
		}
	}
	tb.Fatalf("no stream %s", stream)
	return sources.Request{}
}

func read(tb testing.TB, s sources.Source, i sources.Interval) *result {
	tb.Helper()
	return collect(tb.Context(), tb, s, request(tb, s, "conversions", i))
}

func collect(ctx context.Context, tb testing.TB, s sources.Source, req sources.Request) *result {
	tb.Helper()
	table := req.Stream.Tables[0]
	out := &result{tally: record.NewTally(table), nulls: map[string]int64{}, table: table}
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
	b := &page.Batch
	r.tally.Add(b)
	for row := range b.Rows() {
		for col, c := range r.table.Columns {
			cell, null := b.Cell(row, col)
			switch {
			case null:
				r.nulls[c.Name]++
			case c.Name == "change":
				r.columns = append(r.columns, string(cell))
			}
		}
	}
	for row := range page.Rejects.Rows() {
		var parts []string
		for col := range page.Rejects.Columns() {
			cell, _ := page.Rejects.Cell(row, col)
			parts = append(parts, string(cell))
		}
		r.reject = strings.Join(parts, " | ")
	}
	r.rows += int64(b.Rows())
	r.rejects += int64(page.Rejects.Rows())
	r.announced, r.provisional = page.Announced, page.Provisional
	if page.Warning != "" {
		r.warnings = append(r.warnings, page.Warning)
	}
	if page.Next != nil {
		r.marks = append(r.marks, *page.Next)
	}
}

// whole fails the test unless everything the vendor has came, and says so.
func (r *result) whole(tb testing.TB, v *vendor, i sources.Interval) {
	tb.Helper()
	if r.err != nil {
		tb.Fatalf("read: %v", r.err)
	}
	want, err := v.Count("demo", i.Start, i.End)
	if err != nil {
		tb.Fatal(err)
	}
	if r.rows+r.rejects != want || r.announced != want || r.provisional {
		tb.Errorf("got %d rows, %d rejects of %d announced (provisional %t), want %d; warnings %q", r.rows, r.rejects, r.announced, r.provisional, want, r.warnings)
	}
}

// asked returns the decoded addresses of what the vendor was asked for.
func (v *vendor) asked(part string) []string {
	var out []string
	for _, u := range v.URLs() {
		if strings.Contains(u, part) {
			out = append(out, u)
		}
	}
	return out
}
