package owapro

import (
	"context"
	"net/url"
	"strings"

	"exporter/fault"
	"exporter/sources"
)

var _ sources.Login = (*source)(nil)

// LoginURL implements sources.Login; "" where a session cookie is the login.
func (s *source) LoginURL(state string) string {
	if s.login == nil {
		return ""
	}
	q := url.Values{"client_id": {s.config.ClientID}, "response_type": {"code"}}
	if state != "" {
		q.Set("state", state)
	}
	if s.config.RedirectURI != "" {
		q.Set("redirect_uri", s.config.RedirectURI)
	}
	return strings.TrimRight(s.config.AccountURL, "/") + pathAuthorize + "?" + q.Encode()
}

// Login implements sources.Login. A code lives five minutes and works once.
func (s *source) Login(ctx context.Context, code string) error {
	switch {
	case s.login == nil:
		return fault.New(fault.Config, "source %s logs in with the session cookie of a user and has no login to make", s.name).
			WithHint("The value of the cookie HASID belongs into hasid of [sources.%s]: write hasid = \"${OWAPRO_HASID}\" and set that variable. To log in here, write client_id and client_secret instead.", s.name)
	case s.login.store == nil:
		return fault.New(fault.Config, "there is no place to keep the tokens of source %s", s.name).
			WithHint("Set [exporter] state to a file.")
	}
	if code = strings.TrimSpace(code); code == "" {
		return fault.New(fault.Auth, "there is no code").WithHint("Paste the code, or the whole address the browser ended at.")
	}
	token, err := s.login.exchange(ctx, s.bare, code)
	if fault.ClassOf(err) == fault.Transient { // nobody asks again: the code may be used up
		return fault.New(fault.Transient, "log in to source %s: %w", s.name, err).WithHint("%s", s.login.again("The account host had trouble, and the code may be used up."))
	}
	if err != nil {
		return fault.New(fault.ClassOf(err), "log in to source %s: %w", s.name, err)
	}
	if token.Access == "" || token.Refresh == "" {
		return fault.New(fault.Auth, "log in to source %s: the answer holds no tokens", s.name).
			WithHint("The account host accepted the code without handing out tokens. Ask Hurra whether the app is set up for them.")
	}
	// A used code cannot be used again, so that its tokens are stored even if the person gives up waiting.
	if err := s.login.store.SaveToken(context.WithoutCancel(ctx), s.login.key, token); err != nil {
		return fault.New(fault.ClassOf(err), "store the tokens of source %s: %w", s.name, err).
			WithHint("The code is used up. Mend the state, then log in again.")
	}
	return nil
}
