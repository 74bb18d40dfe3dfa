package piwikpro

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// source reads one account for one job.
type source struct {
	name   string
	config *Config
	stream string // of the job
	asked  asked
	client *httpapi.Client
	memory sources.Memory // nil remembers nothing
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	learned map[string]definition // of the job's columns, once they were looked up
	zones   map[string]siteZone
}

// asked is what the job's options say, of whatever stream.
type asked struct {
	sites           []string // nil = all
	columns         []column
	filters         *group
	metricFilters   *group
	limit, maxLimit int // rows per request
}

var (
	_ sources.Source  = (*source)(nil)
	_ sources.Parted  = (*source)(nil)
	_ sources.Checker = (*source)(nil)
	_ io.Closer       = (*source)(nil)
)

func open(deps sources.Deps, config sources.Config, options sources.Options) (sources.Source, error) {
	return newSource(deps, config, options, nil)
}

// newSource returns a source over a wire of its own, or the usual one if it is nil.
func newSource(deps sources.Deps, config sources.Config, options sources.Options, wire http.RoundTripper) (*source, error) {
	c, ok := config.(*Config)
	if !ok {
		return nil, fault.New(fault.Config, "piwikpro got settings of type %T", config)
	}
	if p := append(c.Validate(), options.Validate()...); len(p) > 0 {
		return nil, fault.New(fault.Config, "%s: %s", p[0].Key, p[0].Text)
	}
	s := &source{name: deps.Name, config: c, memory: deps.Memory, log: deps.Log, now: deps.Now, zones: map[string]siteZone{}}
	pageSize := 0
	switch o := options.(type) {
	case *QueryOptions:
		s.stream, s.asked.sites, pageSize = streamQuery, o.ids(), o.PageSize
		s.asked.columns = columnsOf(s.stream, o.Columns)
		s.asked.filters, s.asked.metricFilters = groupOf("and", o.Filters), groupOf("and", o.MetricFilters)
	case *RawOptions:
		s.stream, s.asked.sites, pageSize = o.stream, o.ids(), o.PageSize
		s.asked.columns, s.asked.filters = columnsOf(s.stream, o.Columns), groupOf("and", o.Filters)
	case *AppOptions:
		s.stream, pageSize = streamApps, o.PageSize
	case *GoalOptions:
		s.stream, s.asked.sites, pageSize = streamGoals, o.ids(), o.PageSize
	default:
		return nil, fault.New(fault.Config, "piwikpro got options of type %T", options)
	}
	s.asked.limit, s.asked.maxLimit = defaultPageSize, maxRows
	switch s.stream {
	case streamApps:
		s.asked.limit, s.asked.maxLimit = defaultAppsAsked, maxApps
	case streamGoals:
		s.asked.limit = defaultGoals
	}
	if pageSize > 0 {
		s.asked.limit = pageSize
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.client = newClient(deps, c, wire)
	return s, nil
}

// columnsOf returns the columns of a valid job.
func columnsOf(stream string, texts []string) []column {
	var all []column
	for _, text := range orDefault(stream, texts) {
		c, err := parseColumn(text)
		if err != nil {
			panic("piwikpro: columns were not validated: " + err.Error())
		}
		all = append(all, c)
	}
	return all
}

// Close implements io.Closer.
func (s *source) Close() error {
	s.client.Close()
	return nil
}

// Check implements sources.Checker with a list of one app.
func (s *source) Check(ctx context.Context) error {
	var ids []string
	_, err := s.list(ctx, listOfApps(), 0, checkedApps, func(raw []byte) error {
		a, err := entryOf(raw)
		ids = append(ids, a.ID)
		return err
	})
	if err == nil && s.config.Zone() != nil {
		err = s.checkZones(ctx, ids)
	}
	return s.failed(ctx, err)
}

// failed returns why the context ended, if it did, which is more than the call it broke knows.
func (s *source) failed(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	cause := context.Cause(ctx)
	var classified *fault.Error
	if errors.As(cause, &classified) {
		return cause
	}
	return fault.New(fault.ClassOf(ctx.Err()), "%w", cause)
}

// Parts implements sources.Parted: the sites, of the job or of the login.
func (s *source) Parts(ctx context.Context, stream string) ([]string, error) {
	if stream == streamApps {
		return []string{""}, nil
	}
	if s.asked.sites != nil {
		return s.asked.sites, nil
	}
	ids, err := s.apps(ctx)
	return ids, s.failed(ctx, err)
}

// apps returns the ids of all apps the login may see; meta sites are not among them.
// A list that changes while it is read is read again, a few times.
func (s *source) apps(ctx context.Context) (ids []string, err error) {
	for range 3 {
		if ids, err = s.appsOnce(ctx); fault.ClassOf(err) != fault.Drift {
			break
		}
	}
	return ids, err
}

func (s *source) appsOnce(ctx context.Context) ([]string, error) {
	moved := func(format string, args ...any) error {
		return fault.New(fault.Drift, format, args...).WithHint("Apps came or went while they were listed. Run again.")
	}
	var ids []string
	seen := map[string]bool{}
	before := unknown
	for {
		read := len(ids)
		total, err := s.list(ctx, listOfApps(), int64(read), maxApps, func(raw []byte) error {
			a, err := entryOf(raw)
			if err == nil && seen[a.ID] {
				err = moved("app %s is on the list twice", a.ID)
			}
			ids, seen[a.ID] = append(ids, a.ID), true
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case before >= 0 && total != before:
			return nil, moved("there were %d apps and now are %d", before, total)
		case int64(len(ids)) >= total:
			return ids, nil
		case len(ids) == read:
			return nil, moved("the list ends after %d of %d apps", read, total)
		}
		before = total
	}
}

// list is a directory of the vendor.
type list struct {
	what, path string
	query      url.Values
}

func listOfApps() list {
	// In the order in which they were added, new ones come last.
	return list{what: "apps", path: "/api/apps/v2", query: url.Values{"sort": {"addedAt"}}}
}

func listOfGoals(site string) list {
	return list{what: "goals of site " + site, path: "/api/analytics/v1/manage/goals/", query: url.Values{"website_id": {site}}}
}

// list asks for a page of a directory and gives its entries to each. It returns how
// many entries the vendor says there are.
func (s *source) list(ctx context.Context, l list, offset int64, limit int, each func(raw []byte) error) (total int64, err error) {
	query := url.Values{"offset": {strconv.FormatInt(offset, 10)}, "limit": {strconv.Itoa(limit)}}
	for name, values := range l.query {
		query[name] = values
	}
	got, err := s.ask(ctx, &httpapi.Request{URL: l.path, Query: query, Class: classGet, Want: mediaJSON, Header: acceptAny()}, each)
	if err == nil && got.count < 0 {
		err = fault.New(fault.Data, "the answer does not say how many there are (meta.total)").
			WithHint("The vendor's answer has another shape than known; report it.")
	}
	if err != nil && !errors.Is(err, errStopped) {
		err = fault.New(fault.ClassOf(err), "list %s: %w", l.what, err)
	}
	return got.count, err
}

const mediaJSON = "application/json"

// acceptAny takes plain JSON and JSON:API, whichever the service has.
func acceptAny() http.Header {
	return http.Header{"Accept": {"application/vnd.api+json, application/json"}}
}

// ask sends a request and reads the rows of its answer.
func (s *source) ask(ctx context.Context, r *httpapi.Request, each func(raw []byte) error) (got answer, err error) {
	resp, err := s.client.Do(ctx, r)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return decode(resp.Body, each)
}
