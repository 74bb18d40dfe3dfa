package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/settings"
)

// Config makes a client. Only BaseURL has no default.
type Config struct {
	// BaseURL is what relative request URLs start with. Requests go to its origin
	// and to those of Origins, nowhere else; https unless the host is loopback.
	BaseURL       string
	Origins       []string // more URLs whose origins may be asked: a login host
	AllowInsecure bool     // plain http to any host: for a private network only

	Limiter   *ratelimit.Limiter // of the credential; nil limits nothing
	Auth      Authenticator      // nil = no login
	UserAgent string             // "" = exporter
	Log       *slog.Logger       // nil = silent

	Retry          Retry
	ConnectTimeout time.Duration // 0 = 30 s
	HeaderTimeout  time.Duration // from the permit to the headers; 0 = 180 s
	IdleTimeout    time.Duration // of a body that stalls; 0 = 60 s
	BodyTimeout    time.Duration // from the headers to the end of the body; 0 = 30 min
	MaxBody        int64         // bytes after unpacking; 0 = 1 GiB

	// Classify turns the answer of a bad status into an error of package fault,
	// nil for the default. The body is cut to 64 KiB and free of secrets.
	Classify func(status int, header http.Header, body []byte) error

	// Limits reads from the text of a refusal what the vendor says its limits are;
	// nil = it never says. A window without a length limits requests in flight.
	Limits func(text string) []ratelimit.Window

	Secrets      []string // blotted out wherever they turn up; shorter than 4 bytes are ignored
	SecretParams []string // query parameters whose values are secret, besides the obvious

	OnRequest  func(status int, took time.Duration) // per request on the wire; status 0 = no answer
	OnThrottle func(wait time.Duration)             // per pause asked for

	// RoundTripper replaces the wire, in tests.
	RoundTripper http.RoundTripper
}

// Retry bounds how a failing request is repeated. Waiting for quota and pauses the
// vendor asked for count in neither.
type Retry struct {
	MaxAttempts int           // 0 = 5
	Base        time.Duration // the first delay is random up to it, each later bound the double; 0 = 1 s
	Cap         time.Duration // of that bound; 0 = 60 s
	MaxElapsed  time.Duration // of all attempts together; 0 = 15 min
}

func (c Config) withDefaults() Config {
	c.UserAgent = cmp.Or(c.UserAgent, "exporter")
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 30*time.Second)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, 180*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 60*time.Second)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, 30*time.Minute)
	c.MaxBody = cmp.Or(c.MaxBody, 1<<30)
	c.Retry.MaxAttempts = cmp.Or(c.Retry.MaxAttempts, 5)
	c.Retry.Base = cmp.Or(c.Retry.Base, time.Second)
	c.Retry.Cap = cmp.Or(c.Retry.Cap, time.Minute)
	c.Retry.MaxElapsed = cmp.Or(c.Retry.MaxElapsed, 15*time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Limits == nil {
		c.Limits = func(string) []ratelimit.Window { return nil }
	}
	if c.OnRequest == nil {
		c.OnRequest = func(int, time.Duration) {}
	}
	if c.OnThrottle == nil {
		c.OnThrottle = func(time.Duration) {}
	}
	if c.RoundTripper == nil {
		c.RoundTripper = newTransport(c.ConnectTimeout)
	}
	return c
}

// newTransport returns a wire that unpacks nothing, because the size of a body is
// bounded after unpacking, and keeps idle connections for less time than servers
// do, so that a request rarely meets one that is being closed.
func newTransport(connect time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connect}).DialContext,
		TLSHandshakeTimeout:   connect,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// New returns the client of a source. A mistake in the configuration is reported
// by each request, with class Config.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, redact: newRedactor(cfg.Secrets, cfg.SecretParams), origins: make(map[string]bool)}
	if c.cfg.Limiter == nil {
		c.cfg.Limiter, c.err = ratelimit.New(context.Background(), "unlimited", ratelimit.Limits{}, ratelimit.Options{})
	}
	for _, raw := range append([]string{cfg.BaseURL}, cfg.Origins...) {
		u, err := url.Parse(raw)
		if err == nil {
			err = c.secure(u)
		}
		if err != nil {
			c.err = fault.New(fault.Config, "base url %s: %w", c.redact.url(raw), scrub(c.redact, err))
			break
		}
		c.origins[origin(u)] = true
	}
	c.connect()
	return c
}

// secure refuses URLs over which credentials would travel readable.
func (c *Client) secure(u *url.URL) error {
	switch {
	case u.Host == "":
		return fault.New(fault.Config, "url has no host")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fault.New(fault.Config, "url must start with https://")
	case settings.Loopback(u.Hostname()) || c.cfg.AllowInsecure:
		return nil
	default:
		return fault.New(fault.Permanent, "plain http is allowed to this machine only").
			WithHint("Credentials would travel readable. Write https:// in the source's urls.")
	}
}

// origin is what credentials are for: scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return fmt.Sprintf("%s://%s:%s", u.Scheme, strings.ToLower(u.Hostname()), port)
}
