package hubrise

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"time"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const (
	defaultBaseURL = "https://api.hubrise.com/v1"
	defaultAuthURL = "https://manager.hubrise.com/oauth2/v1"
	defaultScope   = "account[orders.read,all_customer_lists.read,all_catalogs.read]"

	// outOfBand asks the vendor to show the code instead of sending the browser on.
	outOfBand = "urn:ietf:wg:oauth:2.0:oob"

	authBasic = "basic"
	authPost  = "post"

	// classHeavy are the calls of which the vendor allows few.
	classHeavy = "heavy"
)

// Config is the settings of one connection: an app, and the account or location
// that a person connects it with.
type Config struct {
	BaseURL       string            `toml:"base_url"`
	AuthURL       string            `toml:"auth_url"`
	ClientID      string            `toml:"client_id"`
	ClientSecret  settings.Secret   `toml:"client_secret"`
	ClientAuth    string            `toml:"client_auth"`  // how the app proves itself: basic or post
	Scope         string            `toml:"scope"`        // that a person is asked to grant
	DeviceID      string            `toml:"device_id"`    // makes a token of its own
	RedirectURI   string            `toml:"redirect_uri"` // "" = this machine, or the code is shown
	AccessToken   settings.Secret   `toml:"access_token"` // instead of a login
	Timezone      string            `toml:"timezone"`
	AllowInsecure bool              `toml:"allow_insecure"`
	Timeout       settings.Duration `toml:"timeout"`
}

var (
	_ sources.Config  = (*Config)(nil)
	_ sources.Tokened = (*Config)(nil)
)

func newConfig() *Config {
	return &Config{
		BaseURL: defaultBaseURL, AuthURL: defaultAuthURL, Scope: defaultScope, ClientAuth: authBasic,
		Timeout: settings.Duration{N: 180, Unit: settings.Second},
	}
}

// A scope is a level with its permissions, and perhaps the profile.
var scopeForm = regexp.MustCompile(`^((location|account)\[[a-z_., ]*\])?(,?profile(_with_email)?)?$`)

// Validate implements sources.Config.
func (c *Config) Validate() []settings.Problem {
	p := httpapi.CheckURL("base_url", c.BaseURL, defaultBaseURL, c.AllowInsecure)
	if c.AccessToken == "" {
		p = append(p, c.validateOAuth()...)
	} else if strings.ContainsFunc(c.AccessToken.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		p = append(p, settings.Problemf("access_token", "is not a token; write \"${HUBRISE_ACCESS_TOKEN}\" and set that variable to letters and digits alone"))
	}
	p = append(p, settings.CheckZone("timezone", c.Timezone, "Europe/Paris")...)
	return append(p, httpapi.CheckTimeout("timeout", c.Timeout, "180s")...)
}

func (c *Config) validateOAuth() []settings.Problem {
	p := httpapi.CheckURL("auth_url", c.AuthURL, defaultAuthURL, c.AllowInsecure)
	if c.ClientID == "" {
		p = append(p, settings.Problemf("client_id", "is needed to log in; write the app's client id, which ends in .clients.hubrise.com, or access_token = \"${HUBRISE_ACCESS_TOKEN}\" for a token you have"))
	}
	if c.ClientSecret == "" {
		p = append(p, settings.Problemf("client_secret", "is needed to log in; write \"${HUBRISE_CLIENT_SECRET}\" and set that variable"))
	}
	if c.ClientAuth != authBasic && c.ClientAuth != authPost {
		p = append(p, settings.Problemf("client_auth", "%q is no way to prove an app; write \"basic\", or \"post\"", c.ClientAuth))
	}
	if c.Scope == "" || !scopeForm.MatchString(c.Scope) {
		p = append(p, settings.Problemf("scope", "%q is not a scope; write one like %q, or %q for one shop", c.Scope, defaultScope, "location[orders.read,customer_list.read,catalog.read]"))
	}
	if strings.ContainsFunc(c.DeviceID, func(r rune) bool { return r < ' ' || r > '~' }) {
		p = append(p, settings.Problemf("device_id", "%q cannot be sent; write a short name such as \"staging\"", c.DeviceID))
	}
	if u, err := url.Parse(c.RedirectURI); c.RedirectURI != "" && c.RedirectURI != outOfBand && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "") {
		p = append(p, settings.Problemf("redirect_uri", "must be an address that the browser can end at; write it like \"https://example.com/callback\", or %q to be shown the code", outOfBand))
	}
	return p
}

// Credential implements sources.Config: a connection, as far as settings tell one
// from another. Accounts that are connected with one app share its limits here,
// which is on the safe side; the setting credential parts them.
func (c *Config) Credential() sources.Credential {
	limits := ratelimit.Limits{
		Windows: []ratelimit.Window{
			{N: 500, Per: time.Minute, Fixed: true},
			{N: 2500, Per: time.Hour, Fixed: true},
			{N: 10_000, Per: 24 * time.Hour, Fixed: true},
		},
		Classes:     map[string][]ratelimit.Window{classHeavy: {{N: 10, Per: time.Minute, Fixed: true}}},
		Concurrency: 2,
	}
	name := "hubrise " + httpapi.Host(c.BaseURL) + " "
	if c.AccessToken != "" {
		sum := sha256.Sum256([]byte(c.AccessToken.Reveal()))
		return sources.Credential{Name: name + "token " + hex.EncodeToString(sum[:6]), Limits: limits}
	}
	return sources.Credential{Name: strings.TrimSpace(name + c.ClientID + " " + c.DeviceID), Limits: limits}
}

// TokenKey implements sources.Tokened: every source has a connection of its own.
func (c *Config) TokenKey(source string) string {
	if c.AccessToken != "" {
		return ""
	}
	return c.Credential().Name + " " + source
}

// Zone implements sources.Config.
func (c *Config) Zone() *time.Location { return settings.Zone(c.Timezone) }

// Identity implements sources.Config: the account is in the rows, and private_ref
// is another one for every app.
func (c *Config) Identity() string { return "hubrise/" + httpapi.Host(c.BaseURL) + "/" + c.ClientID }
