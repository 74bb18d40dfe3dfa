package piwikpro_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"exporter/record"
	sandbox "exporter/sandbox/piwikpro"
	"exporter/sources"
	"exporter/sources/piwikpro"
	"exporter/sources/sourcetest"
)

// harness puts a source of the vendor beside the vendor's own truth.
func harness(t *testing.T, v *vendor, site int, in string, options func(pageSize int) sources.Options) sourcetest.Harness {
	t.Helper()
	list := stream(t, open(t, v.config(), options(0), sources.Deps{}))
	h := sourcetest.Harness{
		Open: func(tb testing.TB, setup sourcetest.Setup) sources.Source {
			return open(tb, v.config(), options(setup.PageSize), sources.Deps{Log: setup.Log, OnRequest: setup.OnRequest})
		},
		Stream: list.Name, Part: sandbox.SiteID(site), Zone: zone(t, in),
		Empty:     between(t, "2025-01-01", "2025-01-02", in),
		PageSizes: []int{20, 7, 1000},
		Requests:  func() int { return int(v.Requests.Load()) },
		Break: func(testing.TB) {
			v.SetFront(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
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
	h.Truth = func(tb testing.TB, i sources.Interval) map[string][]sourcetest.Row {
		return map[string][]sourcetest.Row{"": truth(tb, v, list, h.Part, i, in)}
	}
	return h
}

// truth returns the vendor's rows as the table has them.
func truth(tb testing.TB, v *vendor, list sources.Stream, site string, i sources.Interval, in string) []sourcetest.Row {
	tb.Helper()
	q := sandbox.Query{Report: list.Name, Site: site}
	q.From, q.To = i.Start.In(zone(tb, in)).Format(time.DateTime), i.End.In(zone(tb, in)).Format(time.DateTime)
	raw := list.Name != "query"
	seen := map[string]bool{originWebsite: true}
	for _, c := range list.Tables[0].Columns {
		id := wire(c)
		if raw && (id == "session_id" || id == "event_id" || id == "visitor_id" || id == "timestamp") || seen[id] {
			continue
		}
		seen[id] = true
		id, goal, _ := strings.Cut(id, "@")
		transformation := ""
		if !strings.HasPrefix(id, "products.") {
			id, transformation, _ = strings.Cut(id, ".")
		}
		q.Columns = append(q.Columns, sandbox.Column{ID: id, Transformation: transformation, GoalUUID: goal})
	}
	rows, err := v.Rows(q)
	if err != nil {
		tb.Fatal(err)
	}
	var out []sourcetest.Row
	for r := range rows {
		row := sourcetest.Row{originWebsite: site}
		for _, c := range list.Tables[0].Columns {
			if text, ok := expected(tb, c, r, in); ok {
				row[c.Name] = text
			}
		}
		out = append(out, row)
	}
	return out
}

const originWebsite = "website_id"

// wire returns the column as a job asks for it.
func wire(c record.Column) string {
	name, _, _ := strings.Cut(c.Wire(), " ")
	return name
}

// expected writes down what a column holds for a row of the vendor, from the
// sheet and not from the code.
func expected(tb testing.TB, c record.Column, r sandbox.Row, in string) (string, bool) {
	tb.Helper()
	key := strings.NewReplacer("products.", "products.", ".", "__", "@", "__").Replace(wire(c))
	_, part, _ := strings.Cut(c.Wire(), " ")
	value := func(suffix string) string {
		text, _ := r.Value(key + suffix)
		return text
	}
	text := ""
	switch id, label := value("_id"), value("_label"); part {
	case "id":
		if text = id; id == "0" && label == "" {
			text = ""
		}
	case "label":
		if text = label; id == "" && label == "0" {
			text = ""
		}
	case "local":
		text = strings.Replace(value(""), "T", " ", 1)
	default:
		text = value("")
	}
	if text != "" && c.Type == record.Timestamp {
		at := sourcetest.Must[time.Time](tb)(time.ParseInLocation("2006-01-02T15:04:05", text, zone(tb, in)))
		text = first(at).UTC().Format(time.RFC3339Nano)
	}
	return text, text != ""
}

func sessions(pageSize int) sources.Options {
	return piwikpro.Sessions(piwikpro.RawOptions{PageSize: pageSize, Columns: []string{
		"visitor_returning", "source", "session_total_page_views", "session_goals", "location_country_name", "location_city_name",
		"device_type", "operating_system", "session_entry_title", "resolution", "visitor_days_since_last_session",
	}})
}

func events(pageSize int) sources.Options {
	return piwikpro.Events(piwikpro.RawOptions{PageSize: pageSize, Columns: []string{
		"event_index", "event_type", "event_url.to_path", "event_title", "page_view_index", "custom_event_value", "goal_id", "goal_uuid", "revenue", "products.name",
	}})
}

func query(pageSize int) sources.Options {
	return &piwikpro.QueryOptions{PageSize: pageSize, Columns: []string{
		"timestamp.to_date", "source", "medium", "device_type", "location_city_name", "sessions", "visitors", "page_views", "bounce_rate", "goal_conversions",
	}}
}

func TestContract(t *testing.T) {
	cfg := sandbox.Config{Answers: sandbox.Answers{Ties: sandbox.TiesChanging}}
	t.Run("sessions", func(t *testing.T) {
		h := harness(t, newVendor(t, cfg), garden, "Europe/Berlin", sessions)
		h.Intervals = []sources.Interval{
			between(t, "2026-03-27", "2026-03-28", "Europe/Berlin"), between(t, "2026-03-28", "2026-03-29", "Europe/Berlin"),
			between(t, "2026-03-29", "2026-03-30", "Europe/Berlin"), between(t, "2026-03-30", "2026-04-01", "Europe/Berlin"), // the first has 23 hours
		}
		h.Drop = "session_entry_title"
		sourcetest.Run(t, h)
	})
	t.Run("sessions by hours, autumn, numbers", func(t *testing.T) {
		data := sandbox.Data{FirstDay: "2026-10-20", Days: 10, Sites: []sandbox.Site{{Timezone: "Europe/Berlin", Sessions: 600, Tricky: true}}}
		h := harness(t, newVendor(t, sandbox.Config{Data: data, Answers: sandbox.Answers{IDs: sandbox.IDsNumbers}}), 0, "Europe/Berlin", sessions)
		h.Intervals = []sources.Interval{
			between(t, "2026-10-25 00:00:00", "2026-10-25 02:00:00", "Europe/Berlin"),
			between(t, "2026-10-25 02:00:00", "2026-10-25 03:00:00", "Europe/Berlin"), // two hours
			between(t, "2026-10-25 03:00:00", "2026-10-25 06:00:00", "Europe/Berlin"),
		}
		h.PageSizes, h.Drop = []int{12, 5}, "device_type_label"
		sourcetest.Run(t, h)
	})
	t.Run("events", func(t *testing.T) {
		h := harness(t, newVendor(t, cfg), shop, "UTC", events)
		h.Intervals = []sources.Interval{between(t, "2026-03-05", "2026-03-06", "UTC"), between(t, "2026-03-06", "2026-03-07", "UTC")}
		h.PageSizes, h.Drop = []int{60, 25}, "event_title"
		sourcetest.Run(t, h)
	})
	t.Run("query", func(t *testing.T) {
		h := harness(t, newVendor(t, cfg), garden, "Europe/Berlin", query)
		h.Intervals = []sources.Interval{
			between(t, "2026-03-27", "2026-03-29", "Europe/Berlin"), between(t, "2026-03-29", "2026-03-30", "Europe/Berlin"), between(t, "2026-03-30", "2026-04-05", "Europe/Berlin"),
		}
		h.Drop = "visitors"
		sourcetest.Run(t, h)
	})
}
