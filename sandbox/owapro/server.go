// Package owapro simulates the OWAPro Reporting API: the account host with its
// OAuth endpoints and the reporting host, both under one root.
//
//	/oauth/authorize, /oauth/get_refresh_token, /oauth/get_access_token
//	/api/report/customer, customer_trackgroup, config, config/{id}, dw_generate_report
//
//	request ─► meter ─► method, token ─► limits ─► faults ─► report ─► JSON or CSV
//
// What there is to report is a pure function of seed, customer, day and
// trackgroup, plus the days that were restated; see [Server.Rows] for the truth.
// Money is exact in cents; how it is printed is another matter.
//
// Everything that is unknown about the vendor is a switch in [Config]. Nothing
// here is shared with the client that is tested against it.
package owapro

import (
	"net/http"
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
	csv      atomic.Uint64 // answers in CSV

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
	s := &Server{seed: seed, meter: m, faults: f, grants: grants{seed: seed}}
	if err := f.Add(cfg.Faults...); err != nil {
		return nil, err
	}
	return s, s.Configure(cfg)
}

// ClientKey is the key under which a client's reporting calls are counted.
func ClientKey(id string) string { return "owapro:client:" + id }

// SessionKey is the key of reporting calls with a session cookie.
const SessionKey = "owapro:session"

// TokenKey is the key under which a client's calls of the account host are counted.
func TokenKey(id string) string { return "owapro:token:" + id }

// Config returns a copy of the configuration in force, defaults filled in.
func (s *Server) Config() Config {
	cfg := s.state.Load().cfg
	cfg.OAuth.Clients = slices.Clone(cfg.OAuth.Clients)
	cfg.Data.Customers, cfg.Data.Reports = slices.Clone(cfg.Data.Customers), slices.Clone(cfg.Data.Reports)
	cfg.Limits.Windows, cfg.Faults, cfg.Restate = slices.Clone(cfg.Limits.Windows), slices.Clone(cfg.Faults), slices.Clone(cfg.Restate)
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
	for _, client := range cfg.OAuth.Clients {
		s.grants.preset(client, cfg.OAuth)
	}
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

// gate returns the limits of a credential.
func (st *state) gate(key string) *limits.Gate {
	return st.gates.Of(key, st.cfg.rules)
}

// Operations as the meter and the faults know them.
const (
	opAuthorize    = "oauth/authorize"
	opRefreshToken = "oauth/get_refresh_token"
	opAccessToken  = "oauth/get_access_token"
	opCustomers    = "report/customer"
	opTrackgroups  = "report/customer_trackgroup"
	opConfigs      = "report/config"
	opConfig       = "report/config/id"
	opReport       = "report/dw_generate_report"
)

// Handler serves both hosts of the vendor.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/authorize", s.authorize)
	mux.HandleFunc("/oauth/get_refresh_token", s.token(opRefreshToken))
	mux.HandleFunc("/oauth/get_access_token", s.token(opAccessToken))
	mux.HandleFunc("/api/report/customer", s.api(http.MethodGet, opCustomers, (*call).customers))
	mux.HandleFunc("/api/report/customer_trackgroup", s.api(http.MethodGet, opTrackgroups, (*call).trackgroups))
	mux.HandleFunc("/api/report/config", s.api(http.MethodGet, opConfigs, (*call).configs))
	mux.HandleFunc("/api/report/config/{configid}", s.api(http.MethodGet, opConfig, (*call).config))
	mux.HandleFunc("/api/report/dw_generate_report", s.api(http.MethodPost, opReport, (*call).generate))
	return mux
}
