package owapro

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const (
	defaultBaseURL    = "https://owapro.hurra.com"
	defaultAccountURL = "https://account.hurra.com"
)

// Config is the settings of one OWAPro user.
type Config struct {
	BaseURL       string            `toml:"base_url"`
	AccountURL    string            `toml:"account_url"`
	ClientID      string            `toml:"client_id"`
	ClientSecret  settings.Secret   `toml:"client_secret"`
	RefreshToken  settings.Secret   `toml:"refresh_token"` // the first one; a stored one wins
	RedirectURI   string            `toml:"redirect_uri"`  // as registered for the app
	HASID         settings.Secret   `toml:"hasid"`         // session cookie instead of OAuth
	AllowInsecure bool              `toml:"allow_insecure"`
	Timezone      string            `toml:"timezone"`
	CSVRequest    CSVRequest        `toml:"csv_request"`
	Timeout       settings.Duration `toml:"timeout"`      // until an answer begins
	BodyTimeout   settings.Duration `toml:"body_timeout"` // until an answer ends
}

// CSVRequest is how the server is asked for CSV.
type CSVRequest struct {
	In    string `toml:"in"`    // header, query or body
	Name  string `toml:"name"`  // of the header, parameter or member
	Value string `toml:"value"` // of it
}

// Places of [CSVRequest].
const (
	inHeader = "header"
	inQuery  = "query"
	inBody   = "body"
)

var (
	_ sources.Config  = (*Config)(nil)
	_ sources.Tokened = (*Config)(nil)
)

func newConfig() *Config {
	return &Config{
		BaseURL: defaultBaseURL, AccountURL: defaultAccountURL,
		CSVRequest:  CSVRequest{In: inHeader, Name: "Accept", Value: "text/csv"},
		Timeout:     settings.Duration{N: 180, Unit: settings.Second},
		BodyTimeout: settings.Duration{N: 30, Unit: settings.Minute},
	}
}

// Validate implements sources.Config.
func (c *Config) Validate() []settings.Problem {
	p := httpapi.CheckURL("base_url", c.BaseURL, defaultBaseURL, c.AllowInsecure)
	if c.HASID == "" {
		p = append(p, c.validateOAuth()...)
	} else {
		p = append(p, c.validateSession()...)
	}
	p = append(p, settings.CheckZone("timezone", c.Timezone, "Europe/Berlin")...)
	p = append(p, c.CSVRequest.validate()...)
	p = append(p, httpapi.CheckTimeout("timeout", c.Timeout, "180s")...)
	return append(p, httpapi.CheckTimeout("body_timeout", c.BodyTimeout, "30m")...)
}

func (c *Config) validateOAuth() []settings.Problem {
	p := httpapi.CheckURL("account_url", c.AccountURL, defaultAccountURL, c.AllowInsecure)
	if c.ClientID == "" {
		p = append(p, settings.Problemf("client_id", "is needed to log in; write the app's client id, or hasid = \"${OWAPRO_HASID}\" for the session of a logged-in user"))
	}
	if c.ClientSecret == "" {
		p = append(p, settings.Problemf("client_secret", "is needed to log in; write \"${OWAPRO_CLIENT_SECRET}\" and set that variable"))
	}
	if u, err := url.Parse(c.RedirectURI); c.RedirectURI != "" && (err != nil || u.Host == "" || u.Scheme != "https" || u.Fragment != "") {
		p = append(p, settings.Problemf("redirect_uri", "must be the https address that is registered for the app; write it like \"https://example.com/callback\""))
	}
	return p
}

func (c *Config) validateSession() []settings.Problem {
	var p []settings.Problem
	if strings.ContainsFunc(c.HASID.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`;,"\`, r) }) {
		p = append(p, settings.Problemf("hasid", "is not the value of a cookie; write only what stands behind HASID="))
	}
	for _, extra := range []struct{ key, value string }{
		{"client_id", c.ClientID},
		{"client_secret", c.ClientSecret.Reveal()},
		{"refresh_token", c.RefreshToken.Reveal()},
		{"redirect_uri", c.RedirectURI},
	} {
		if extra.value != "" {
			p = append(p, settings.Problemf(extra.key, "is not used with hasid; take one of the two out"))
		}
	}
	return p
}

func (r CSVRequest) validate() []settings.Problem {
	var p []settings.Problem
	if !slices.Contains([]string{inHeader, inQuery, inBody}, r.In) {
		p = append(p, settings.Problemf("csv_request.in", "%q is no place of a request; write \"header\", \"query\" or \"body\"", r.In))
	}
	if r.Name == "" || strings.ContainsFunc(r.Name, func(c rune) bool { return c <= ' ' || c > '~' || c == ':' }) {
		p = append(p, settings.Problemf("csv_request.name", "%q cannot be a name; write \"Accept\"", r.Name))
	}
	if r.Value == "" || strings.ContainsFunc(r.Value, func(c rune) bool { return c < ' ' || c > '~' }) {
		p = append(p, settings.Problemf("csv_request.value", "%q cannot be sent; write \"text/csv\"", r.Value))
	}
	return p
}

// Credential implements sources.Config: an app at an account host, or the
// sessions at a reporting host. The tokens of several users of one app are kept
// apart by the names of their sources.
func (c *Config) Credential() sources.Credential {
	limits := ratelimit.Limits{Windows: []ratelimit.Window{{N: 2, Per: time.Second}}, Concurrency: 2}
	if c.HASID != "" {
		return sources.Credential{Name: "owapro " + httpapi.Host(c.BaseURL) + " session", Limits: limits}
	}
	return sources.Credential{Name: "owapro " + httpapi.Host(c.AccountURL) + " " + c.ClientID, Limits: limits}
}

// TokenKey implements sources.Tokened: every source has the tokens of one user.
func (c *Config) TokenKey(source string) string {
	if c.HASID != "" {
		return ""
	}
	return c.Credential().Name + " " + source
}

// Zone implements sources.Config.
func (c *Config) Zone() *time.Location { return settings.Zone(c.Timezone) }

// Identity implements sources.Config: whoever looks, a customer's numbers are the
// same, and the customer is the part.
func (c *Config) Identity() string { return "owapro/" + httpapi.Host(c.BaseURL) }
