package httpapi

import (
	"net/http"

	"exporter/fault"
)

const maxRedirects = 5

// harmless headers go along to another origin; everything else a source has set
// may be a credential, and the Referer net/http adds names the url before.
var harmless = map[string]bool{"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "User-Agent": true}

// checkRedirect implements http.Client.CheckRedirect.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fault.New(fault.Permanent, "more than %d redirects", maxRedirects)
	}
	if err := c.secure(req.URL); err != nil {
		return fault.New(fault.Permanent, "redirect to %s: %w", c.redact.url(req.URL.String()), err)
	}
	if origin(req.URL) == callOf(req.Context()).origin {
		return nil
	}
	if req.Body != nil && req.Body != http.NoBody {
		return fault.New(fault.Permanent, "redirect of a request with a body to another host, %s", c.redact.url(req.URL.String())).
			WithHint("Write the new address into the source's urls if it is the vendor's.")
	}
	if !c.origins[origin(req.URL)] {
		return fault.New(fault.Permanent, "redirect to another host, %s", c.redact.url(req.URL.String())).
			WithHint("Rows are taken from the hosts of the configuration only. Write the new address into the source's urls if it is the vendor's.")
	}
	for name := range req.Header {
		if !harmless[name] {
			req.Header.Del(name)
		}
	}
	return nil
}
