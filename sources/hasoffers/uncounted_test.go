package hasoffers_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	sandbox "exporter/sandbox/hasoffers"
	"exporter/sources"
	"exporter/sources/hasoffers"
)

var counts = regexp.MustCompile(`"(count|pageCount)":[0-9]+,`)

// uncounted takes the counts out of the answers from the nth findAll on.
func uncounted(v *vendor, from int) http.HandlerFunc {
	seen := 0
	return func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		v.Handler().ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if bytes.Contains(body, []byte(`"pageCount"`)) {
			if seen++; seen >= from {
				body = counts.ReplaceAll(body, nil)
			}
		}
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body) // a client that went away is the client's failure
	}
}

// A vendor that stops saying how many rows there are never ends a slice early.
func TestWithoutCounts(t *testing.T) {
	i := day(t, "2026-03-10", 1)
	for name, c := range map[string]struct {
		paging string
		from   int
	}{
		"pages, never a count":              {"page", 1},
		"keyset, never a count":             {"keyset", 1},
		"keyset, none after the first page": {"keyset", 2},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{Answers: sandbox.Answers{Gzip: sandbox.GzipOff}})
			v.SetFront(uncounted(v, c.from))
			got := read(t, open(t, v.network(), &hasoffers.Options{Paging: c.paging, PageSize: 60}, nil), i)
			want, err := v.Count("demo", i.Start, i.End)
			if err != nil {
				t.Fatal(err)
			}
			if got.err != nil || got.rows != want || got.warning() == "" && c.from == 1 {
				t.Errorf("%d rows of %d, announced %d, warnings %q: %v", got.rows, want, got.announced, got.warnings, got.err)
			}
			if c.from > 1 && got.announced != want && !got.provisional || c.from == 1 && got.announced != sources.Unknown {
				t.Errorf("announced %d, provisional %t", got.announced, got.provisional)
			}
		})
	}
}
