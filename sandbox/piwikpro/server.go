// Package piwikpro simulates the Piwik PRO Analytics Suite as an export sees it.
//
//	POST /auth/token
//	GET  /api/apps/v2, /api/apps/v2/{id}, /api/meta-sites/v1, /api/meta-sites/v1/{id}/apps
//	GET  /api/analytics/v1/manage/goals/, .../custom-dimensions/
//	GET  /analytics/api/engine/dimensions/, /analytics/api/engine/metrics/
//	POST /api/analytics/v1/query/, .../sessions/, .../events/
//
//	request ─► meter ─► token ─► limits by verb ─► faults ─► sessions of the days ─► JSON or CSV
//
// The sessions of a day are a pure function of seed, site, day and how often the
// day was restated; they are made while they are sent and never held. A place of
// a day has its share of the 64 bits of a session id, so that a day comes out in
// the order of ids and several days are merged. See [Server.Rows] for the truth.
// Money is exact in cents; instants are Unix seconds, clocks show those of the site.
//
// Everything that is unknown about the vendor is a switch in [Config]. Nothing
// here is shared with the client that is tested against it.
package piwikpro

import (
	"net/http"
	"path"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
	"exporter/sandbox/merge"
	"exporter/sandbox/meter"
)

// Server is the simulated vendor. Make one with [New]; safe for concurrent use.
type Server struct {
	seed     uint64
	meter    *meter.Meter
	faults   *faults.Set
	grants   grants
	history  history
	requests atomic.Uint64

	mu    sync.Mutex // one configuration after another
	state atomic.Pointer[state]
}

// state is a configuration with what it leads to; only its gates change once it is in force.
type state struct {
	cfg   Config
	world *world
	gates limits.Gates
}

// New returns a server whose rows follow seed and whose requests are counted in m and broken by f.
func New(seed uint64, cfg Config, m *meter.Meter, f *faults.Set) (*Server, error) {
	s := &Server{seed: seed, meter: m, faults: f}
	s.history.now = &snapshot{}
	if err := f.Add(cfg.Faults...); err != nil {
		return nil, err
	}
	return s, s.Configure(cfg)
}

// Keys of the meter: calls by verb; those for tokens only where [Limits].Tokens counts them.
const (
	GetKey  = "piwikpro:GET"
	PostKey = "piwikpro:POST"
)

// ClientKey is the key under which a client's API calls are counted.
func ClientKey(id string) string { return "piwikpro:client:" + id }

// TokenKey is the key under which a client's calls for tokens are counted.
func TokenKey(id string) string { return "piwikpro:token:" + id }

func verbKey(method string) string {
	if method == verbGet {
		return GetKey
	}
	return PostKey
}

// Config returns a copy of the configuration in force, defaults filled in.
func (s *Server) Config() Config {
	cfg := s.state.Load().cfg
	cfg.Auth.Clients = slices.Clone(cfg.Auth.Clients)
	cfg.Data.Sites, cfg.Data.MetaSites = slices.Clone(cfg.Data.Sites), slices.Clone(cfg.Data.MetaSites)
	cfg.Limits.Get, cfg.Limits.Post = slices.Clone(cfg.Limits.Get), slices.Clone(cfg.Limits.Post)
	cfg.Faults, cfg.Restate = slices.Clone(cfg.Faults), slices.Clone(cfg.Restate)
	return cfg
}

// Configure puts cfg in force for the calls that arrive from now on. Tokens and
// restated days stay; a list of restatements happens if it changed. Counts of
// limits start again. Faults are changed in their set and not here.
func (s *Server) Configure(cfg Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	next := &state{cfg: cfg, world: newWorld(s.seed, cfg.Data)}
	if old := s.state.Load(); old == nil || !reflect.DeepEqual(old.cfg.Restate, cfg.Restate) {
		for _, r := range cfg.Restate {
			if err := s.history.restate(next.world, r); err != nil {
				return err
			}
		}
	}
	s.state.Store(next)
	return nil
}

// Update merges a JSON object into the configuration in force; lists are replaced as a whole.
func (s *Server) Update(partial []byte) error {
	cfg, err := merge.Into(s.Config(), partial, func(c *Config) *[]faults.Rule { return &c.Faults })
	if err != nil {
		return err
	}
	return s.Configure(cfg)
}

// Verbs as the limits know them: everything that is no GET counts as POST.
const (
	verbGet  = http.MethodGet
	verbPost = http.MethodPost
)

// group names the calls a limit counts together.
func (st *state) group(method, op, client string) string {
	key := verbKey(method)
	switch st.cfg.Limits.Group {
	case GroupEndpoint:
		key += " " + op
	case GroupClient:
		key += " " + client
	}
	return key
}

// gate returns the limits of a group.
func (st *state) gate(group, method string) *limits.Gate {
	return st.gates.Of(group, func() (limits.Rules, error) { return st.cfg.Limits.rules(method) })
}

// Operations as the meter and the faults know them.
const (
	opToken      = "auth/token"
	opApps       = "apps"
	opApp        = "apps/id"
	opMetas      = "meta-sites"
	opMetaApps   = "meta-sites/id/apps"
	opGoals      = "goals"
	opCustom     = "custom-dimensions"
	opDimensions = "dimensions"
	opMetrics    = "metrics"
	opQuery      = "query"
	opSessions   = "sessions"
	opEvents     = "events"
)

// Handler serves the vendor's host.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/token", s.token)
	get := func(at, op string, answer func(*call) *problem) {
		mux.HandleFunc(at, s.api(http.MethodGet, op, answer))
	}
	get("/api/apps/v2", opApps, (*call).apps)
	get("/api/apps/v2/{id}", opApp, (*call).app)
	get("/api/meta-sites/v1", opMetas, (*call).metaSites)
	get("/api/meta-sites/v1/{id}/apps", opMetaApps, (*call).metaApps)
	get("/api/analytics/v1/manage/goals/{$}", opGoals, (*call).goals)
	get("/api/analytics/v1/manage/custom-dimensions/{$}", opCustom, (*call).customDimensions)
	get("/analytics/api/engine/dimensions/{$}", opDimensions, (*call).dimensionList)
	get("/analytics/api/engine/metrics/{$}", opMetrics, (*call).metricList)
	for op, answer := range map[string]func(*call) *problem{opQuery: (*call).query, opSessions: (*call).raw, opEvents: (*call).raw} {
		at := "/api/analytics/v1/" + op
		mux.HandleFunc(at+"/{$}", s.api(http.MethodPost, op, answer))
		mux.HandleFunc(at, s.slashless(s.api(http.MethodPost, op, answer)))
	}
	return mux
}

// slashless serves a report path without its trailing slash.
func (s *Server) slashless(served http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch s.state.Load().cfg.Answers.Slash {
		case SlashRedirect:
			w.Header().Set("Location", path.Base(r.URL.Path)+"/") // relative: the room may have a prefix
			w.WriteHeader(http.StatusMovedPermanently)
		case SlashMissing:
			http.NotFound(w, r)
		default:
			served(w, r)
		}
	}
}
