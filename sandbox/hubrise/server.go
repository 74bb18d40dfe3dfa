// Package hubrise simulates the HubRise API: the account host with its OAuth
// endpoints and the API host, both under one root.
//
//	/oauth2/v1/authorize, token, revoke
//	/v1/account, locations, .../orders, .../customer_lists, /customer_lists/..., .../catalogs, /catalogs/..., user, callback
//
//	request ─► meter ─► token ─► limits ─► faults ─► level, scope ─► document or page
//
// What there is is a pure function of seed, location, day and number, plus what
// was mutated; see [Server.Rows] for the truth. Money is exact in cents.
//
// Everything that is unknown about the vendor is a switch in [Config]. Nothing
// here is shared with the client that is tested against it.
package hubrise

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
	seed    uint64
	meter   *meter.Meter
	faults  *faults.Set
	grants  grants
	history history
	cursors atomic.Uint64 // given out

	mu    sync.Mutex // one configuration after another
	state atomic.Pointer[state]
}

// state is a configuration with what it leads to; only its gates change once it is in force.
type state struct {
	cfg   Config
	world *world
	gates limits.Gates
}

// New returns a server whose data follow seed and whose requests are counted in m and broken by f.
func New(seed uint64, cfg Config, m *meter.Meter, f *faults.Set) (*Server, error) {
	s := &Server{seed: seed, meter: m, faults: f, grants: grants{seed: seed}}
	if err := f.Add(cfg.Faults...); err != nil {
		return nil, err
	}
	return s, s.Configure(cfg)
}

// ConnectionKey is the key under which the calls of a token are counted.
func ConnectionKey(token string) string { return "hubrise:token:" + token }

// HeavyKey is the key under which its high-load calls are counted once more.
func HeavyKey(token string) string { return "hubrise:heavy:" + token }

// OAuthKey is the key under which a client's calls of the account host are counted.
func OAuthKey(client string) string { return "hubrise:oauth:" + client }

// Config returns a copy of the configuration in force, defaults filled in.
func (s *Server) Config() Config {
	cfg := s.state.Load().cfg
	cfg.OAuth.Clients, cfg.OAuth.Tokens = slices.Clone(cfg.OAuth.Clients), slices.Clone(cfg.OAuth.Tokens)
	cfg.Limits.Windows, cfg.Limits.Heavy = slices.Clone(cfg.Limits.Windows), slices.Clone(cfg.Limits.Heavy)
	cfg.Limits.HeavyCalls = slices.Clone(cfg.Limits.HeavyCalls)
	cfg.Faults, cfg.Mutations = slices.Clone(cfg.Faults), slices.Clone(cfg.Mutations)
	cfg.Data.Accounts = slices.Clone(cfg.Data.Accounts)
	for i := range cfg.Data.Accounts {
		a := &cfg.Data.Accounts[i]
		a.Locations, a.Lists, a.Catalogs = slices.Clone(a.Locations), slices.Clone(a.Lists), slices.Clone(a.Catalogs)
	}
	return cfg
}

// Configure puts cfg in force for the calls that arrive from now on. Tokens and
// mutations stay; a list of mutations happens if it changed. Counts of limits
// start again. Faults are changed in their set and not here.
func (s *Server) Configure(cfg Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	next := &state{cfg: cfg, world: newWorld(s.seed, cfg)}
	for _, token := range cfg.OAuth.Tokens {
		if err := s.grants.preset(next.world, token); err != nil {
			return err
		}
	}
	if old := s.state.Load(); old == nil || !reflect.DeepEqual(old.cfg.Mutations, cfg.Mutations) {
		for _, m := range cfg.Mutations {
			if _, err := s.history.mutate(next.world, m); err != nil {
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

// gate returns the limits under a key.
func (st *state) gate(key string, windows []string) *limits.Gate {
	return st.gates.Of(key, func() (limits.Rules, error) { return st.cfg.rules(windows) })
}

// Mutate makes m happen, at once or later, and returns the ids of what it is about.
func (s *Server) Mutate(m Mutation) ([]string, error) {
	return s.history.mutate(s.state.Load().world, m)
}

// Handler serves both hosts of the vendor.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth2/v1/authorize", s.authorize)
	mux.HandleFunc("/oauth2/v1/token", s.app(opToken, (*tokenCall).redeem))
	mux.HandleFunc("/oauth2/v1/revoke", s.app(opRevoke, (*tokenCall).revoke))
	mux.HandleFunc("/v1/", s.api)
	return mux
}
