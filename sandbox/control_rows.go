package sandbox

import (
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"time"

	"exporter/sandbox/hubrise"
)

// lines answers the truth of a query in the body: an object per row, null where
// a column has no value.
func lines[Q any, R interface {
	Columns() []string
	Value(column string) (string, bool)
}](of func(Q) (iter.Seq[R], error)) http.HandlerFunc {
	return objects(func(r *http.Request) (iter.Seq[map[string]*string], error) {
		var q Q
		if err := decode(r, &q); err != nil {
			return nil, err
		}
		rows, err := of(q)
		if err != nil {
			return nil, err
		}
		return func(yield func(map[string]*string) bool) {
			for row := range rows {
				if !yield(object(row.Columns(), row.Value)) {
					return
				}
			}
		}, nil
	})
}

func object(names []string, value func(string) (string, bool)) map[string]*string {
	out := make(map[string]*string, len(names))
	for _, name := range names {
		out[name] = nil
		if v, ok := value(name); ok {
			out[name] = &v
		}
	}
	return out
}

// objects answers what all returns, one JSON object per line.
func objects[T any](all func(*http.Request) (iter.Seq[T], error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
		rows, err := all(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := json.NewEncoder(w)
		for row := range rows {
			if out.Encode(row) != nil {
				return // the caller is gone
			}
		}
	}
}

// hubRiseRows lists the truth of a table of HubRise.
func (s *Sandbox) hubRiseRows(r *http.Request) (iter.Seq[hubrise.Row], error) {
	var q hubrise.Query
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	return s.hubRise.Rows(r.URL.Query().Get("table"), q)
}

// conversion is a row of HasOffers with the instant that its wall clock stands for.
type conversion struct {
	ID     int64              `json:"id"`
	UTC    time.Time          `json:"utc"`
	Fields map[string]*string `json:"fields"`
}

func (s *Sandbox) hasOffersRows(r *http.Request) (iter.Seq[conversion], error) {
	q := r.URL.Query()
	from, fromErr := moment(q.Get("from"))
	to, toErr := moment(q.Get("to"))
	rows, err := s.hasOffers.Rows(q.Get("network"), from, to)
	if err := errors.Join(fromErr, toErr, err); err != nil {
		return nil, err
	}
	names := s.hasOffers.Fields()
	return func(yield func(conversion) bool) {
		for row := range rows {
			if !yield(conversion{row.ID, row.UTC, object(names, row.Value)}) {
				return
			}
		}
	}, nil
}
