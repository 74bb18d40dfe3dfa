package owapro

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources"
	"exporter/sources/httpapi"
)

const (
	pathAuthorize = "/oauth/authorize"
	pathExchange  = "/oauth/get_refresh_token"
	pathRefresh   = "/oauth/get_access_token"
)

// login is the OAuth login of one source: an app's client id and one user's
// tokens, which are kept under the name of the source.
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
		var auth *httpapi.TokenAuth
		fetch := func(ctx context.Context, bare *httpapi.Client) (httpapi.Token, error) {
			return l.refresh(ctx, bare, auth.Token())
		}
		auth = httpapi.NewTokenAuth(l.key, deps.Tokens, fetch, func(r *http.Request, t httpapi.Token) {
			r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
		})
		auth.ExpiredWhen = expired
		return auth
	})
	return l
}

// expired tells an access token that is no longer good from an app or a user that
// is refused for good.
func expired(status int, _ http.Header, body []byte) bool {
	return status == http.StatusUnauthorized && !forGood(string(body))
}

// forGood tells a refusal that no new token mends.
func forGood(text string) bool {
	text = strings.ToLower(text)
	return appRefused(text) || strings.Contains(text, "access_denied")
}

// appRefused tells a refusal that is about the app and not about its user.
func appRefused(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"invalid_client", "app inactive", "unauthorized_client"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}

// refresh gets an access token for the refresh token of t, or the configured one
// where none is stored. The answer is durable before anybody uses it, see
// httpapi.TokenAuth: the vendor gives up an old refresh token when a new access
// token is used.
func (l *login) refresh(ctx context.Context, bare *httpapi.Client, t httpapi.Token) (httpapi.Token, error) {
	if t.Refresh == "" {
		t = httpapi.Token{Refresh: l.config.RefreshToken}
	}
	if t.Refresh == "" {
		return t, fault.New(fault.Auth, "there is no refresh token").WithHint("%s", l.again("Nobody has logged in yet."))
	}
	bare.AddSecret(t.Refresh.Reveal())
	return l.token(ctx, bare, pathRefresh, url.Values{
		"refresh_token": {t.Refresh.Reveal()}, "client_id": {l.config.ClientID},
	}, t)
}

// exchange gets the first tokens for the code a person was given.
func (l *login) exchange(ctx context.Context, bare *httpapi.Client, code string) (httpapi.Token, error) {
	bare.AddSecret(code)
	form := url.Values{"code": {code}, "client_id": {l.config.ClientID}, "client_secret": {l.config.ClientSecret.Reveal()}}
	if l.config.RedirectURI != "" {
		form.Set("redirect_uri", l.config.RedirectURI)
	}
	return l.token(ctx, bare, pathExchange, form, httpapi.Token{})
}

// token makes one token call. It is sent once: the code, and perhaps the refresh
// token, is used up by it.
func (l *login) token(ctx context.Context, bare *httpapi.Client, path string, form url.Values, before httpapi.Token) (token httpapi.Token, err error) {
	body := form.Encode()
	resp, err := bare.Do(ctx, &httpapi.Request{
		Method: http.MethodPost, URL: strings.TrimRight(l.config.AccountURL, "/") + path, Want: "application/json", Once: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   func() io.Reader { return strings.NewReader(body) },
	})
	if err != nil {
		return token, l.refused(err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return readToken(resp.Body, before, time.Now())
}

// refused says what a person has to do about a refused token call.
func (l *login) refused(err error) error {
	switch fault.ClassOf(err) {
	case fault.Auth, fault.Permanent, fault.Config:
	default:
		return err
	}
	if appRefused(err.Error()) {
		return fault.New(fault.Auth, "%w", err).
			WithHint("The account host refuses the app itself. Check client_id and client_secret of source %s, and whether the app is active.", l.source)
	}
	return fault.New(fault.Auth, "%w", err).WithHint("%s", l.again("The refresh token or the code is expired, used up, or was withdrawn."))
}

func (l *login) again(why string) string {
	return why + " Run `exporter auth login " + l.source + "` and log in with a browser."
}

// session is the login with the cookie of a user who is logged in elsewhere.
type session settings.Secret

var _ httpapi.Authenticator = session("")

// Apply implements httpapi.Authenticator.
func (s session) Apply(_ context.Context, _ *httpapi.Client, req *http.Request) (string, error) {
	req.Header.Set("Cookie", "HASID="+string(s))
	return "", nil
}

// Expired implements httpapi.Authenticator: nothing here can renew a session.
func (session) Expired(int, http.Header, []byte) bool { return false }

// Renew implements httpapi.Authenticator and is never called.
func (session) Renew(context.Context, *httpapi.Client, string) error { return nil }
