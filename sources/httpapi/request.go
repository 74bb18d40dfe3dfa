package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
)

// Request is one question to a vendor.
type Request struct {
	Method string     // "" = GET
	URL    string     // absolute, or what follows Config.BaseURL
	Query  url.Values // added to those of URL
	Header http.Header
	// Body returns the body from its beginning; it is called for every attempt. nil = none.
	Body func() io.Reader
	// Want is the media type of a good answer, "application/json", and the Accept
	// header unless Header has one. "" accepts everything.
	Want   string
	Class  string // request class of the limiter
	Weight int    // permits of each window; 0 = 1
	// Once marks a request that must not act twice, such as one that uses up a
	// refresh token: it is repeated only if it was not accepted for certain, and once
	// sent it is brought to its end even if the context is cancelled.
	Once bool
}

// call is a request on its way through the layers, which find it in the context.
type call struct {
	req    *Request
	url    *url.URL
	shown  string // url without secrets
	method string
	origin string
	ask    ratelimit.Ask

	started   time.Time
	sent      time.Time     // when the last request of it was let go
	attempts  int           // sent by the retry layer
	failures  int           // of them, not throttled
	throttled time.Duration // pauses the vendor asked for
	waited    time.Duration // for the limiter
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	cl, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		panic("httpapi: request without its call")
	}
	return cl
}

func (c *Client) newCall(r *Request) (*call, error) {
	if c.err != nil {
		return nil, c.err
	}
	raw := r.URL
	if !strings.HasPrefix(raw, "https://") && !strings.HasPrefix(raw, "http://") {
		raw = join(c.cfg.BaseURL, raw)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fault.New(fault.Permanent, "request url %s: %w", c.redact.url(raw), scrub(c.redact, err))
	}
	if len(r.Query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+r.Query.Encode(), "&")
	}
	cl := &call{
		req: r, url: u, shown: c.redact.url(u.String()), method: r.Method, origin: origin(u),
		ask:     ratelimit.Ask{Class: r.Class, Weight: r.Weight},
		started: time.Now(),
	}
	if cl.method == "" {
		cl.method = http.MethodGet
	}
	if !c.origins[cl.origin] {
		return nil, c.fail(cl, fault.Permanent, fault.New(fault.Permanent, "host is none of the source's").
			WithHint("The vendor pointed to another host than the configured ones. If that is right, make it the source's base url."))
	}
	return cl, nil
}

func join(base, rel string) string {
	if rel == "" || rel[0] == '?' {
		return base + rel
	}
	return strings.TrimRight(base, "/") + "/" + strings.TrimLeft(rel, "/")
}

// build returns a fresh HTTP request.
func (c *Client) build(ctx context.Context, cl *call) (*http.Request, error) {
	var body io.Reader
	if cl.req.Body != nil {
		body = cl.req.Body()
	}
	req, err := http.NewRequestWithContext(ctx, cl.method, cl.url.String(), body)
	if err != nil {
		return nil, fault.New(fault.Permanent, "%w", err)
	}
	if cl.req.Body != nil {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(cl.req.Body()), nil }
	}
	for name, values := range cl.req.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if cl.req.Want != "" && req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", cl.req.Want)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	return req, nil
}
