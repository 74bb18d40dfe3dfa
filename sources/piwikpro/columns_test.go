package piwikpro_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporter/record"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

func names(t record.Table) []string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Name+" "+c.Type.String())
	}
	return out
}

func TestTables(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	const goal = "dde2dc68-b6bb-45ee-9ac2-868b6181e33f"
	tests := []struct {
		name      string
		o         sources.Options
		columns   []string
		key       []string
		noRequest bool
	}{
		{
			"query", &piwikpro.QueryOptions{Columns: []string{
				"timestamp.to_start_of_hour", "timestamp", "event_custom_dimension_173", "device_type", "goal_conversions@" + goal, "goal_conversions@3",
				"session_total_time.average", "session_total_time.sum", "user_id.unique_count", "revenue.sum", "revenue.median", "event_url.to_path",
				"custom_channel_grouping@" + goal, "bounce_rate",
			}},
			[]string{
				"website_id text", "timestamp_to_start_of_hour timestamp", "timestamp_to_start_of_hour_local local_timestamp", "timestamp date",
				"event_custom_dimension_173 text", "device_type_id integer", "device_type_label text",
				"goal_conversions_dde2dc68_b6bb_45ee_9ac2_868b6181e33f integer", "goal_conversions_3 integer",
				"session_total_time_average numeric", "session_total_time_sum integer", "user_id_unique_count integer", "revenue_sum numeric", "revenue_median numeric",
				"event_url_to_path text", "custom_channel_grouping_dde2dc68_b6bb_45ee_9ac2_868b_9c2f89 text", "bounce_rate numeric",
			},
			[]string{"website_id", "timestamp_to_start_of_hour", "timestamp", "event_custom_dimension_173", "device_type_id", "event_url_to_path", "custom_channel_grouping_dde2dc68_b6bb_45ee_9ac2_868b_9c2f89"},
			true,
		},
		{
			"sessions", piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"visitor_id", "source", "session_goals", "browser_fingerprint", "google_ads_campaign_name"}}),
			[]string{
				"website_id text", "session_id numeric", "visitor_id text", "timestamp timestamp", "timestamp_local local_timestamp",
				"source text", "session_goals json", "browser_fingerprint numeric", "google_ads_campaign_name_id integer", "google_ads_campaign_name_label text",
			},
			[]string{"website_id", "session_id"},
			true,
		},
		{
			"events", piwikpro.Events(piwikpro.RawOptions{Columns: []string{"products.name", "page_view_index", "not_documented"}}),
			[]string{
				"website_id text", "session_id numeric", "event_id numeric", "visitor_id text", "timestamp timestamp", "timestamp_local local_timestamp",
				"products_name json", "page_view_index integer", "not_documented text",
			},
			[]string{"website_id", "session_id", "event_id"},
			false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := v.Requests.Load()
			table := stream(t, open(t, v.config(), test.o, sources.Deps{})).Tables[0]
			if diff := cmp.Diff(test.columns, names(table)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.key, table.Key); diff != "" {
				t.Errorf("key (-want +got):\n%s", diff)
			}
			if asked := v.Requests.Load() - before; test.noRequest != (asked == 0) {
				t.Errorf("%d requests for documented columns", asked)
			}
		})
	}
}

// What the vendor has not documented, the engine is asked for, once.
func TestUndocumentedColumns(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	v.SetFront(answering(v, "/engine/dimensions/", `[{"column_id":"brand_new","requires_events":false,"column_meta":{"column_name":"Brand new","column_type":"[str, str]"}}]`))
	memory := new(sourcetest.Memory)
	o := piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"brand_new"}, Sites: piwikpro.Sites{WebsiteID: sandbox.SiteID(shop)}})
	want := names(stream(t, open(t, v.config(), o, sources.Deps{Memory: memory})).Tables[0])
	if got := want[len(want)-2:]; !cmp.Equal(got, []string{"brand_new_id text", "brand_new_label text"}) {
		t.Errorf("got %v", got)
	}
	before := v.Requests.Load()
	v.SetFront(answering(v, "/engine/dimensions/", `[]`)) // and what was true once stays
	if got := names(stream(t, open(t, v.config(), o, sources.Deps{Memory: memory})).Tables[0]); !cmp.Equal(got, want) || v.Requests.Load() != before {
		t.Errorf("got %v after %d requests more, want %v", got, v.Requests.Load()-before, want)
	}
}

// Cells of odd shapes keep what is in them.
func TestCells(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	row := func(cells string) string {
		return `["18446744073709551615","00ff","2026-03-05T10:00:00",` + cells + `]`
	}
	v.SetFront(answering(v, "/sessions/", `{"data":[`+strings.Join([]string{
		row(`[null,""],[0,""],[null,"0"],[],null,"a\n\u0000b"`), row(`[null,null],[0,"x"],[7,"7"],["1",2],0.10,""`),
		row(`["NA","NA"],null,["12","y"],null,"1e-3","😀,\"]["`), row(`"XX",[3,null],{"a":[1,"]"]},"[]",18446744073709551616,null`),
	}, ",\n ")+`],"meta":{"columns":["session_id","visitor_id","timestamp","location_country_name","device_type","goal_id","session_goals","revenue","source"],"count":4}}`))
	o := piwikpro.Sessions(piwikpro.RawOptions{Columns: []string{"location_country_name", "device_type", "goal_id", "session_goals", "revenue", "source"}})
	s := open(t, v.config(), o, sources.Deps{})
	got := cells(t, s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")})
	always := sourcetest.Row{"website_id": sandbox.SiteID(shop), "session_id": "18446744073709551615", "visitor_id": "00ff"}
	want := []sourcetest.Row{
		{"session_goals": "[]", "source": "a\nb"},
		{"device_type_id": "0", "device_type_label": "x", "goal_id_id": "7", "goal_id_label": "7", "session_goals": `["1",2]`, "revenue": "0.10"},
		{"location_country_name_id": "NA", "location_country_name_label": "NA", "goal_id_id": "12", "goal_id_label": "y", "revenue": "0.001", "source": `😀,"][`},
		{"location_country_name_id": "XX", "device_type_id": "3", "goal_id_label": `{"a":[1,"]"]}`, "session_goals": `"[]"`, "revenue": "18446744073709551616"},
	}
	for _, row := range want {
		for name, value := range always {
			row[name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

// cells reads rows as text, without their times.
func cells(t *testing.T, s sources.Source, req sources.Request) (rows []sourcetest.Row) {
	t.Helper()
	for page, err := range s.Read(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Batch.Rows() {
			row := sourcetest.Row{}
			for col, c := range req.Stream.Tables[0].Columns {
				cell, null := page.Batch.Cell(i, col)
				switch {
				case null || c.Type == record.Timestamp || c.Type == record.LocalTime:
				case c.Type == record.Integer:
					row[c.Name] = strconv.FormatInt(record.Int(cell), 10)
				default:
					row[c.Name] = string(cell)
				}
			}
			rows = append(rows, row)
		}
		if page.Rejects.Rows() > 0 {
			t.Errorf("%d rejects", page.Rejects.Rows())
		}
	}
	return rows
}

func TestGoalsAndTransformations(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	goals := cellsOfGoals(t, v)
	options := func(n int) sources.Options {
		return &piwikpro.QueryOptions{PageSize: n, Columns: []string{
			"timestamp.to_date", "source.lower", "session_total_time.average", "goal_conversions@" + goals[1], "goal_conversion_rate@" + goals[2], "sessions",
		}}
	}
	h := harness(t, v, shop, "UTC", options)
	h.Intervals = []sources.Interval{between(t, "2026-03-05", "2026-03-20", "UTC")}
	h.Drop, h.PageSizes = "sessions", []int{10, 1000}
	sourcetest.Run(t, h)

	byNumber := &piwikpro.QueryOptions{Columns: []string{"timestamp.to_date", "goal_conversions@2", "goal_conversions@" + goals[1]}}
	s := open(t, v.config(), byNumber, sources.Deps{})
	rows := cells(t, s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")})
	if names := names(stream(t, s).Tables[0]); len(rows) != 1 || rows[0]["goal_conversions_2"] == "" || len(names) != 4 {
		t.Errorf("got %v in %v", rows, names)
	}
}

// cellsOfGoals returns the ids of the goals of the shop.
func cellsOfGoals(t *testing.T, v *vendor) (ids []string) {
	t.Helper()
	s := open(t, v.config(), &piwikpro.GoalOptions{}, sources.Deps{})
	for _, row := range cells(t, s, sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop)}) {
		ids = append(ids, row["goal_uuid"])
	}
	return ids
}

// A reject is shown as it came, without what may not be stored.
func TestRejects(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := open(t, v.config(), sessions(0), sources.Deps{})
	req := sources.Request{Stream: stream(t, s), Part: sandbox.SiteID(shop), Interval: between(t, oneDay, nextDay, "UTC"), Zone: zone(t, "UTC")}
	table := &req.Stream.Tables[0]
	table.Columns[table.Column("operating_system_label")].Type = record.Integer
	table.Columns[table.Column("source")].Mask = func(dst, _ []byte) []byte { return append(dst, "masked"...) }
	table.Columns = append(table.Columns[:table.Column("visitor_id")], table.Columns[table.Column("visitor_id")+1:]...)
	got := collect(t.Context(), t, s, req)
	if got.err != nil || got.rejects == 0 || got.announced != got.rows+got.rejects || !strings.Contains(got.reject, `"operating_system":[`) || !strings.Contains(got.reject, "| operating_system_label | ") {
		t.Errorf("%d rows and %d rejects of %d, %v, the last one %q", got.rows, got.rejects, got.announced, got.err, got.reject)
	}
	for _, name := range []string{`"source"`, "visitor_id"} {
		if strings.Contains(got.reject, name) {
			t.Errorf("a reject shows %s: %s", name, got.reject)
		}
	}
}
