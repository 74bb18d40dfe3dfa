package owapro

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// source reads for one job.
type source struct {
	name   string
	config *Config
	// options of the stream the source was opened for; the others are nil.
	report      *Options
	trackgroups *TrackgroupOptions
	list        *ListOptions

	client   *httpapi.Client // logged in
	bare     *httpapi.Client // not logged in
	login    *login          // nil with a session cookie
	remember *memory
	log      *slog.Logger
	now      func() time.Time

	probing sync.Mutex // held while the definition is looked up
	mu      sync.Mutex
	learned learned
}

// learned is what answers taught in this run.
type learned struct {
	definition *definition
	jsonOnly   string // why the server is no longer asked for CSV, "" while it is
	csvOnly    bool   // it answers CSV to whatever it is asked
	openEnd    bool   // its CSV has no line end behind the last line
	longest    int64  // lines of the longest page
	dicts      map[string]dicts
	currencies map[string]string // of customers, in which the job's amounts are
}

var (
	_ sources.Source  = (*source)(nil)
	_ sources.Parted  = (*source)(nil)
	_ sources.Checker = (*source)(nil)
)

func open(deps sources.Deps, config sources.Config, options sources.Options) (sources.Source, error) {
	c, ok := config.(*Config)
	if !ok {
		return nil, fault.New(fault.Config, "owapro got settings of type %T", config)
	}
	if p := c.Validate(); len(p) > 0 {
		return nil, fault.New(fault.Config, "%s: %s", p[0].Key, p[0].Text)
	}
	s := &source{name: deps.Name, config: c, remember: &memory{store: deps.Memory}, log: deps.Log, now: deps.Now}
	s.learned.dicts, s.learned.currencies = map[string]dicts{}, map[string]string{}
	switch o := options.(type) {
	case *Options:
		s.report = o
	case *TrackgroupOptions:
		s.trackgroups = o
	case *ListOptions:
		s.list = o
	default:
		return nil, fault.New(fault.Config, "owapro got options of type %T", options)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.connect(deps, nil)
	return s, nil
}

// connect makes the clients, over a wire of their own or the usual one if it is nil.
func (s *source) connect(deps sources.Deps, wire http.RoundTripper) {
	c := s.config
	cfg := httpapi.Config{
		BaseURL: c.BaseURL, AllowInsecure: c.AllowInsecure, Limiter: deps.Limiter, Log: deps.Log, OnRequest: deps.OnRequest,
		HeaderTimeout: c.Timeout.Std(), BodyTimeout: c.BodyTimeout.Std(),
		Classify:     classify(deps.Name, c.HASID != ""),
		Secrets:      []string{c.HASID.Reveal(), c.ClientSecret.Reveal(), c.RefreshToken.Reveal()},
		RoundTripper: wire,
	}
	if c.HASID != "" {
		cfg.Auth = session(c.HASID)
		s.client = httpapi.New(cfg)
		return
	}
	cfg.Origins = []string{c.AccountURL}
	s.bare = httpapi.New(cfg)
	s.login = newLogin(deps, c)
	cfg.Auth = s.login.auth
	s.client = httpapi.New(cfg)
}

// Check implements sources.Checker with the cheapest call there is.
func (s *source) Check(ctx context.Context) error {
	_, err := s.listPage(ctx, listOf(streamConfigs, ""), 1, 1, func(entry) error { return nil })
	if err != nil {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		return err
	}
	_, err = s.expiry(ctx) // logged there
	return err
}

// Parts implements sources.Parted: the customers, of the job or of the login.
func (s *source) Parts(ctx context.Context, stream string) ([]string, error) {
	switch stream {
	case streamReport, streamTrackgroups:
		return s.customers(ctx)
	default:
		return []string{""}, nil
	}
}

// customers returns the ids the job names, or all that the login sees.
func (s *source) customers(ctx context.Context) ([]string, error) {
	switch {
	case s.report != nil && len(s.report.Customers) > 0:
		return s.report.Customers, nil
	case s.trackgroups != nil && len(s.trackgroups.Customers) > 0:
		return s.trackgroups.Customers, nil
	}
	var ids []string
	err := s.wholeList(ctx, listOf(streamCustomers, ""), func(e entry) error {
		ids = append(ids, e.id)
		return nil
	})
	if err != nil && ctx.Err() != nil {
		err = stopped(ctx)
	}
	return ids, err
}

func (s *source) jsonOnly() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned.jsonOnly
}

func (s *source) csvOnly() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned.csvOnly
}

// longest returns the lines of the longest page before this one.
func (s *source) longest(lines int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.learned.longest
	s.learned.longest = max(before, lines)
	return before
}

// openEnd tells whether CSV without a line end at its end was found to be whole.
func (s *source) openEnd() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned.openEnd
}

func (s *source) learnOpenEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.openEnd = true
}

// learnJSON notes that CSV is of no use any more; it reports whether that is news.
func (s *source) learnJSON(why string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.learned.jsonOnly == ""
	if news {
		s.learned.jsonOnly = why
	}
	return news
}

func (s *source) learnCSV() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.csvOnly = true
}

func (s *source) knownCurrency(customer string) (currency string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	currency, known = s.learned.currencies[customer]
	return currency, known
}

func (s *source) learnCurrency(customer, currency string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.currencies[customer] = currency
}
