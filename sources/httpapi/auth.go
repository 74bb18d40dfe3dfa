package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
)

// Authenticator puts a source's login on its requests. It is used concurrently.
// Calls it makes itself go through bare, which has the same limiter and retries
// and no login.
type Authenticator interface {
	// Apply puts credentials on req, getting them first if need be, and returns a
	// mark of those used, for Renew. It must not touch the body.
	Apply(ctx context.Context, bare *Client, req *http.Request) (mark string, err error)
	// Expired reports whether an answer of 4xx says that the credentials are no
	// longer good, rather than that they do not suffice.
	Expired(status int, header http.Header, body []byte) bool
	// Renew replaces the credentials of that mark, unless that has been done already.
	Renew(ctx context.Context, bare *Client, mark string) error
}

// authTransport is the auth layer. Credentials are put on below the redirects, so
// they cannot follow one to another origin.
type authTransport struct {
	auth Authenticator
	bare *Client
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper. After an answer that says the login has expired the
// login is renewed, and the same request sent once more.
func (t *authTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if origin(req.URL) != callOf(ctx).origin {
		return t.next.RoundTrip(req)
	}
	resp, mark, err := t.send(req, req.Body)
	if err != nil || !t.expired(resp) {
		return resp, err
	}
	// The place in flight must be free for the token call: there may be only one.
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	if err := t.auth.Renew(ctx, t.bare, mark); err != nil {
		return nil, err
	}
	var body io.ReadCloser
	if req.GetBody != nil {
		if body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	resp, _, err = t.send(req, body)
	return resp, err
}

func (t *authTransport) send(req *http.Request, body io.ReadCloser) (*http.Response, string, error) {
	out := req.Clone(req.Context())
	out.Body = body
	mark, err := t.auth.Apply(req.Context(), t.bare, out)
	if err != nil {
		return nil, "", errors.Join(err, closeBody(out))
	}
	resp, err := t.next.RoundTrip(out)
	return resp, mark, err
}

// expired asks the authenticator, and puts back what it read of the body.
func (t *authTransport) expired(resp *http.Response) bool {
	if resp.StatusCode < 400 || resp.StatusCode > 499 || resp.StatusCode == http.StatusTooManyRequests {
		return false
	}
	start := []byte(readUpTo(resp.Body, errorBody))
	if t.auth.Expired(resp.StatusCode, resp.Header, start) {
		return true
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), resp.Body), resp.Body}
	return false
}
