package piwikpro_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// More apps and goals than the ten that a list gives to whoever does not ask.
func TestDirectories(t *testing.T) {
	t.Run("apps", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		h := harness(t, v, shop, "UTC", func(n int) sources.Options { return &piwikpro.AppOptions{PageSize: n} })
		h.Part, h.Intervals, h.Empty, h.PageSizes = "", []sources.Interval{{}}, sources.Interval{}, []int{4, 1, 1000}
		h.Drop = "currency"
		h.Truth = func(testing.TB, sources.Interval) map[string][]sourcetest.Row {
			var rows []sourcetest.Row
			for n, s := range v.Config().Data.Sites {
				if s.Forbidden {
					continue
				}
				month := 7 + (10+n-1)/31
				added := fmt.Sprintf("2018-%02d-%02dT08:50:41Z", month, (10+n-1)%31+1)
				rows = append(rows, sourcetest.Row{
					"website_id": s.ID, "name": s.Name, "timezone": s.Timezone, "currency": s.Currency, "urls": `["https://shop.example"]`,
					"app_type": "web", "organization": "default", "e_commerce_tracking": "true", "added_at": added,
				})
			}
			return map[string][]sourcetest.Row{"": rows}
		}
		h.Columns = []string{"website_id", "name", "timezone", "currency", "urls", "app_type", "organization", "e_commerce_tracking", "added_at"}
		sourcetest.Run(t, h)
	})
	t.Run("goals", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		h := harness(t, v, shop, "UTC", func(n int) sources.Options { return &piwikpro.GoalOptions{PageSize: n} })
		h.Intervals, h.Empty, h.PageSizes = []sources.Interval{{}}, sources.Interval{}, []int{4, 1, 1000}
		h.Drop, h.Columns = "pattern", []string{"website_id", "pattern", "allow_multiple", "revenue"}
		h.Truth = func(testing.TB, sources.Interval) map[string][]sourcetest.Row {
			var rows []sourcetest.Row
			for n := range 12 {
				cents := n * 511
				rows = append(rows, sourcetest.Row{
					"website_id": h.Part, "pattern": "thanks", "allow_multiple": "true", "revenue": fmt.Sprintf("%d.%02d", cents/100, cents%100),
				})
			}
			return map[string][]sourcetest.Row{"": rows}
		}
		sourcetest.Run(t, h)
	})
	t.Run("an app whose settings cannot be seen", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, sandbox.SiteID(garden)) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			v.Handler().ServeHTTP(w, r)
		})
		s := overWire(t, v, v.config(), &piwikpro.AppOptions{})
		got := collect(t.Context(), t, s, sources.Request{Stream: stream(t, s)})
		if got.err != nil || got.rows != 12 || got.announced != 12 || !strings.Contains(got.warning(), sandbox.SiteID(garden)) {
			t.Errorf("got %d rows of %d, %v, warnings %q: want all 12 and a warning", got.rows, got.announced, got.err, got.warnings)
		}
	})
	t.Run("a goal that cannot be typed", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Accept-Encoding")
			said := httptest.NewRecorder()
			v.Handler().ServeHTTP(said, r)
			w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
			_, _ = strings.NewReplacer(`"5.11"`, `"dear"`).WriteString(w, said.Body.String())
		})
		s := overWire(t, v, v.config(), &piwikpro.GoalOptions{})
		got := collect(t.Context(), t, s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop)})
		if got.err != nil || got.rows != 11 || got.rejects != 1 || !strings.Contains(got.reject, `"id":"`) || !strings.Contains(got.reject, "revenue") {
			t.Errorf("got %d rows, %d rejects, %v; %s: want one reject that tells its goal", got.rows, got.rejects, got.err, got.reject)
		}
	})
}
