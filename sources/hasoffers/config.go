package hasoffers

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"time"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// The two ways to the same data.
const (
	apiIntegrator = "integrator"
	apiNetwork    = "network"
)

const (
	integratorURL = "https://integrator-api.hasoffers.com/Apiv3/json"
	authorizeURL  = "https://integrator-auth.hasoffers.com/authorize"
)

const (
	defaultURLMax = 4000
	leastURLMax   = 600 // room for every fixed parameter and one field
)

// Config is the settings of one network.
type Config struct {
	API           string            `toml:"api"`
	BaseURL       string            `toml:"base_url"`
	AuthURL       string            `toml:"auth_url"`
	NetworkID     string            `toml:"network_id"`
	IntegratorID  string            `toml:"integrator_id"`
	ClientID      string            `toml:"client_id"`
	ClientSecret  settings.Secret   `toml:"client_secret"`
	Audience      string            `toml:"audience"`
	NetworkToken  settings.Secret   `toml:"network_token"`
	Timezone      string            `toml:"timezone"`
	AllowInsecure bool              `toml:"allow_insecure"` // plain http to other hosts than this one
	URLMax        int               `toml:"url_max"`        // bytes; longer requests are split
	Timeout       settings.Duration `toml:"timeout"`        // until an answer begins
}

var (
	_ sources.Config  = (*Config)(nil)
	_ sources.Tokened = (*Config)(nil)
)

func newConfig() *Config {
	return &Config{
		API: apiIntegrator, Audience: "BrandAPI", URLMax: defaultURLMax,
		Timeout: settings.Duration{N: 180, Unit: settings.Second},
	}
}

var networkID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// Validate implements sources.Config.
func (c *Config) Validate() []settings.Problem {
	var p []settings.Problem
	if !networkID.MatchString(c.NetworkID) {
		p = append(p, settings.Problemf("network_id", "%q is not a network id; write the first part of the network's address, such as \"acme\" of acme.hasoffers.com", c.NetworkID))
	}
	switch c.API {
	case apiIntegrator:
		p = append(p, c.validateIntegrator()...)
	case apiNetwork:
		p = append(p, c.validateNetwork()...)
	default:
		p = append(p, settings.Problemf("api", "%q is not an API; write \"integrator\" (OAuth for all networks of an integrator) or \"network\" (network_token)", c.API))
	}
	p = append(p, httpapi.CheckURL("base_url", c.base(), integratorURL, c.AllowInsecure)...)
	p = append(p, c.validateTimezone()...)
	if c.URLMax < leastURLMax {
		p = append(p, settings.Problemf("url_max", "%d bytes are too few for a request; write at least %d", c.URLMax, leastURLMax))
	}
	return append(p, httpapi.CheckTimeout("timeout", c.Timeout, "180s")...)
}

func (c *Config) validateIntegrator() []settings.Problem {
	p := httpapi.CheckURL("auth_url", c.auth(), integratorURL, c.AllowInsecure)
	for _, need := range []struct{ key, value, hint string }{
		{"integrator_id", c.IntegratorID, "the id TUNE gave to you as an integrator"},
		{"client_id", c.ClientID, "the client id of the integrator"},
		{"client_secret", c.ClientSecret.Reveal(), `"${TUNE_CLIENT_SECRET}" and set that variable`},
		{"audience", c.Audience, `"BrandAPI"`},
	} {
		if need.value == "" {
			p = append(p, settings.Problemf(need.key, "is needed with api = \"integrator\"; write %s", need.hint))
		}
	}
	if c.NetworkToken != "" {
		p = append(p, settings.Problemf("network_token", "is not used with api = \"integrator\"; take it out, or write api = \"network\""))
	}
	return p
}

func (c *Config) validateNetwork() []settings.Problem {
	var p []settings.Problem
	if c.NetworkToken == "" {
		p = append(p, settings.Problemf("network_token", "is needed with api = \"network\"; write \"${TUNE_NETWORK_TOKEN}\" and set that variable to the network's API key"))
	}
	for _, extra := range []struct{ key, value string }{
		{"auth_url", c.AuthURL}, {"integrator_id", c.IntegratorID}, {"client_id", c.ClientID}, {"client_secret", c.ClientSecret.Reveal()},
	} {
		if extra.value != "" {
			p = append(p, settings.Problemf(extra.key, "is not used with api = \"network\"; take it out, or write api = \"integrator\""))
		}
	}
	return p
}

func (c *Config) validateTimezone() []settings.Problem {
	if c.Timezone == "" || c.Timezone == "Local" {
		return []settings.Problem{settings.Problemf("timezone", "is needed because the vendor's times carry no zone; write the network's, usually \"America/New_York\"")}
	}
	if c.Zone() == nil {
		return []settings.Problem{settings.Problemf("timezone", "%q is not a zone; write an IANA name such as \"America/New_York\"", c.Timezone)}
	}
	return nil
}

// base returns the address of the API.
func (c *Config) base() string {
	if c.API == apiNetwork {
		return cmp.Or(c.BaseURL, "https://"+c.NetworkID+".api.hasoffers.com/Apiv3/json")
	}
	return cmp.Or(c.BaseURL, integratorURL)
}

// auth returns the address that gives tokens.
func (c *Config) auth() string { return cmp.Or(c.AuthURL, authorizeURL) }

// Credential implements sources.Config. An integrator's limits hold for all its
// networks together, a network's own API counts per network.
func (c *Config) Credential() sources.Credential {
	limits := ratelimit.Limits{Windows: []ratelimit.Window{{N: 20, Per: 10 * time.Second}}}
	if c.API == apiNetwork {
		return sources.Credential{Name: "hasoffers " + httpapi.Host(c.base()) + " " + c.NetworkID, Limits: limits}
	}
	limits.Concurrency = 1
	return sources.Credential{Name: "hasoffers " + httpapi.Host(c.auth()) + " " + c.ClientID, Limits: limits}
}

// TokenKey implements sources.Tokened. One token is good for all networks of an
// integrator, but for one audience. A changed secret asks for a token of its own,
// so that a wrong one shows at once and not when the old token has expired.
func (c *Config) TokenKey(string) string {
	if c.API == apiNetwork {
		return ""
	}
	digest := sha256.Sum256([]byte(c.ClientSecret.Reveal()))
	return fmt.Sprintf("%s %s %x", c.Credential().Name, c.Audience, digest[:4])
}

// Zone implements sources.Config.
func (c *Config) Zone() *time.Location { return settings.Zone(c.Timezone) }

// Identity implements sources.Config: the same network is the same data over
// either API, but read in another zone its rows belong to other instants.
func (c *Config) Identity() string { return "hasoffers/" + c.NetworkID + "/" + c.Timezone }
