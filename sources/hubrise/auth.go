package hubrise

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const (
	pathAuthorize = "/authorize"
	pathToken     = "/token"
	pathRevoke    = "/revoke"

	headerToken = "X-Access-Token"
)

// login is the OAuth login of one source: an app, and the token of one connection,
// which is kept under the name of the source and never expires.
type login struct {
	config *Config
	source string
	key    string
	store  httpapi.TokenStore
	auth   *httpapi.TokenAuth
}

func newLogin(deps sources.Deps, c *Config) *login {
	l := &login{config: c, source: deps.Name, key: c.TokenKey(deps.Name), store: deps.Tokens}
	l.auth = deps.Auths.Shared(l.key, func() *httpapi.TokenAuth {
		auth := httpapi.NewTokenAuth(l.key, deps.Tokens, l.none, func(r *http.Request, t httpapi.Token) {
			r.Header.Set(headerToken, t.Access.Reveal())
		})
		// Nothing renews a token. One that is refused is kept: a block can end.
		auth.ExpiredWhen = func(int, http.Header, []byte) bool { return false }
		return auth
	})
	return l
}

// none is asked for a token where none is stored.
func (l *login) none(context.Context, *httpapi.Client) (httpapi.Token, error) {
	return httpapi.Token{}, fault.New(fault.Auth, "there is no token").
		WithHint("Nobody has connected the source yet. %s", l.again())
}

func (l *login) again() string {
	return "Run `exporter auth login " + l.source + "` and allow the access with a browser."
}

// stored returns what is kept, the zero Token for nothing.
func (l *login) stored(ctx context.Context) (httpapi.Token, error) {
	if t := l.auth.Token(); t.Access != "" || l.store == nil {
		return t, nil
	}
	t, _, err := l.store.LoadToken(ctx, l.key)
	if err != nil {
		return t, fault.New(fault.ClassOf(err), "load the token of source %s: %w", l.source, err)
	}
	return t, nil
}

// exchange gets the token for the code a person was given. It is sent once: the code
// is used up by it.
func (l *login) exchange(ctx context.Context, bare *httpapi.Client, code string) (t httpapi.Token, err error) {
	bare.AddSecret(code)
	resp, err := bare.Do(ctx, l.call(pathToken, url.Values{"code": {code}}))
	if err != nil {
		return t, l.refused(err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return readToken(resp.Body, l.config.Scope)
}

// revoke makes a token worthless at the vendor.
func (l *login) revoke(ctx context.Context, bare *httpapi.Client, token settings.Secret) error {
	bare.AddSecret(token.Reveal())
	r := l.call(pathRevoke, url.Values{"token": {token.Reveal()}})
	r.Want = "" // the answer is empty
	resp, err := bare.Do(ctx, r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// call returns a call of the app at the login host.
func (l *login) call(path string, form url.Values) *httpapi.Request {
	c := l.config
	r := &httpapi.Request{
		Method: http.MethodPost, URL: strings.TrimRight(c.AuthURL, "/") + path, Want: "application/json", Once: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
	if c.ClientAuth == authPost {
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", c.ClientSecret.Reveal())
	} else {
		app := base64.StdEncoding.EncodeToString([]byte(c.ClientID + ":" + c.ClientSecret.Reveal()))
		r.Header.Set("Authorization", "Basic "+app)
	}
	body := form.Encode()
	r.Body = func() io.Reader { return strings.NewReader(body) }
	return r
}

// refused says what a person has to do about a refused code.
func (l *login) refused(err error) error {
	switch statusOf(err) {
	case http.StatusUnauthorized:
		return fault.New(fault.Auth, "%w", err).
			WithHint("The vendor refuses the app itself. Check client_id and client_secret of source %s; client_auth = \"post\" proves it another way.", l.source)
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		return fault.New(fault.Auth, "%w", err).
			WithHint("The code is wrong, expired (10 minutes) or used up. %s", l.again())
	}
	return err
}

// fixedToken is the login with a token from the configuration.
type fixedToken settings.Secret

var _ httpapi.Authenticator = fixedToken("")

// Apply implements httpapi.Authenticator.
func (t fixedToken) Apply(_ context.Context, _ *httpapi.Client, req *http.Request) (string, error) {
	req.Header.Set(headerToken, string(t))
	return "", nil
}

// Expired implements httpapi.Authenticator: a refused token stays refused.
func (fixedToken) Expired(int, http.Header, []byte) bool { return false }

// Renew implements httpapi.Authenticator and is never called.
func (fixedToken) Renew(context.Context, *httpapi.Client, string) error { return nil }
