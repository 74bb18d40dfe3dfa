package hasoffers_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporter/record"
	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources"
	"exporter/sources/hasoffers"
	"exporter/sources/sourcetest"
)

// harness puts a source of the vendor beside the vendor's own truth.
func harness(t *testing.T, v *vendor, config func() *hasoffers.Config, options hasoffers.Options) sourcetest.Harness {
	t.Helper()
	return sourcetest.Harness{
		Open: func(tb testing.TB, setup sourcetest.Setup) sources.Source {
			o := options
			o.PageSize = setup.PageSize
			c := config()
			d := deps(tb, c, setup.Log)
			d.OnRequest = setup.OnRequest
			s, err := hasoffers.Driver().Open(d, c, &o)
			if err != nil {
				tb.Fatal(err)
			}
			return s
		},
		Stream: "conversions", Zone: zone(t, newYork),
		Intervals: []sources.Interval{
			day(t, "2026-03-05", 1),
			day(t, "2026-03-06", 2),
			day(t, "2026-03-08", 1), // 23 hours
			day(t, "2026-03-09", 1),
		},
		Empty:     day(t, "2025-01-01", 1),
		PageSizes: []int{50, 7, 1000},
		Truth: func(tb testing.TB, i sources.Interval) map[string][]sourcetest.Row {
			return map[string][]sourcetest.Row{"": truth(tb, v, i, options.Fields)}
		},
		Drop:     "country_code",
		Requests: func() int { return int(v.Requests.Load()) },
		Break: func(testing.TB) {
			v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
			})
		},
		Hang: func(testing.TB) <-chan struct{} {
			arrived := make(chan struct{}, 100)
			v.SetFront(func(_ http.ResponseWriter, r *http.Request) {
				// A server notices that its caller is gone only after it has read the request.
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				arrived <- struct{}{}
				<-r.Context().Done()
			})
			return arrived
		},
		Mend:    func(testing.TB) { v.SetFront(nil) },
		Secrets: secrets,
	}
}

// truth returns the vendor's rows as the table has them.
func truth(tb testing.TB, v *vendor, i sources.Interval, fields []string) []sourcetest.Row {
	tb.Helper()
	rows, err := v.Rows("demo", i.Start, i.End)
	if err != nil {
		tb.Fatal(err)
	}
	list := open(tb, v.network(), &hasoffers.Options{Fields: fields}, nil)
	streams, err := list.Streams(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var out []sourcetest.Row
	for r := range rows {
		row := sourcetest.Row{"network_id": "demo"}
		for _, c := range streams[0].Tables[0].Columns[1:] {
			if text, ok := expected(tb, c, r); ok {
				row[c.Name] = text
			}
		}
		out = append(out, row)
	}
	return out
}

// expected writes down what a column holds for a row of the vendor, from the
// sheet and not from the code.
func expected(tb testing.TB, c record.Column, r sandbox.Row) (string, bool) {
	tb.Helper()
	value, ok := r.Value(c.Wire())
	if !ok || value == "" {
		return "", false
	}
	switch c.Type {
	case record.Boolean:
		return strconv.FormatBool(value == "1"), true
	case record.Timestamp:
		at := r.UTC
		if c.Wire() != "datetime" {
			var err error
			if at, err = time.ParseInLocation(time.DateTime, value, zone(tb, newYork)); err != nil {
				tb.Fatal(err)
			}
		}
		// In the doubled hour of autumn the earlier instant is meant.
		if before := at.Add(-time.Hour); before.In(zone(tb, newYork)).Format(time.DateTime) == value {
			at = before
		}
		return at.UTC().Format(time.RFC3339Nano), true
	default:
		return strings.ReplaceAll(value, "\x00", ""), true
	}
}

func TestContract(t *testing.T) {
	t.Run("integrator, keyset", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		sourcetest.Run(t, harness(t, v, v.integrator, hasoffers.Options{}))
	})
	t.Run("network, keyset, shuffled rows, long fields", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{RowOrder: sandbox.RowsShuffled}})
		c := func() *hasoffers.Config { c := v.network(); c.URLMax = 700; return c }
		sourcetest.Run(t, harness(t, v, c, hasoffers.Options{}))
	})
	t.Run("network, autumn", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Networks: []sandbox.Network{{FirstDay: "2025-10-30", Days: 7, RowsPerDay: 300, Now: "2026-06-01T12:00:00Z"}}})
		h := harness(t, v, v.network, hasoffers.Options{})
		h.Intervals = []sources.Interval{day(t, "2025-11-02", 1), day(t, "2025-11-03", 1)} // the first has 25 hours
		h.PageSizes = []int{100, 30}
		sourcetest.Run(t, h)
	})
	t.Run("network, page", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		sourcetest.Run(t, harness(t, v, v.network, hasoffers.Options{Paging: "page"}))
	})
	t.Run("one operator heeded, some fields", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Operators: sandbox.OperatorsLast}})
		h := harness(t, v, v.network, hasoffers.Options{Fields: []string{"payout", "country_code", "id"}})
		h.PageSizes = []int{60} // everything after the interval is read too
		sourcetest.Run(t, h)
	})
}
