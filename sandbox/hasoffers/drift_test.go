package hasoffers_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"exporter/sandbox/hasoffers"

	"github.com/google/go-cmp/cmp"
)

func byID(rows []truth) map[int64]truth {
	out := map[int64]truth{}
	for _, row := range rows {
		out[row.ID] = row
	}
	return out
}

func texts(ids []int64) []string {
	var out []string
	for _, id := range ids {
		out = append(out, strconv.FormatInt(id, 10))
	}
	return out
}

func TestRestate(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}})
	before := byID(v.truth())
	for range 3 { // a second time must change the rows again
		touched, err := v.Restate("2026-11-01", 10)
		if err != nil || len(touched) != 10 {
			t.Fatalf("restated %d rows: %v", len(touched), err)
		}
		after := byID(v.truth())
		for id, row := range after {
			old := before[id]
			changed := row.text("status") != old.text("status") && row.text("payout") != old.text("payout") && row.text("revenue") != old.text("revenue")
			if changed != slices.Contains(touched, id) {
				t.Errorf("row %d changed: %v, touched: %v", id, changed, slices.Contains(touched, id))
			}
			if day := row.text("datetime")[:10]; changed && day != "2026-11-01" {
				t.Errorf("row %d of %s changed", id, day)
			}
			if row.text("status_code") != old.text("status_code") || row.text("tune_event_id") != old.text("tune_event_id") {
				t.Errorf("row %d: a fixed value changed", id)
			}
		}
		before = after
	}
}

func TestEditedMethods(t *testing.T) {
	network := small()
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{network}})
	at := "2026-11-20T12:00:00Z"
	updated, err := v.Drift(hasoffers.Drift{Kind: hasoffers.Restate, Day: "2026-11-01", Rows: 5, At: at})
	if err != nil {
		t.Fatal(err)
	}
	added, err := v.Drift(hasoffers.Drift{Kind: hasoffers.Backdate, Day: "2026-10-31", Rows: 3, At: at})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Drift(hasoffers.Drift{Kind: hasoffers.Arrive, Day: "2026-10-31", Rows: 2, At: at}); err != nil {
		t.Fatal(err)
	}
	ask := func(method, from, to string) []string {
		return v.page(v.call(method, "start_date="+from, "end_date="+to, "sort[id]=asc", "fields[]=id"), false).keys
	}
	for _, c := range []struct {
		method, from, to string
		want             []string
	}{
		{"findUpdatedConversions", "2026-11-20", "2026-11-20", texts(updated)},
		{"findUpdatedConversions", "2026-11-01", "2026-11-19", nil},
		{"findAddedConversions", "2026-11-19", "2026-11-21", texts(added)},
		{"findAddedConversions", "2026-11-21", "2026-11-30", nil},
	} {
		if diff := cmp.Diff(c.want, ask(c.method, c.from, c.to)); diff != "" {
			t.Errorf("%s %s to %s (-want +got):\n%s", c.method, c.from, c.to, diff)
		}
	}
	paged := v.page(v.call("findUpdatedConversions", "start_date=2026-11-20", "end_date=2026-11-20", "limit=2", "page=3"), true)
	if paged.Count != 5 || paged.PageCount != 3 || len(paged.keys) != 1 {
		t.Errorf("third page of two: %+v", paged)
	}
	if err := v.Update([]byte(`{"answers":{"updates_by":"conversion"}}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(updated), ask("findUpdatedConversions", "2026-11-01", "2026-11-01")); diff != "" {
		t.Errorf("by conversion date (-want +got):\n%s", diff)
	}
	if a := v.call("findAddedConversions", "start_date=2026-11-01"); *a.Response.ErrorMessage != "Missing required argument: end_date" {
		t.Errorf("without an end: %s", a.Body)
	}
	if a := v.call("findAddedConversions", "start_date=2026-11-01", "end_date=soon"); *a.Response.ErrorMessage != "Invalid value for argument: end_date" {
		t.Errorf("bad end: %s", a.Body)
	}
}

func TestAddsAndDeletes(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}})
	before := ids(v.truth())
	highest := slices.Max(before)
	var added []int64
	for _, kind := range []hasoffers.DriftKind{hasoffers.Arrive, hasoffers.Backdate, hasoffers.Arrive} {
		touched, err := v.Drift(hasoffers.Drift{Kind: kind, Day: "2026-10-31", Rows: 4})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range touched {
			if id <= highest {
				t.Errorf("%s: new id %d is not above %d", kind, id, highest)
			}
			highest = id
		}
		added = append(added, touched...)
	}
	rows := byID(v.truth())
	for _, id := range added {
		if day := rows[id].text("datetime")[:10]; day != "2026-10-31" {
			t.Errorf("added row %d is of %s", id, day)
		}
		single := v.page(v.call("findAll", "filters[id]="+strconv.FormatInt(id, 10)), false)
		if diff := cmp.Diff(rows[id].values, single.rows[0]); diff != "" {
			t.Errorf("added row %d (-truth +wire):\n%s", id, diff)
		}
	}
	gone, err := v.Drift(hasoffers.Drift{Kind: hasoffers.Delete, Day: "2026-10-31", Rows: 20})
	if err != nil || len(gone) != 20 {
		t.Fatalf("deleted %d rows: %v", len(gone), err)
	}
	left := byID(v.truth())
	for _, id := range gone {
		if _, there := left[id]; there || string(v.call("findById", "id="+strconv.FormatInt(id, 10)).Response.Data) != "null" {
			t.Errorf("deleted row %d is still there", id)
		}
	}
	if want := len(before) + len(added) - len(gone); len(left) != want {
		t.Errorf("%d rows left, want %d", len(left), want)
	}
	count, err := v.Count("", time.Time{}, time.Time{})
	if err != nil || int(count) != len(left) {
		t.Errorf("count is %d, %v; there are %d", count, err, len(left))
	}
}

// A drift after N calls is not seen by call N and by nobody's earlier page, and by every later one.
func TestDriftBetweenPages(t *testing.T) {
	drift := []hasoffers.Drift{
		{Kind: hasoffers.Arrive, Day: "2026-10-30", Rows: 3, AfterCalls: 1},
		{Kind: hasoffers.Delete, Day: "2026-10-30", Rows: 1, AfterCalls: 2},
	}
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}, Drift: drift})
	var counts []int
	for range 3 {
		counts = append(counts, v.findAll("limit=10", "sort[id]=asc").Count)
	}
	if diff := cmp.Diff([]int{480, 483, 482}, counts); diff != "" {
		t.Errorf("counts of three calls (-want +got):\n%s", diff)
	}
	if calls, err := v.Calls(""); err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestDriftAtOnce(t *testing.T) {
	v := newVendor(t, hasoffers.Config{Networks: []hasoffers.Network{small()}, Drift: []hasoffers.Drift{{Kind: hasoffers.Delete, Day: "2026-10-30", Rows: 200}}})
	if got := len(v.truth()); got != 4*96 {
		t.Errorf("%d rows after a whole day is gone, want %d", got, 4*96)
	}
	if err := v.Update([]byte(`{"answers":{"max_limit":5}}`)); err != nil {
		t.Fatal(err)
	}
	if got := v.findAll("limit=10"); got.Count != 4*96 || len(got.rows) != 5 {
		t.Errorf("after a change of answers: count %d, %d rows", got.Count, len(got.rows))
	}
}

// A network that is made anew has its drifts again, one that stays does not have them twice.
func TestDriftSurvivesConfiguration(t *testing.T) {
	v := newVendor(t, hasoffers.Config{
		Networks: []hasoffers.Network{small(), {ID: "second", FirstDay: "2026-10-30", Days: 1, RowsPerDay: 50}},
		Drift: []hasoffers.Drift{
			{Kind: hasoffers.Delete, Day: "2026-10-30", Rows: 10}, {Kind: hasoffers.Delete, Day: "2026-10-30", Rows: 10, Network: "second"},
		},
	})
	cfg := v.Config()
	cfg.Networks[1].RowsPerDay = 60
	if err := v.Configure(cfg); err != nil {
		t.Fatal(err)
	}
	for network, want := range map[string]int64{"demo": 5*96 - 10, "second": 60 - 10} {
		if got, err := v.Count(network, time.Time{}, time.Time{}); err != nil || got != want {
			t.Errorf("network %s has %d rows, want %d; %v", network, got, want, err)
		}
	}
}

func TestBadDrift(t *testing.T) {
	v := newVendor(t, hasoffers.Config{})
	for _, d := range []hasoffers.Drift{
		{Kind: "explode", Day: "2026-01-01"},
		{Kind: hasoffers.Delete, Day: "soon"},
		{Kind: hasoffers.Delete, Day: "2026-01-01", Rows: -1},
		{Kind: hasoffers.Delete, Day: "2026-01-01", Network: "x"},
		{Kind: hasoffers.Delete, Day: "2026-01-01", At: "soon"},
	} {
		if _, err := v.Drift(d); err == nil {
			t.Errorf("%+v is accepted", d)
		}
	}
}
