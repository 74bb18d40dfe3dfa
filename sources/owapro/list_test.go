package owapro_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
)

// An entry that cannot be told from others is an error: left out it would be a
// customer whose numbers are missing and nobody knows.
func TestListsOfOddShapes(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
		err        string
	}{
		{name: "an entry without an id", body: `{"status":1,"data":[{"customerid":"1","customer":"A"},{"customer":"B"}]}`, err: "list customers: entry 2 has no id"},
		{name: "an entry that is no object", body: `{"status":1,"data":[{"customerid":"1"},"2"]}`, err: "list customers: entry 2 has no id"},
		{name: "members of an entry are no paging", body: `{"status":1,"data":[{"customerid":"1","items":7,"pages":9},{"customerid":2}]}`, want: []string{"1", "2"}},
		{name: "blocks before the one with entries", body: `{"status":1,"data":[{"data":[]},{"status":{"items":1,"pages":1},"data":[{"customerid":"1"}]}]}`, want: []string{"1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVendor(t, sandbox.Config{})
			v.SetFront(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/report/customer" {
					v.Handler().ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, c.body)
			})
			got, err := list(t, v.config(), sources.Deps{}).(sources.Parted).Parts(t.Context(), "report")
			if c.err != "" {
				wantError(t, err, fault.Data, c.err)
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("error %v, parts (-want +got):\n%s", err, diff)
			}
		})
	}
}

// The clock is the one that was given: the probe asks for the day before it.
func TestProbeAsksForYesterday(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	asked := make(chan string, 10)
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/api/report/dw_generate_report" {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			asked <- string(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		v.Handler().ServeHTTP(w, r)
	})
	now := day(t, "2026-03-05", 1).Start
	report(t, open(t, v.config(), daily(), sources.Deps{Now: func() time.Time { return now }}))
	if body := <-asked; !strings.Contains(body, `["2026-03-04","2026-03-04"]`) {
		t.Errorf("the probe asked %s", body)
	}
}
