package piwikpro

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const pathToken = "/auth/token"

func newClient(deps sources.Deps, c *Config, wire http.RoundTripper) *httpapi.Client {
	key := c.TokenKey(deps.Name)
	return httpapi.New(httpapi.Config{
		BaseURL: c.BaseURL, AllowInsecure: c.AllowInsecure,
		Limiter: deps.Limiter, Log: deps.Log, OnRequest: deps.OnRequest,
		HeaderTimeout: c.Timeout.Std(), BodyTimeout: c.BodyTimeout.Std(),
		Classify:     classify,
		Secrets:      []string{c.ClientSecret.Reveal()},
		RoundTripper: wire,
		Auth: deps.Auths.Shared(key, func() *httpapi.TokenAuth {
			auth := httpapi.NewTokenAuth(key, deps.Tokens, c.authorize, func(r *http.Request, t httpapi.Token) {
				r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
			})
			auth.Anew = true
			return auth
		}),
	})
}

// authorize gets a token. There is no refresh token: the login is sent again.
func (c *Config) authorize(ctx context.Context, bare *httpapi.Client) (token httpapi.Token, err error) {
	login, err := json.Marshal(map[string]string{
		"grant_type": "client_credentials", "client_id": c.ClientID, "client_secret": c.ClientSecret.Reveal(),
	})
	if err != nil {
		return token, fault.New(fault.Config, "write login: %w", err)
	}
	resp, err := bare.Do(ctx, &httpapi.Request{
		Method: http.MethodPost, URL: pathToken, Class: classPost, Want: "application/json",
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   func() io.Reader { return bytes.NewReader(login) },
	})
	switch class := fault.ClassOf(err); {
	case class == fault.Auth || class == fault.Permanent || class == fault.Config:
		return token, refusedLogin(err)
	case err != nil:
		return token, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var answer struct {
		AccessToken settings.Secret `json:"access_token"`
		ExpiresIn   json.Number     `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return token, fault.New(fault.Transient, "log in: read token: %w", err)
	}
	if answer.AccessToken == "" {
		return token, refusedLogin(errors.New("the answer holds no access_token"))
	}
	token.Access = answer.AccessToken
	// How long it lasts has changed before: from a day to half an hour.
	if seconds, err := answer.ExpiresIn.Float64(); err == nil && seconds > 0 {
		token.Expires = time.Now().Add(time.Duration(seconds * float64(time.Second)))
	}
	return token, nil
}

func refusedLogin(err error) error {
	refused := fault.New(fault.Auth, "log in: %w", err)
	if statusOf(err) == http.StatusPaymentRequired {
		return refused.WithHint("The account has no licence any more. Ask its owner.")
	}
	return refused.WithHint("Check client_id, client_secret and base_url of the source: API credentials are made in the profile of a Piwik PRO user, belong to one account, and are gone for good once they are deleted there.")
}
