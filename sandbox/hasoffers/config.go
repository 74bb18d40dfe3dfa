package hasoffers

import (
	"fmt"
	"slices"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
)

// Config holds every switch of the simulated vendor; "§" names the section of
// the vendor sheet a switch stands for. The zero value answers everything at
// once, without limits; [Default] is the vendor as far as it is known.
type Config struct {
	Integrators []Integrator  `json:"integrators"` // default: one, "acme"
	Networks    []Network     `json:"networks"`    // default: one, "demo"
	Gateway     Gateway       `json:"gateway"`
	NetworkAPI  NetworkAPI    `json:"network_api"`
	Answers     Answers       `json:"answers"`
	Faults      []faults.Rule `json:"faults"` // §13: broken, empty, late answers; in force from the start
	Drift       []Drift       `json:"drift"`  // §7, §13: changes during a paged read
}

// Integrator is a client of the Integrator API (§2).
type Integrator struct {
	ID           string   `json:"id"`            // sent as IntegratorId; default "acme"
	ClientID     string   `json:"client_id"`     // default "client"
	ClientSecret string   `json:"client_secret"` // default "secret"
	Audience     string   `json:"audience"`      // default "BrandAPI"
	TokenSeconds int      `json:"token_seconds"` // §2: life of a token, default 86400
	RevokeAfter  int      `json:"revoke_after"`  // §13: a token is worthless after so many calls, though not expired; 0 = never
	BadLogin     BadLogin `json:"bad_login"`     // §2: what a wrong secret leads to
	Scope        []string `json:"scope"`         // §2: "Conversion::findAll" or "Conversion::findAll@demo"; empty = all
	Networks     []string `json:"networks"`      // §2: networks it may see; empty = all
}

// Gateway is what stands before the Integrator API (§9, §10, §11).
type Gateway struct {
	Body         GatewayBody `json:"body"`          // §9: shape of its error answers
	URLMaxBytes  int         `json:"url_max_bytes"` // §10: longer request targets give 414; 0 = no limit
	AllowPost    bool        `json:"allow_post"`    // §10: else 405
	Limits       []string    `json:"limits"`        // §11: flat limits per integrator, "20/10s" or "500/1m fixed"
	Concurrent   int         `json:"concurrent"`    // §11: calls at once per integrator; 0 = no limit
	CountRefused bool        `json:"count_refused"` // §11: refused calls use up quota too
	RetryAfter   RetryAfter  `json:"retry_after"`   // §11
	Throttle     Throttle    `json:"throttle"`      // §13: how a flat limit is told
}

// NetworkAPI is the API reached with a NetworkToken (§1, §2, §11).
type NetworkAPI struct {
	RefusePost   bool       `json:"refuse_post"`   // §10: form-encoded POST is taken unless set
	IPAllowed    []string   `json:"ip_allowed"`    // §2: callers' addresses; empty = all
	Limits       []string   `json:"limits"`        // §11: per network
	CountRefused bool       `json:"count_refused"` // §11
	RetryAfter   RetryAfter `json:"retry_after"`   // §11
}

// Answers holds what is uncertain about the answers themselves (§3, §4, §6, §7).
type Answers struct {
	Request       Request      `json:"request"`        // §4: echo of the caller's parameters
	PageEcho      PageEcho     `json:"page_echo"`      // §4: type of response.data.page
	PageZero      PageZero     `json:"page_zero"`      // §3: what page=0 means
	PastEnd       PastEnd      `json:"past_end"`       // §3: a page behind the last one
	MaxLimit      int          `json:"max_limit"`      // §3: largest limit; 0 = none
	MaxLimitMode  MaxLimitMode `json:"max_limit_mode"` // §3: what a larger limit leads to
	Operators     Operators    `json:"operators"`      // §3: two operators on one field
	DefaultOrder  DefaultOrder `json:"default_order"`  // §0 no 7: order without sort
	RowOrder      RowOrder     `json:"row_order"`      // §0 no 4: order of the rows in the object of a page
	ErrorShape    ErrorShape   `json:"error_shape"`    // §9: response.errors of the network layer
	Fields        FieldSet     `json:"fields"`         // §6: which fields exist
	RefusedFields []string     `json:"refused_fields"` // §9: "does not exist or is not allowed to be used"
	NoID          bool         `json:"no_id"`          // §13: the field id is gone, rows are keyed by tune_event_id
	UpdatesBy     UpdatesBy    `json:"updates_by"`     // §7: what start_date and end_date of findUpdated and findAdded mean
	Gzip          Gzip         `json:"gzip"`           // §4: compression when the caller takes it
}

// Default returns the vendor as it is known or, where it is not, as the sheet assumes it.
func Default() Config {
	return Config{
		Gateway: Gateway{
			URLMaxBytes: 8192, Limits: []string{"20/10s"}, Concurrent: 2, CountRefused: true,
		},
		NetworkAPI: NetworkAPI{Limits: []string{"50/10s"}, CountRefused: true},
		Answers:    Answers{MaxLimit: 1000},
	}
}

func (c Config) withDefaults() Config {
	c.Integrators = slices.Clone(c.Integrators)
	if len(c.Integrators) == 0 {
		c.Integrators = []Integrator{{}}
	}
	for i := range c.Integrators {
		in := &c.Integrators[i]
		setDefault(&in.ID, "acme")
		setDefault(&in.ClientID, "client")
		setDefault(&in.ClientSecret, "secret")
		setDefault(&in.Audience, "BrandAPI")
		setDefault(&in.TokenSeconds, 86400)
	}
	c.Networks = slices.Clone(c.Networks)
	if len(c.Networks) == 0 {
		c.Networks = []Network{{}}
	}
	for i := range c.Networks {
		c.Networks[i] = c.Networks[i].withDefaults()
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) validate() error {
	if err := c.validateChoices(); err != nil {
		return err
	}
	for _, texts := range [][]string{c.Gateway.Limits, c.NetworkAPI.Limits} {
		if _, err := limits.ParseWindows(texts); err != nil {
			return err
		}
	}
	for _, name := range c.Answers.RefusedFields {
		if _, ok := fieldByName[name]; !ok {
			return fmt.Errorf("refused_fields: no field %q", name)
		}
	}
	if twice := repeated(c.Networks, func(n Network) string { return n.ID }); twice != "" {
		return fmt.Errorf("network %q is there twice", twice)
	}
	if twice := repeated(c.Integrators, func(in Integrator) string { return in.ID }); twice != "" {
		return fmt.Errorf("integrator %q is there twice", twice)
	}
	return nil
}

func repeated[T any](list []T, name func(T) string) string {
	seen := map[string]bool{}
	for _, item := range list {
		if seen[name(item)] {
			return name(item)
		}
		seen[name(item)] = true
	}
	return ""
}
