package hubrise

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
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
	orders *Options     // of the stream orders, nil for another
	list   *ListOptions // of the other streams, nil for orders

	client *httpapi.Client // logged in
	bare   *httpapi.Client // not logged in
	login  *login          // nil with a token from the configuration
	log    *slog.Logger
	now    func() time.Time

	connecting sync.Mutex // held while the connection is looked at
	connected  *connection
}

var (
	_ sources.Source  = (*source)(nil)
	_ sources.Parted  = (*source)(nil)
	_ sources.Checker = (*source)(nil)
)

func open(deps sources.Deps, config sources.Config, options sources.Options) (sources.Source, error) {
	c, ok := config.(*Config)
	if !ok {
		return nil, fault.New(fault.Config, "hubrise got settings of type %T", config)
	}
	if p := c.Validate(); len(p) > 0 {
		return nil, fault.New(fault.Config, "%s: %s", p[0].Key, p[0].Text)
	}
	s := &source{name: deps.Name, config: c, log: deps.Log, now: deps.Now}
	switch o := options.(type) {
	case *Options:
		s.orders = o
	case *ListOptions:
		s.list = o
	default:
		return nil, fault.New(fault.Config, "hubrise got options of type %T", options)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.dial(deps)
	return s, nil
}

// dial makes the clients.
func (s *source) dial(deps sources.Deps) {
	c := s.config
	class := &classifier{source: deps.Name, now: s.now, login: "Set access_token of source " + deps.Name + " to a new one if that is over."}
	cfg := httpapi.Config{
		BaseURL: c.BaseURL, AllowInsecure: c.AllowInsecure, Limiter: deps.Limiter, Log: deps.Log, OnRequest: deps.OnRequest,
		HeaderTimeout: c.Timeout.Std(), Classify: class.classify,
		Secrets: []string{c.AccessToken.Reveal(), c.ClientSecret.Reveal()},
	}
	if c.AccessToken != "" {
		cfg.Auth = fixedToken(c.AccessToken)
		s.client = httpapi.New(cfg)
		return
	}
	cfg.Origins = []string{c.AuthURL}
	s.bare = httpapi.New(cfg)
	s.login = newLogin(deps, c)
	class.login = "To connect it anew, r" + s.login.again()[1:]
	cfg.Auth = s.login.auth
	s.client = httpapi.New(cfg)
}

// Streams implements sources.Source. What there is, is known without asking.
func (s *source) Streams(context.Context) ([]sources.Stream, error) {
	var all []sources.Stream
	for _, k := range Driver().Kinds {
		stream := sources.Stream{Name: k.Name, Doc: k.Doc}
		for _, shape := range s.shapes(k.Name) {
			stream.Tables = append(stream.Tables, shape.table())
		}
		all = append(all, stream)
	}
	return all, nil
}

// shapes returns the tables of a stream.
func (s *source) shapes(stream string) []shape {
	switch stream {
	case streamOrders:
		return orderShapes(s.orders != nil && s.orders.Raw)
	case streamCustomers:
		return customerShapes()
	case streamCatalogs:
		return catalogShapes()
	case streamLocations:
		return locationShapes()
	}
	return nil
}

// Check implements sources.Checker with the cheapest call there is.
func (s *source) Check(ctx context.Context) error {
	_, err := s.probe(ctx)
	if err != nil && ctx.Err() != nil {
		return stopped(ctx)
	}
	return err
}

// Parts implements sources.Parted: the account in one pass where the token is for
// it, else location after location.
func (s *source) Parts(ctx context.Context, stream string) ([]string, error) {
	if stream == streamOrders && s.orders != nil && len(s.orders.Locations) > 0 {
		return s.orders.Locations, nil
	}
	c, err := s.connection(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = stopped(ctx)
		}
		return nil, err
	}
	return []string{c.part()}, nil
}

// permission tells a failure for want of a scope which one a stream needs.
func (s *source) permission(stream string, err error) error {
	if statusOf(err) != http.StatusForbidden || fault.ClassOf(err) != fault.Auth {
		return err
	}
	hint := fmt.Sprintf("The stream %s needs the permission %s.", stream, scopeTexts[stream])
	asked := slices.ContainsFunc(scopes[stream], func(one string) bool { return strings.Contains(s.config.Scope, one) })
	switch {
	case s.login == nil:
		hint += " Get an access_token that has it."
	case asked:
		hint += fmt.Sprintf(" The source asks for it already, with scope = %q, so it was not granted: run `exporter auth login %s` and allow it.", s.config.Scope, s.name)
	default:
		hint += fmt.Sprintf(" The source asks for scope = %q: add it there, then run `exporter auth login %s`.", s.config.Scope, s.name)
	}
	return fault.New(fault.Auth, "%w", err).WithHint("%s", hint)
}
