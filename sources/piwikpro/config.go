package piwikpro

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"time"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// The classes of requests: the vendor counts by verb.
const (
	classGet  = "get"
	classPost = "post" // everything that is no GET, logins too
)

// Config is the settings of one user of an account.
type Config struct {
	BaseURL       string            `toml:"base_url"` // the account's origin
	ClientID      string            `toml:"client_id"`
	ClientSecret  settings.Secret   `toml:"client_secret"`
	Timezone      string            `toml:"timezone"` // of the sites; "" = the job's
	AllowInsecure bool              `toml:"allow_insecure"`
	Timeout       settings.Duration `toml:"timeout"`      // until an answer begins
	BodyTimeout   settings.Duration `toml:"body_timeout"` // until an answer ends
}

var (
	_ sources.Config  = (*Config)(nil)
	_ sources.Tokened = (*Config)(nil)
)

func newConfig() *Config {
	return &Config{
		Timeout:     settings.Duration{N: 180, Unit: settings.Second},
		BodyTimeout: settings.Duration{N: 30, Unit: settings.Minute},
	}
}

// Validate implements sources.Config.
func (c *Config) Validate() []settings.Problem {
	const example = "https://acme.piwik.pro"
	p := httpapi.CheckURL("base_url", c.BaseURL, example, c.AllowInsecure)
	if u, err := url.Parse(c.BaseURL); len(p) == 0 && err == nil && strings.Trim(u.Path, "/") != "" {
		p = append(p, settings.Problemf("base_url", "is the address of the account alone; take out %q, as in %q", u.Path, example))
	}
	if c.ClientID == "" {
		p = append(p, settings.Problemf("client_id", "is needed to log in; make API credentials in the profile of a Piwik PRO user and write their client id"))
	}
	if c.ClientSecret == "" {
		p = append(p, settings.Problemf("client_secret", "is needed to log in; write \"${PIWIK_CLIENT_SECRET}\" and set that variable"))
	}
	p = append(p, settings.CheckZone("timezone", c.Timezone, "Europe/Berlin")...)
	p = append(p, httpapi.CheckTimeout("timeout", c.Timeout, "180s")...)
	return append(p, httpapi.CheckTimeout("body_timeout", c.BodyTimeout, "30m")...)
}

// Credential implements sources.Config. By what the vendor counts is not quite
// known; one pair of credentials of one account is the least it can be.
func (c *Config) Credential() sources.Credential {
	return sources.Credential{
		Name: "piwikpro " + httpapi.Host(c.BaseURL) + " " + c.ClientID,
		Limits: ratelimit.Limits{Concurrency: 3, Classes: map[string][]ratelimit.Window{
			classGet:  {{N: 600, Per: time.Minute}},
			classPost: {{N: 60, Per: time.Minute}},
		}},
	}
}

// TokenKey implements sources.Tokened. A changed secret asks for a token of its own,
// so that a wrong one shows at once and not when the old token has expired.
func (c *Config) TokenKey(string) string {
	digest := sha256.Sum256([]byte(c.ClientSecret.Reveal()))
	return fmt.Sprintf("%s %x", c.Credential().Name, digest[:4])
}

// Zone implements sources.Config.
func (c *Config) Zone() *time.Location { return settings.Zone(c.Timezone) }

// Identity implements sources.Config: whoever looks, a site's numbers are the same,
// and the site is the part.
func (c *Config) Identity() string { return "piwikpro/" + httpapi.Host(c.BaseURL) }
