package hasoffers

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// source reads one network for one job.
type source struct {
	config  *Config
	options *Options
	client  *httpapi.Client
	zone    *time.Location
	now     func() time.Time

	mu      sync.Mutex
	learned learned
}

var (
	_ sources.Source  = (*source)(nil)
	_ sources.Changer = (*source)(nil)
	_ sources.Checker = (*source)(nil)
	_ io.Closer       = (*source)(nil)
)

// learned is what answers taught about the network. It spares every slice the
// same refusals and never changes what a slice holds, except for fields that are
// refused to everyone.
type learned struct {
	refused  []string // fields nobody asked for by name
	noKeyset bool     // id may not be filtered or sorted by
	urlMax   int      // 0 = as configured
	pageSize int      // 0 = as configured
}

func open(deps sources.Deps, config sources.Config, options sources.Options) (sources.Source, error) {
	c, ok := config.(*Config)
	if !ok {
		return nil, fault.New(fault.Config, "hasoffers got settings of type %T", config)
	}
	o, ok := options.(*Options)
	if !ok {
		return nil, fault.New(fault.Config, "hasoffers got options of type %T", options)
	}
	if p := append(c.Validate(), o.Validate()...); len(p) > 0 {
		return nil, fault.New(fault.Config, "%s: %s", p[0].Key, p[0].Text)
	}
	return newSource(deps, c, o, nil), nil
}

// newSource returns a source over a wire of its own, or the usual one if it is nil.
func newSource(deps sources.Deps, c *Config, o *Options, wire http.RoundTripper) *source {
	now := deps.Now
	if now == nil {
		now = time.Now
	}
	return &source{config: c, options: o, client: newClient(deps, c, wire), zone: c.Zone(), now: now}
}

// Close implements io.Closer.
func (s *source) Close() error {
	s.client.Close()
	return nil
}

// Streams implements sources.Source. The list is fixed; the network is not asked.
func (s *source) Streams(context.Context) ([]sources.Stream, error) {
	return streams(s.options.asked()), nil
}

// Check implements sources.Checker with the cheapest call there is.
func (s *source) Check(ctx context.Context) error {
	d := newDecoder(model, nil, func(*row) error { return nil })
	req := request{method: methodAll, sort: []string{fieldDatetime}, limit: 1}
	_, err := s.ask(ctx, methodAll, req.query([]string{fieldDatetime}), d)
	if err != nil && ctx.Err() != nil {
		err = stopped(ctx)
	}
	return err
}

func (s *source) refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.learned.refused)
}

// without returns the names that are not refused.
func (s *source) without(names []string) []string {
	refused := s.refused()
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(refused, n) })
}

func (s *source) learnRefused(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.learned.refused, name) {
		s.learned.refused = append(s.learned.refused, name)
	}
}

func (s *source) noKeyset() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned.noKeyset
}

func (s *source) learnNoKeyset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.noKeyset = true
}

func (s *source) urlMax() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned.urlMax > 0 {
		return s.learned.urlMax
	}
	return s.config.URLMax
}

func (s *source) learnURLMax(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned.urlMax == 0 || n < s.learned.urlMax {
		s.learned.urlMax = n
	}
}

func (s *source) pageSize() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned.pageSize > 0 {
		return s.learned.pageSize
	}
	return s.options.pageSize()
}

func (s *source) learnPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learned.pageSize = n
}
