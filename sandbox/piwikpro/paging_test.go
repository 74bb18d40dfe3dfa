package piwikpro_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"exporter/sandbox/piwikpro"

	"github.com/google/go-cmp/cmp"
)

const byDevice = "timestamp/to_date device_type source browser_name sessions"

// pages reads a report by pages of so many rows.
func (v *vendor) pages(report, columns string, size int, more ...string) (rows []string, counts []int) {
	v.t.Helper()
	for offset := 0; ; offset += size {
		page := `"limit":` + strconv.Itoa(size) + `,"offset":` + strconv.Itoa(offset)
		a := v.rows(report, ask(columns, append(more, page)...))
		rows, counts = append(rows, a.flat()...), append(counts, a.Meta.Count)
		if len(a.Data) < size {
			return rows, counts
		}
	}
}

// Without a limit a hundred rows are sent and nothing is said but the count.
func TestDefaultLimit(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	a := v.rows("events", ask("", `"limit":"-"`))
	if len(a.Data) != 100 || a.Meta.Count <= 100 {
		t.Errorf("%d rows of %d, want 100 of more", len(a.Data), a.Meta.Count)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.SilentLimit = 7 })
	if a := v.rows("events", ask("", `"limit":50`)); len(a.Data) != 7 {
		t.Errorf("silent limit: %d rows, want 7", len(a.Data))
	}
}

// Rows of equal rank come in another order each time unless order_by tells them apart.
func TestTies(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small(), Answers: piwikpro.Answers{Ties: piwikpro.TiesChanging}})
	all := v.rows("query", ask(byDevice)).flat()
	again := v.rows("query", ask(byDevice)).flat()
	if slices.Equal(all, again) {
		t.Error("the order of ties did not change")
	}
	ranked := v.rows("query", ask(byDevice)).Data
	for i, row := range ranked[1:] {
		if whole(ranked[i][4]) < whole(row[4]) {
			t.Fatalf("row %v before %v", ranked[i], row)
		}
	}
	paged, _ := v.pages("query", byDevice, 9)
	if slices.Equal(slices.Compact(slices.Sorted(slices.Values(paged))), slices.Sorted(slices.Values(all))) {
		t.Error("pages without order_by had every row once")
	}
	ordered, counts := v.pages("query", byDevice, 9, `"order_by":[[0,"asc"],[1,"asc"],[2,"desc"],[3,"asc"]]`)
	if diff := cmp.Diff(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(ordered))); diff != "" || counts[0] != len(all) {
		t.Errorf("ordered pages, count %d (-whole +pages):\n%s", counts[0], diff)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.Ties = piwikpro.TiesStable })
	if a, b := v.rows("query", ask(byDevice)).flat(), v.rows("query", ask(byDevice)).flat(); !slices.Equal(a, b) {
		t.Error("stable ties changed")
	}
}

// Sessions and events come by session id, or in another order in every answer.
func TestRawOrder(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	days := `"date_to":"2026-03-27"`
	byID := v.rows("sessions", ask("", days)).flat()
	v.configure(func(c *piwikpro.Config) { c.Answers.RawOrder = piwikpro.TiesChanging })
	first, second := v.rows("sessions", ask("", days)).flat(), v.rows("sessions", ask("", days)).flat()
	if slices.Equal(first, second) || slices.Equal(first, byID) {
		t.Error("the order did not change")
	}
	if !slices.Equal(slices.Sorted(slices.Values(first)), slices.Sorted(slices.Values(byID))) {
		t.Errorf("%d rows, want the %d of the other order", len(first), len(byID))
	}
}

// order_by sorts pairs by id with nothing first, texts and figures by value.
func TestOrder(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	a := v.rows("query", ask("device_type source sessions", `"order_by":[[0,"desc"],[2,"asc"],[1,"asc"]]`))
	var ids []string
	for _, line := range a.flat() {
		if id, _, _ := strings.Cut(line, "|"); len(ids) == 0 || ids[len(ids)-1] != id {
			ids = append(ids, id)
		}
	}
	if diff := cmp.Diff([]string{"10", "2", "1", "0", "(null)"}, ids); diff != "" {
		t.Errorf("device types (-want +got):\n%s", diff)
	}
}

// Rows that come between two pages shift those behind them, and meta.count tells.
func TestShift(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small(), Restate: []piwikpro.Restatement{{Site: piwikpro.SiteID(0), Day: "2026-03-25", AfterCalls: 2}}})
	q := piwikpro.Query{Report: "sessions", From: "2026-03-25", To: "2026-03-26"}
	before := v.truth(q)
	rows, counts := v.pages("sessions", "", 25)
	after := v.truth(q)
	if counts[0] != counts[1] || counts[1] == counts[2] || counts[2] != len(after) {
		t.Errorf("counts %v, want a change at the third page to %d", counts, len(after))
	}
	if slices.Equal(rows, before) || slices.Equal(rows, after) {
		t.Error("the pages are of one state")
	}
	again, counts := v.pages("sessions", "", 25)
	if diff := cmp.Diff(after, again); diff != "" || counts[0] != len(after) {
		t.Errorf("read again, counts %v (-truth +got):\n%s", counts, diff)
	}
}

// A restatement brings, changes and takes sessions of one day of one site.
func TestRestate(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	day := func(site, from, to string) []string {
		return v.truth(piwikpro.Query{Report: "sessions", Site: site, From: from, To: to, Columns: piwikpro.Columns("session_total_events")})
	}
	before, others := day(piwikpro.SiteID(0), "2026-03-26", "2026-03-27"), day(piwikpro.SiteID(1), "2026-03-26", "2026-03-27")
	rest := day(piwikpro.SiteID(0), "2026-03-27", "")
	if err := v.Restate(piwikpro.Restatement{Site: piwikpro.SiteID(0), Day: "2026-03-26"}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(others, day(piwikpro.SiteID(1), "2026-03-26", "2026-03-27")) || !slices.Equal(rest, day(piwikpro.SiteID(0), "2026-03-27", "")) {
		t.Error("another site or day changed")
	}
	ids := func(rows []string) map[string]string {
		out := map[string]string{}
		for _, row := range rows {
			id, rest, _ := strings.Cut(row, "|")
			out[id] = rest
		}
		return out
	}
	old, now := ids(before), ids(day(piwikpro.SiteID(0), "2026-03-26", "2026-03-27"))
	came, went, changed := 0, 0, 0
	for id, text := range now {
		if was, ok := old[id]; !ok {
			came++
		} else if was != text {
			changed++
		}
	}
	for id := range old {
		if _, ok := now[id]; !ok {
			went++
		}
	}
	if came == 0 || went == 0 || changed == 0 {
		t.Errorf("%d came, %d went, %d changed; want some of each", came, went, changed)
	}
}

// The old copy of a changed session stays for a while; the truth never has it.
func TestDoubled(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	if err := v.Restate(piwikpro.Restatement{Day: "2026-03-25", Doubled: true}); err != nil {
		t.Fatal(err)
	}
	columns := "session_total_events"
	truth := v.truth(piwikpro.Query{Report: "sessions", From: "2026-03-25", To: "2026-03-26", Columns: piwikpro.Columns(columns)})
	doubled := v.rows("sessions", ask(columns))
	if doubled.Meta.Count <= len(truth) || len(doubled.Data) != doubled.Meta.Count {
		t.Errorf("%d rows, count %d, truth %d; want more than the truth", len(doubled.Data), doubled.Meta.Count, len(truth))
	}
	for i := 1; i < len(doubled.Data); i++ {
		if a, b := doubled.Data[i-1], doubled.Data[i]; a[0] == b[0] && whole(a[3]) >= whole(b[3]) {
			t.Errorf("copy %v is not older than %v", a, b)
		}
	}
	v.CleanUp()
	if diff := cmp.Diff(truth, v.rows("sessions", ask(columns)).flat()); diff != "" {
		t.Errorf("cleaned up (-truth +got):\n%s", diff)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.DuplicateEvery = 5 })
	if got := v.rows("sessions", ask(columns)).Meta.Count; got <= len(truth) {
		t.Errorf("duplicate_every: count %d, truth %d", got, len(truth))
	}
}

// Queries are cached, whole or page by page; sessions are not.
func TestCache(t *testing.T) {
	day := piwikpro.Restatement{Day: "2026-03-25"}
	order := `"order_by":[[0,"asc"],[1,"asc"]]`
	for cache, want := range map[piwikpro.Cache][2]bool{ // whether a page asked for before, and another one, are old
		piwikpro.CacheOff: {false, false}, piwikpro.CacheQuery: {true, true}, piwikpro.CachePage: {true, false},
	} {
		v := newVendor(t, piwikpro.Config{Data: small(), Answers: piwikpro.Answers{Cache: cache}})
		first := v.rows("query", ask("device_type source sessions", order, `"limit":5`))
		raw := v.rows("sessions", ask(""))
		if err := v.Restate(day); err != nil {
			t.Fatal(err)
		}
		same := v.rows("query", ask("device_type source sessions", order, `"limit":5`))
		other := v.rows("query", ask("device_type source sessions", order, `"limit":100000`))
		old := 0
		for _, row := range other.Data {
			old += int(whole(row[2]))
		}
		if got := [2]bool{cmp.Equal(first, same), old == raw.Meta.Count}; got != want {
			t.Errorf("%s: old answers %v, want %v", cache, got, want)
		}
		if v.rows("sessions", ask("")).Meta.Count == raw.Meta.Count {
			t.Errorf("%s: sessions are cached", cache)
		}
		v.ForgetCache()
		if again := v.rows("query", ask("device_type source sessions", order, `"limit":5`)); cmp.Equal(first, again) {
			t.Errorf("%s: the cache outlived its end", cache)
		}
	}
}

// The answer is packed for those who take it, unless that is switched off.
func TestGzip(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	packed := func() string {
		r := v.request("sessions", ask(""))
		r.Header.Set("Accept-Encoding", "gzip")
		w := v.do(r)
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Header().Get("Content-Encoding")
	}
	if got := packed(); got != "gzip" {
		t.Errorf("Content-Encoding %q", got)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.Gzip = piwikpro.GzipOff })
	if got := packed(); got != "" {
		t.Errorf("switched off: Content-Encoding %q", got)
	}
}
