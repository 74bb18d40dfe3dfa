package hasoffers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

// attempts is how often a call is sent at most; the runner goes on from there.
const attempts = 3

func newClient(deps sources.Deps, c *Config, wire http.RoundTripper) *httpapi.Client {
	cfg := httpapi.Config{
		BaseURL: c.base(), AllowInsecure: c.AllowInsecure,
		Limiter: deps.Limiter, Log: deps.Log, OnRequest: deps.OnRequest,
		Retry:         httpapi.Retry{MaxAttempts: attempts},
		HeaderTimeout: c.Timeout.Std(),
		Classify:      func(status int, _ http.Header, body []byte) error { return gatewayFault(status, string(body)) },
		Limits:        limitsIn,
		Secrets:       []string{c.NetworkToken.Reveal(), c.ClientSecret.Reveal()},
		SecretParams:  []string{"NetworkToken"},
		RoundTripper:  wire,
	}
	if c.API == apiNetwork {
		cfg.Auth = networkToken(c.NetworkToken)
		return httpapi.New(cfg)
	}
	cfg.Origins = []string{c.auth()}
	key := c.TokenKey(deps.Name)
	cfg.Auth = deps.Auths.Shared(key, func() *httpapi.TokenAuth {
		auth := httpapi.NewTokenAuth(key, deps.Tokens, c.authorize, func(r *http.Request, t httpapi.Token) {
			r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
		})
		auth.ExpiredWhen, auth.Anew = expired, true
		return auth
	})
	return httpapi.New(cfg)
}

// expired tells a token that is no longer good from one that does not suffice:
// both are 401, and a new token helps against the first only.
func expired(status int, _ http.Header, body []byte) bool {
	return status == http.StatusUnauthorized && !bytes.Contains(bytes.ToLower(body), []byte("insufficient permissions"))
}

// authorize gets a token. There is no refresh token: the login is sent again.
func (c *Config) authorize(ctx context.Context, bare *httpapi.Client) (token httpapi.Token, err error) {
	login, err := json.Marshal(map[string]string{
		"client_id": c.ClientID, "client_secret": c.ClientSecret.Reveal(), "audience": c.Audience,
	})
	if err != nil {
		return token, fault.New(fault.Config, "write login: %w", err)
	}
	resp, err := bare.Do(ctx, &httpapi.Request{
		Method: http.MethodPost, URL: c.auth(), Want: "application/json",
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   func() io.Reader { return bytes.NewReader(login) },
	})
	const hint = "Check client_id, client_secret and audience of the source."
	switch class := fault.ClassOf(err); {
	case class == fault.Auth || class == fault.Permanent:
		return token, fault.New(fault.Auth, "authorize: %w", err).WithHint(hint)
	case err != nil:
		return token, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var answer struct {
		AccessToken settings.Secret `json:"access_token"`
		ExpiresIn   json.Number     `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return token, fault.New(fault.Transient, "authorize: read token: %w", err)
	}
	if answer.AccessToken == "" {
		return token, fault.New(fault.Auth, "authorize: the answer holds no access_token").WithHint(hint)
	}
	token.Access = answer.AccessToken
	if seconds, err := answer.ExpiresIn.Int64(); err == nil && seconds > 0 {
		token.Expires = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	return token, nil
}

// networkToken is the login of a network's own API: a parameter of every call.
type networkToken settings.Secret

var _ httpapi.Authenticator = networkToken("")

// Apply implements httpapi.Authenticator.
func (t networkToken) Apply(_ context.Context, _ *httpapi.Client, req *http.Request) (string, error) {
	req.URL.RawQuery += "&NetworkToken=" + url.QueryEscape(string(t))
	return "", nil
}

// Expired implements httpapi.Authenticator: these tokens never do.
func (networkToken) Expired(int, http.Header, []byte) bool { return false }

// Renew implements httpapi.Authenticator and is never called.
func (networkToken) Renew(context.Context, *httpapi.Client, string) error { return nil }

// statusOf returns the HTTP status a call was refused with, 0 if it was not.
func statusOf(err error) int {
	var e *httpapi.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// tooSlow tells whether a smaller page may come where this one did not.
func tooSlow(err error) bool {
	var e *httpapi.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Status == http.StatusGatewayTimeout || errors.Is(e, httpapi.ErrSlow)
}

// tooLong tells whether the URL was refused for its length.
func tooLong(err error) bool { return statusOf(err) == http.StatusRequestURITooLong }
