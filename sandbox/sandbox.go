// Package sandbox serves the vendors' APIs from this machine: for the demo, for
// users without credentials, for tests and for benchmarks.
//
// A vendor is a room of its own (packages hasoffers, owapro, piwikpro, hubrise); the counters, the limits and
// the faults are shared by all rooms. A room is built from the vendor sheet and
// never from the source that reads it: what both got wrong would look right.
//
//	/hasoffers/...    a vendor, also at its own paths: /Apiv3/json, /v3/, /authorize
//	/owapro/...       a vendor, also at its own paths: /oauth/, /api/report/
//	/hubrise/...      a vendor, also at its own paths: /oauth2/v1/, /v1/
//	/piwikpro/...     a vendor, also at its own paths: /auth/token, /api/apps/, /api/meta-sites/, /api/analytics/, /analytics/api/
//	/_sandbox/...     counters and switches, for other processes
//
// The sandbox is open to everyone who reaches it and belongs on loopback only.
package sandbox

import (
	"fmt"
	"net/http"

	"exporter/sandbox/faults"
	"exporter/sandbox/hasoffers"
	"exporter/sandbox/hubrise"
	"exporter/sandbox/meter"
	"exporter/sandbox/owapro"
	"exporter/sandbox/piwikpro"

	"github.com/go-json-experiment/json"
)

// Config is what all rooms look like. The zero value answers at once and without limits.
type Config struct {
	Seed      uint64           `json:"seed"` // decides every row
	HasOffers hasoffers.Config `json:"hasoffers"`
	OWAPro    owapro.Config    `json:"owapro"`
	HubRise   hubrise.Config   `json:"hubrise"`
	PiwikPRO  piwikpro.Config  `json:"piwikpro"`
}

// Default returns the vendors as they are known, limits included.
func Default() Config {
	return Config{Seed: 1, HasOffers: hasoffers.Default(), OWAPro: owapro.Default(), HubRise: hubrise.Default(), PiwikPRO: piwikpro.Default()}
}

// Parse reads a JSON configuration over [Default]. Unknown keys are errors.
func Parse(data []byte) (Config, error) {
	cfg := Default()
	if err := json.Unmarshal(data, &cfg, json.RejectUnknownMembers(true)); err != nil {
		return Config{}, fmt.Errorf("read sandbox configuration: %w", err)
	}
	return cfg, nil
}

// Sandbox is a set of rooms. Make one with [New]; safe for concurrent use.
type Sandbox struct {
	meter     *meter.Meter
	faults    *faults.Set
	hasOffers *hasoffers.Server
	owaPro    *owapro.Server
	hubRise   *hubrise.Server
	piwikPRO  *piwikpro.Server
}

// New returns a sandbox that has served nobody yet.
func New(cfg Config) (*Sandbox, error) {
	set, err := faults.NewSet(cfg.Seed)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{meter: meter.New(), faults: set}
	if s.hasOffers, err = hasoffers.New(cfg.Seed, cfg.HasOffers, s.meter, s.faults); err != nil {
		return nil, fmt.Errorf("sandbox hasoffers: %w", err)
	}
	if s.owaPro, err = owapro.New(cfg.Seed, cfg.OWAPro, s.meter, s.faults); err != nil {
		return nil, fmt.Errorf("sandbox owapro: %w", err)
	}
	if s.hubRise, err = hubrise.New(cfg.Seed, cfg.HubRise, s.meter, s.faults); err != nil {
		return nil, fmt.Errorf("sandbox hubrise: %w", err)
	}
	if s.piwikPRO, err = piwikpro.New(cfg.Seed, cfg.PiwikPRO, s.meter, s.faults); err != nil {
		return nil, fmt.Errorf("sandbox piwikpro: %w", err)
	}
	return s, nil
}

// HasOffers returns the room of HasOffers: its rows, its drifts, its tokens.
func (s *Sandbox) HasOffers() *hasoffers.Server { return s.hasOffers }

// OWAPro returns the room of OWAPro: its rows, its restatements, its tokens.
func (s *Sandbox) OWAPro() *owapro.Server { return s.owaPro }

// HubRise returns the room of HubRise: its rows, its mutations, its connections.
func (s *Sandbox) HubRise() *hubrise.Server { return s.hubRise }

// PiwikPRO returns the room of Piwik PRO: its rows, its restatements, its tokens.
func (s *Sandbox) PiwikPRO() *piwikpro.Server { return s.piwikPRO }

// Meter returns the counters of all rooms.
func (s *Sandbox) Meter() *meter.Meter { return s.meter }

// Faults returns the faults in force in all rooms.
func (s *Sandbox) Faults() *faults.Set { return s.faults }

// Handler serves the rooms and the switches.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	room := func(prefix string, vendor http.Handler, paths ...string) {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, vendor))
		for _, path := range paths {
			mux.Handle(path, vendor)
		}
	}
	room("/hasoffers", s.hasOffers.Handler(), "/Apiv3/json", "/v3/", "/authorize")
	room("/owapro", s.owaPro.Handler(), "/oauth/", "/api/report/")
	room("/hubrise", s.hubRise.Handler(), "/oauth2/v1/", "/v1/")
	room("/piwikpro", s.piwikPRO.Handler(), "/auth/token", "/api/apps/", "/api/meta-sites/", "/api/analytics/", "/analytics/api/")
	s.control(mux)
	s.controlOWAPro(mux)
	s.controlHubRise(mux)
	s.controlPiwikPRO(mux)
	return mux
}
