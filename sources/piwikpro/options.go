package piwikpro

import (
	"encoding/json"
	"fmt"
	"slices"

	"exporter/settings"
	"exporter/sources"
)

// Sites names the sites of a job. Neither means all apps the login may see.
type Sites struct {
	WebsiteID string   `toml:"website_id"`
	Websites  []string `toml:"websites"`
}

func (w Sites) validate() []settings.Problem {
	var p []settings.Problem
	if w.WebsiteID != "" && w.Websites != nil {
		p = append(p, settings.Problemf("website_id", "stands beside websites; take one of the two out"))
	}
	if w.WebsiteID != "" && !uuidText.MatchString(w.WebsiteID) {
		p = append(p, badWebsite("website_id", w.WebsiteID))
	}
	if w.Websites != nil && len(w.Websites) == 0 {
		p = append(p, settings.Problemf("websites", "names no site; name some, or take the line out for all the login may see"))
	}
	for i, id := range w.Websites {
		key := fmt.Sprintf("websites[%d]", i)
		switch {
		case !uuidText.MatchString(id):
			p = append(p, badWebsite(key, id))
		case slices.Contains(w.Websites[:i], id):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", id))
		}
	}
	return p
}

func badWebsite(key, id string) settings.Problem {
	return settings.Problemf(key, "%q is not the id of a site or app; write one such as \"dde2dc68-b6bb-45ee-9ac2-868b6181e33f\" (the stream apps lists them)", id)
}

// ids returns the sites the job names, nil if it names none.
func (w Sites) ids() []string {
	if w.WebsiteID != "" {
		return []string{w.WebsiteID}
	}
	return w.Websites
}

// QueryOptions are what a job can say about a report.
type QueryOptions struct {
	Sites
	Columns       []string `toml:"columns"`
	Filters       []Filter `toml:"filters"`
	MetricFilters []Filter `toml:"metric_filters"`
	PageSize      int      `toml:"page_size"`
}

// RawOptions are what a job can say about sessions or events.
type RawOptions struct {
	Sites
	stream   string
	Columns  []string `toml:"columns"`
	Filters  []Filter `toml:"filters"`
	PageSize int      `toml:"page_size"`
}

// AppOptions are what a job can say about the directory of apps.
type AppOptions struct {
	PageSize int `toml:"page_size"`
}

// GoalOptions are what a job can say about goals.
type GoalOptions struct {
	Sites
	PageSize int `toml:"page_size"`
}

var (
	_ sources.Options = (*QueryOptions)(nil)
	_ sources.Options = (*RawOptions)(nil)
	_ sources.Options = (*AppOptions)(nil)
	_ sources.Options = (*GoalOptions)(nil)
	_ sources.Paged   = (*QueryOptions)(nil)
	_ sources.Paged   = (*RawOptions)(nil)
	_ sources.Paged   = (*AppOptions)(nil)
	_ sources.Paged   = (*GoalOptions)(nil)
)

// Columns asked for where a job names none.
var (
	defaultQuery    = []string{"timestamp.to_date", "source", "medium", "campaign_name", "sessions", "visitors", "page_views", "events", "goal_conversions"}
	defaultSessions = []string{
		"visitor_returning", "visitor_session_number", "source", "medium", "campaign_name", "referrer_type", "session_entry_url", "session_exit_url",
		"session_total_time", "session_total_page_views", "session_total_events", "session_total_goal_conversions",
		"device_type", "operating_system", "browser_name", "location_country_name",
	}
	defaultEvents = []string{
		"event_index", "event_type", "event_url", "event_title", "page_view_index", "custom_event_category", "custom_event_action", "custom_event_name",
		"custom_event_value", "source", "medium", "campaign_name", "goal_uuid", "revenue",
	}
)

// Validate implements sources.Options.
func (o *QueryOptions) Validate() []settings.Problem {
	p := o.Sites.validate()
	list, problems := validateColumns(o.Columns)
	p = append(p, problems...)
	if o.Columns != nil && len(problems) == 0 && !slices.ContainsFunc(list, column.tellsDay) {
		p = append(p, settings.Problemf("columns", "without the day the rows of one day could not be told from another's; add \"timestamp.to_date\""))
	}
	p = append(p, validateFilters("filters", o.Filters, queryOperators)...)
	p = append(p, validateFilters("metric_filters", o.MetricFilters, metricOperators)...)
	return append(p, validatePageSize(o.PageSize, maxRows, defaultPageSize)...)
}

// Validate implements sources.Options.
func (o *RawOptions) Validate() []settings.Problem {
	p := o.Sites.validate()
	list, problems := validateColumns(o.Columns)
	p = append(p, problems...)
	if len(problems) > 0 {
		list = nil
	}
	for i, c := range list {
		if d, known := documentedAs(c.id); c.target != "" || known && d.transformed(c).Metric || transformations[c.transformation].metric {
			p = append(p, settings.Problemf(fmt.Sprintf("columns[%d]", i), "%q is a metric, and sessions and events have dimensions only; take it out, or read it with stream = \"query\"", c.text))
		}
	}
	p = append(p, validateFilters("filters", o.Filters, rawOperators)...)
	return append(p, validatePageSize(o.PageSize, maxRows, defaultPageSize)...)
}

// Validate implements sources.Options.
func (o *AppOptions) Validate() []settings.Problem {
	return validatePageSize(o.PageSize, maxApps, defaultAppsAsked)
}

// Validate implements sources.Options.
func (o *GoalOptions) Validate() []settings.Problem {
	return append(o.Sites.validate(), validatePageSize(o.PageSize, maxRows, defaultGoals)...)
}

func validateColumns(texts []string) (list []column, p []settings.Problem) {
	if texts != nil && len(texts) == 0 {
		p = append(p, settings.Problemf("columns", "names no column; name some, or take the line out for the usual ones"))
	}
	for i, text := range texts {
		key := fmt.Sprintf("columns[%d]", i)
		c, err := parseColumn(text)
		switch {
		case err != nil:
			p = append(p, settings.Problemf(key, "%v", err))
		case slices.Contains(texts[:i], text):
			p = append(p, settings.Problemf(key, "%q is there twice; take one out", text))
		case c.id == originWebsite:
			p = append(p, settings.Problemf(key, "every row has its website_id already; take it out, or write \"website_name\" for the name too"))
		}
		list = append(list, c)
	}
	return list, p
}

func validatePageSize(n, most, usual int) []settings.Problem {
	if n < 0 || n > most {
		return []settings.Problem{settings.Problemf("page_size", "%d rows per request is out of range; write 1 to %d, usually %d", n, most, usual)}
	}
	return nil
}

// Fingerprint implements sources.Options. Sites make slices, and paging changes no row.
func (o *QueryOptions) Fingerprint() string {
	return fingerprint(streamQuery, o.Columns, o.Filters, o.MetricFilters)
}

// Fingerprint implements sources.Options.
func (o *RawOptions) Fingerprint() string { return fingerprint(o.stream, o.Columns, o.Filters, nil) }

// Fingerprint implements sources.Options.
func (o *AppOptions) Fingerprint() string { return "" }

// Fingerprint implements sources.Options.
func (o *GoalOptions) Fingerprint() string { return "" }

func fingerprint(stream string, columns []string, filters, metrics []Filter) string {
	text, _ := json.Marshal(struct { // filters hold values of TOML, which always encode
		Columns []string `json:"columns"`
		Filters []Filter `json:"filters,omitempty"`
		Metrics []Filter `json:"metric_filters,omitempty"`
	}{orDefault(stream, columns), filters, metrics})
	return string(text)
}

func orDefault(stream string, columns []string) []string {
	switch {
	case len(columns) > 0:
		return columns
	case stream == streamQuery:
		return defaultQuery
	case stream == streamSessions:
		return defaultSessions
	}
	return defaultEvents
}

// Rows implements sources.Paged.
func (o *QueryOptions) Rows() int { return o.PageSize }

// Rows implements sources.Paged.
func (o *RawOptions) Rows() int { return o.PageSize }

// Rows implements sources.Paged.
func (o *AppOptions) Rows() int { return o.PageSize }

// Rows implements sources.Paged.
func (o *GoalOptions) Rows() int { return o.PageSize }
