// Package hasoffers simulates the HasOffers (TUNE) Network API and Integrator
// API as far as conversions go.
//
// Two doors lead to the same rows. A call with IntegratorId or an Authorization
// header comes through the gateway, which refuses with real HTTP codes; any
// other call is the Network API's, which refuses inside HTTP 200 with status -1.
// Both then reach the network layer.
//
//	request ─► meter ─► gateway or token check ─► limits ─► faults ─► network layer ─► rows
//
// Rows are a pure function of seed, network and id (see [Network]) and are
// computed while they are written; only what drifted since is stored. Windows of
// datetime and id in their natural order are found by arithmetic, so the millionth
// page costs what the first does.
//
// Everything that is unknown about the vendor is a switch in [Config]. Nothing
// here is shared with the client that is tested against it.
package hasoffers

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
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
	tokens   tokens
	requests atomic.Uint64

	mu    sync.Mutex // one configuration after another
	state atomic.Pointer[state]
}

// state is a configuration with what it leads to; never changed once it is in force.
type state struct {
	cfg         Config
	fields      fieldSet
	networks    []*network
	integrators []*integrator
}

type integrator struct {
	Integrator
	gate *limits.Gate
}

// New returns a server whose rows follow seed and whose requests are counted in m and broken by f.
func New(seed uint64, cfg Config, m *meter.Meter, f *faults.Set) (*Server, error) {
	s := &Server{seed: seed, meter: m, faults: f, tokens: tokens{seed: seed}}
	if err := f.Add(cfg.Faults...); err != nil {
		return nil, err
	}
	return s, s.Configure(cfg)
}

// NetworkKey and IntegratorKey are the keys under which requests are counted.
func NetworkKey(id string) string { return "hasoffers:network:" + id }

// IntegratorKey is the key of an integrator; its token calls are counted under [AuthorizeKey].
func IntegratorKey(id string) string { return "hasoffers:integrator:" + id }

// AuthorizeKey is the key of a client's token calls.
func AuthorizeKey(clientID string) string { return "hasoffers:authorize:" + clientID }

// Config returns a copy of the configuration in force, defaults filled in.
func (s *Server) Config() Config {
	cfg := s.state.Load().cfg
	cfg.Integrators, cfg.Networks = slices.Clone(cfg.Integrators), slices.Clone(cfg.Networks)
	cfg.Faults, cfg.Drift = slices.Clone(cfg.Faults), slices.Clone(cfg.Drift)
	return cfg
}

// Configure puts cfg in force for the calls that arrive from now on. A network
// whose part did not change keeps what happened to its rows. A list of drifts
// happens to new networks and, if the list changed, to all. Counts of limits
// start again. Faults are changed in their set and not here.
func (s *Server) Configure(cfg Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	next := &state{cfg: cfg, fields: cfg.Answers.fieldSet()}
	for _, in := range cfg.Integrators {
		next.integrators = append(next.integrators, &integrator{Integrator: in, gate: newGate(cfg.Gateway.Limits, cfg.Gateway.Concurrent, cfg.Gateway.CountRefused)})
	}
	old := s.state.Load()
	for _, settings := range cfg.Networks {
		n, err := s.network(old, settings, cfg)
		if err != nil {
			return err
		}
		next.networks = append(next.networks, n)
	}
	again := old == nil || !reflect.DeepEqual(old.cfg.Drift, cfg.Drift)
	for _, d := range cfg.Drift {
		n, err := next.target(d)
		if err != nil {
			return err
		}
		if again || n.fresh {
			n.drift(d)
		}
	}
	s.state.Store(next)
	return nil
}

func newGate(texts []string, concurrent int, countRefused bool) *limits.Gate {
	windows, err := limits.ParseWindows(texts)
	if err != nil {
		panic(err) // validated before
	}
	return limits.NewGate(limits.Rules{Windows: windows, Concurrent: concurrent, CountRefused: countRefused})
}

// network returns the network for settings, with the history of the one it replaces if its rows are the same.
func (s *Server) network(old *state, settings Network, cfg Config) (*network, error) {
	p, err := settings.parse()
	if err != nil {
		return nil, err
	}
	n := newNetwork(s.seed, p)
	n.gate = newGate(cfg.NetworkAPI.Limits, 0, cfg.NetworkAPI.CountRefused)
	if old == nil {
		return n, nil
	}
	if before := old.find(settings.ID); before != nil && before.Network == settings {
		before.mu.Lock()
		defer before.mu.Unlock()
		n.ov, n.calls, n.pending, n.fresh = before.ov, before.calls, before.pending, false
	}
	return n, nil
}

// Update merges a JSON object into the configuration in force; lists are replaced as a whole.
func (s *Server) Update(partial []byte) error {
	cfg, err := merge.Into(s.Config(), partial, func(c *Config) *[]faults.Rule { return &c.Faults })
	if err != nil {
		return err
	}
	return s.Configure(cfg)
}

// Drift makes d happen at once or, with AfterCalls, later. It returns the ids touched at once, ascending.
func (s *Server) Drift(d Drift) ([]int64, error) {
	n, err := s.state.Load().target(d)
	if err != nil {
		return nil, err
	}
	return n.drift(d), nil
}

// Restate changes status, payout and revenue of rows of a day of the first network.
func (s *Server) Restate(day string, rows int) ([]int64, error) {
	return s.Drift(Drift{Kind: Restate, Day: day, Rows: rows})
}

// target checks d and finds its network.
func (st *state) target(d Drift) (*network, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	if d.Network == "" {
		return st.networks[0], nil
	}
	if n := st.find(d.Network); n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("drift %s: no network %q", d.Kind, d.Network)
}

func (st *state) find(networkID string) *network {
	for _, n := range st.networks {
		if n.ID == networkID {
			return n
		}
	}
	return nil
}

func (st *state) integrator(match func(Integrator) bool) *integrator {
	for _, in := range st.integrators {
		if match(in.Integrator) {
			return in
		}
	}
	return nil
}

// Handler serves /Apiv3/json, /v3/{Target}.json and /authorize.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/Apiv3/json", func(w http.ResponseWriter, r *http.Request) { s.api(w, r, "") })
	mux.HandleFunc("/v3/{file}", func(w http.ResponseWriter, r *http.Request) {
		target, ok := strings.CutSuffix(r.PathValue("file"), ".json")
		if !ok {
			http.NotFound(w, r)
			return
		}
		s.api(w, r, target)
	})
	mux.HandleFunc("/authorize", s.authorize)
	return mux
}
