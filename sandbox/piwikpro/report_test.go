package piwikpro_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"exporter/sandbox/piwikpro"

	"github.com/google/go-cmp/cmp"
)

const (
	sessionColumns = "visitor_session_number visitor_returning source_medium campaign_name session_goals session_total_page_views " +
		"session_total_events visitor_days_since_last_session location_country_name device_type operating_system location_city_name resolution"
	eventColumns = "event_index page_view_index event_type event_url event_title custom_event_category goal_id goal_uuid revenue order_id products.name"
)

// Sessions and events begin with the columns they always have.
func TestDefaultColumns(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for report, want := range map[string][]string{
		"sessions": {"session_id", "visitor_id", "timestamp", "device_type"},
		"events":   {"session_id", "event_id", "visitor_id", "timestamp", "device_type"},
	} {
		a := v.rows(report, ask("device_type"))
		if diff := cmp.Diff(want, a.Meta.Columns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", report, diff)
		}
		if len(a.Data) == 0 || a.Meta.Count != len(a.Data) {
			t.Errorf("%s: %d rows, count %d", report, len(a.Data), a.Meta.Count)
		}
	}
}

// What is served is the truth, whole and page by page.
func TestTruth(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	dims := "timestamp/to_date source website_name device_type location_country_name"
	cases := map[string]struct{ columns, order string }{
		"sessions": {sessionColumns, ""},
		"events":   {eventColumns, ""},
		"query":    {dims + " sessions visitors events bounce_rate session_total_time/average", `"order_by":[[0,"asc"],[1,"asc"],[2,"asc"],[3,"asc"],[4,"asc"]]`},
	}
	for report, c := range cases {
		q := piwikpro.Query{Report: report, Site: piwikpro.SiteID(1), From: "2026-03-28", To: "2026-03-31", Columns: piwikpro.Columns(strings.Fields(c.columns)...)}
		want := v.truth(q)
		if n, err := v.Count(q); err != nil || n != len(want) || n < 100 {
			t.Errorf("%s: Count = %d, %v; Rows yields %d", report, n, err, len(want))
		}
		more := []string{`"website_id":"` + piwikpro.SiteID(1) + `","date_from":"2026-03-28","date_to":"2026-03-30"`}
		if c.order != "" {
			more = append(more, c.order)
		}
		whole := v.rows(report, ask(c.columns, more...))
		if diff := cmp.Diff(want, whole.flat()); diff != "" || whole.Meta.Count != len(want) {
			t.Errorf("%s, count %d (-truth +got):\n%s", report, whole.Meta.Count, diff)
		}
		var paged []string
		for offset := 0; ; offset += 37 {
			page, _ := json.Marshal(offset)
			a := v.rows(report, ask(c.columns, append(more, `"limit":37,"offset":`+string(page))...))
			paged = append(paged, a.flat()...)
			if len(a.Data) < 37 {
				break
			}
		}
		if diff := cmp.Diff(want, paged); diff != "" {
			t.Errorf("%s in pages (-truth +got):\n%s", report, diff)
		}
	}
}

// Ids are of 64 bits, half of them beyond what a signed number holds, as strings or numbers; rows come by id.
func TestIDs(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for _, form := range []piwikpro.IDs{piwikpro.IDsStrings, piwikpro.IDsNumbers} {
		v.configure(func(c *piwikpro.Config) { c.Answers.IDs = form })
		a := v.rows("events", ask(""))
		large, last := 0, new(big.Int)
		seen := map[string]bool{}
		for _, row := range a.Data {
			number, isNumber := row[0].(json.Number)
			if isNumber != (form == piwikpro.IDsNumbers) {
				t.Fatalf("%s: id %v", form, row[0])
			}
			text := string(number)
			if !isNumber {
				text = row[0].(string)
			}
			id, ok := new(big.Int).SetString(text, 10)
			if !ok || id.Cmp(last) < 0 {
				t.Fatalf("%s: id %s after %s", form, text, last)
			}
			last = id
			if id.BitLen() > 63 {
				large++
			}
			event, _ := json.Marshal(row[1])
			if seen[string(event)] {
				t.Errorf("event %s is there twice", event)
			}
			seen[string(event)] = true
		}
		if share := float64(large) / float64(len(a.Data)); share < 0.3 || share > 0.7 {
			t.Errorf("%s: %.2f of the ids are above 2^63", form, share)
		}
	}
}

// Cells with an id and a label have the nulls of the recorded answers.
func TestOddCells(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	a := v.rows("events", ask("device_type location_country_name location_continent_iso_code operating_system location_city_name goal_id goal_uuid resolution campaign_name event_title",
		`"date_to":"2026-04-01"`))
	have := map[string]bool{}
	for _, row := range a.Data {
		for i, cell := range row[4:] {
			doc, _ := json.Marshal(cell)
			have[a.Meta.Columns[i+4]+" "+string(doc)] = true
		}
	}
	for _, want := range []string{
		`device_type [null,null]`, `device_type [0,"Desktop"]`, `location_country_name [null,""]`, `location_country_name ["NA","Namibia"]`,
		`location_continent_iso_code ["NA","North America"]`, `operating_system [null,""]`, `operating_system ["WN","WN"]`,
		`location_city_name [0,""]`, `goal_id [null,"0"]`, `goal_uuid [null,""]`, `resolution null`, `campaign_name ""`,
		`campaign_name "two\nlines"`, `campaign_name "🎉 launch"`, `event_title "Tables, chairs \u0026 more"`, `event_title "He said \"buy\""`,
	} {
		if !have[want] {
			t.Errorf("no cell %s", want)
		}
	}
}

// The figures of a query are those of the sessions and events of the day.
func TestFigures(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	sessions := v.rows("sessions", ask("session_total_events session_total_page_views is_bounce session_total_goal_conversions visitor_id"))
	var events, views, bounces, goals int64
	visitors := map[any]bool{}
	for _, row := range sessions.Data {
		events, views, bounces, goals = events+whole(row[3]), views+whole(row[4]), bounces+whole(row[5]), goals+whole(row[6])
		visitors[row[1]] = true
	}
	got := v.rows("query", ask("sessions events page_views bounces goal_conversions visitors entries bounce_rate")).Data[0]
	n := int64(len(sessions.Data))
	for i, want := range []int64{n, events, views, bounces, goals, int64(len(visitors)), n} {
		if whole(got[i]) != want {
			t.Errorf("column %d is %v, want %d", i, got[i], want)
		}
	}
	if rate, _ := got[7].(json.Number).Float64(); rate != float64(bounces)/float64(n) {
		t.Errorf("bounce_rate %v, want %d/%d", got[7], bounces, n)
	}
	// In event scope a session that goes past midnight counts on both days.
	raw := v.rows("events", ask("event_type revenue"))
	var cents int64
	orders, distinct := int64(0), map[any]bool{}
	for _, row := range raw.Data {
		distinct[row[0]] = true
		if row[5] != nil {
			f, _ := row[5].(json.Number).Float64()
			cents, orders = cents+int64(f*100+0.5), orders+1
		}
	}
	scoped := v.rows("query", ask("events sessions ecommerce_conversions revenue/sum")).Data[0]
	if whole(scoped[0]) != int64(len(raw.Data)) || whole(scoped[1]) != int64(len(distinct)) || whole(scoped[2]) != orders {
		t.Errorf("event scope %v, want %d events, %d sessions, %d orders", scoped, len(raw.Data), len(distinct), orders)
	}
	if f, _ := scoped[3].(json.Number).Float64(); int64(f*100+0.5) != cents || cents == 0 {
		t.Errorf("revenue %v, want %d cents", scoped[3], cents)
	}
}

func whole(v any) int64 {
	n, err := v.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return n
}

// Event totals agree over a range in both scopes; sessions do not, being counted on each of their days.
func TestMidnight(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	all := `"date_to":"2026-04-04"`
	plain := v.rows("query", ask("timestamp/to_date sessions events", all))
	scoped := v.rows("query", ask("timestamp/to_date sessions events revenue/sum", all))
	sum := func(a answer, column int) (n int64) {
		for _, row := range a.Data {
			n += whole(row[column])
		}
		return n
	}
	if sum(scoped, 1) <= sum(plain, 1) {
		t.Errorf("%d sessions in event scope, %d in session scope; want more", sum(scoped, 1), sum(plain, 1))
	}
	if a, b := sum(v.rows("query", ask("events revenue/sum", `"date_to":"2026-04-05"`)), 0), sum(plain, 2); a != b {
		t.Errorf("%d events in event scope with the night after, %d in session scope", a, b)
	}
	alone := int64(0)
	for n := range 11 {
		day := time.Date(2026, 3, 25+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		alone += int64(v.rows("events", ask("", `"date_from":"`+day+`","date_to":"`+day+`"`)).Meta.Count)
	}
	if want := sum(plain, 2); alone != want {
		t.Errorf("%d events day by day, want %d", alone, want)
	}
}

// Keys are those of the recorded answers.
func TestKeys(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	var goals struct{ Data []struct{ ID string } }
	if err := json.Unmarshal(v.get("/api/analytics/v1/manage/goals/?website_id="+piwikpro.SiteID(0)).Body.Bytes(), &goals); err != nil {
		t.Fatal(err)
	}
	goal := `"columns":[{"column_id":"timestamp"},{"column_id":"event_url","transformation_id":"to_path"},{"column_id":"goal_conversions","goal_id":1},` +
		`{"column_id":"goal_conversions","goal_uuid":"` + goals.Data[0].ID + `","requires_events":true},{"column_id":"visitor_id","transformation_id":"unique_count"}]`
	a := v.rows("query", ask("", goal))
	want := []string{"timestamp", "event_url__to_path", "goal_conversions__" + goals.Data[0].ID, "goal_conversions__" + goals.Data[0].ID, "visitor_id__unique_count"}
	if diff := cmp.Diff(want, a.Meta.Columns); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if row := a.Data[0]; row[0] != "2026-03-25" || !strings.HasPrefix(row[1].(string), "/p/") || row[2] != row[3] {
		t.Errorf("row %v", row)
	}
	named := v.rows("query", ask("source bounce_rate bounce_rate_events", `"column_format":"name"`))
	if diff := cmp.Diff([]string{"Source", "Bounce rate", "Bounce rate"}, named.Meta.Columns); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.QueryColumns = piwikpro.MetaColumnsNone })
	if a := v.rows("query", ask("source sessions")); a.Meta.Columns != nil || a.Meta.Count == 0 {
		t.Errorf("meta %+v, want no columns", a.Meta)
	}
}

func TestRepeated(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for repeated, want := range map[piwikpro.Repeated][]string{
		piwikpro.RepeatedPlain: {"source", "source", "sessions"}, piwikpro.RepeatedNumbered: {"source", "source_2", "sessions"},
		piwikpro.RepeatedOnce: {"source", "sessions"},
	} {
		v.configure(func(c *piwikpro.Config) { c.Answers.Repeated = repeated })
		if diff := cmp.Diff(want, v.rows("query", ask("source source sessions")).Meta.Columns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", repeated, diff)
		}
	}
	v.configure(func(c *piwikpro.Config) { c.Answers.Repeated = piwikpro.RepeatedRefused })
	v.refused("query", ask("source source sessions"), 400)
}

// Transformations of time follow the clock of the site.
func TestTransformations(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	a := v.rows("sessions", ask("timestamp/to_date timestamp/to_start_of_hour timestamp/to_hour_of_day timestamp/to_day_of_week timestamp/to_start_of_week "+
		"timestamp/to_start_of_month timestamp/to_start_of_quarter timestamp/to_start_of_year timestamp/to_month_number timestamp/to_start_of_ten_minutes session_entry_url/to_domain session_entry_url/strip_qs source/lower"))
	for _, row := range a.Data {
		at := row[2].(string)
		hour := strings.TrimPrefix(at[11:13], "0")
		got := []any{row[3], row[4], row[5].(json.Number).String(), row[6].(json.Number).String(), row[7], row[8], row[9], row[10], row[11].(json.Number).String(), row[12], row[13]}
		want := []any{"2026-03-25", at[:13] + ":00:00", hour, "3", "2026-03-23", "2026-03-01", "2026-01-01", "2026-01-01", "3", at[:15] + "0:00", "shop.example"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("of %s (-want +got):\n%s", at, diff)
		}
		if strings.Contains(row[14].(string), "?") {
			t.Errorf("strip_qs left %s", row[14])
		}
	}
	if !slices.ContainsFunc(a.Data, func(row []any) bool { return row[2].(string)[11:13] == "00" }) {
		t.Error("no session in the first hour: midnight is not tested")
	}
}

// A number is folded into one: least, most, middle, mean and sum.
func TestFolds(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	var values []int64
	var sum int64
	for _, row := range v.rows("sessions", ask("session_total_events")).Data {
		values, sum = append(values, whole(row[3])), sum+whole(row[3])
	}
	slices.Sort(values)
	got := v.rows("query", ask("session_total_events/min session_total_events/max session_total_events/median session_total_events/sum session_total_events/average")).Data[0]
	for i, want := range []int64{values[0], values[len(values)-1], values[(len(values)-1)/2], sum} {
		if whole(got[i]) != want {
			t.Errorf("column %d is %v, want %d", i, got[i], want)
		}
	}
	if mean, _ := got[4].(json.Number).Float64(); mean != float64(sum)/float64(len(values)) {
		t.Errorf("average %v, want %d/%d", got[4], sum, len(values))
	}
	// In event scope a session counts once, however many of its events there are.
	once := map[any]int64{}
	for _, row := range v.rows("events", ask("session_total_events")).Data {
		once[row[0]] = whole(row[4])
	}
	sum = 0
	for _, n := range once {
		sum += n
	}
	if scoped := v.rows("query", ask("session_total_events/sum revenue/sum")).Data[0]; whole(scoped[0]) != sum {
		t.Errorf("sum in event scope %v, want %d", scoped[0], sum)
	}
}

func TestKeyValues(t *testing.T) {
	v := newVendor(t, piwikpro.Config{Data: small()})
	for form, want := range map[piwikpro.KeyValues]string{
		piwikpro.KeyValuesCells: `"location_city_name":[`, piwikpro.KeyValuesTexts: `"location_city_name":"`,
	} {
		v.configure(func(c *piwikpro.Config) { c.Answers.KeyValues = form })
		w := v.post("query", ask("location_city_name sessions", `"format":"json-kv"`))
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"data":[{`+want) || !strings.Contains(w.Body.String(), `"meta":{"columns":["location_city_name","sessions"],"count":`) {
			t.Errorf("%s: %d %.200s", form, w.Code, w.Body)
		}
	}
}
