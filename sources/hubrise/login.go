package hubrise

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources"
)

var (
	_ sources.Returning = (*source)(nil)
	_ sources.Logout    = (*source)(nil)
)

// LoginURL implements sources.Login: the browser ends at redirect_uri, or shows the code.
func (s *source) LoginURL(state string) string {
	redirect := s.config.RedirectURI
	if redirect == "" {
		redirect = outOfBand
	}
	return s.authorize(state, redirect)
}

// LoginURLTo implements sources.Returning; "" where redirect_uri says where the browser ends.
func (s *source) LoginURLTo(state, redirect string) string {
	if s.config.RedirectURI != "" {
		return ""
	}
	return s.authorize(state, redirect)
}

func (s *source) authorize(state, redirect string) string {
	if s.login == nil {
		return ""
	}
	c := s.config
	q := url.Values{"client_id": {c.ClientID}, "scope": {c.Scope}, "redirect_uri": {redirect}}
	if state != "" {
		q.Set("state", state)
	}
	if c.DeviceID != "" {
		q.Set("device_id", c.DeviceID)
	}
	return strings.TrimRight(c.AuthURL, "/") + pathAuthorize + "?" + q.Encode()
}

// Login implements sources.Login. A code lives ten minutes and works once.
func (s *source) Login(ctx context.Context, code string) error {
	if err := s.canLogin("log in to"); err != nil {
		return err
	}
	if code = strings.TrimSpace(code); code == "" {
		return fault.New(fault.Auth, "there is no code").WithHint("Paste the code, or the whole address the browser ended at.")
	}
	before, _, err := s.login.store.LoadToken(ctx, s.login.key)
	if err != nil {
		return fault.New(fault.ClassOf(err), "load the token of source %s: %w", s.name, err)
	}
	token, err := s.login.exchange(ctx, s.bare, code)
	if fault.ClassOf(err) == fault.Transient { // nobody asks again: the code may be used up
		return fault.New(fault.Transient, "log in to source %s: %w", s.name, err).
			WithHint("The login host had trouble, and the code may be used up. %s", s.login.again())
	}
	if err != nil {
		return fault.New(fault.ClassOf(err), "log in to source %s: %w", s.name, err)
	}
	if token.Access == "" {
		return fault.New(fault.Auth, "log in to source %s: the answer holds no token", s.name).
			WithHint("The vendor accepted the code without handing out a token. Ask HubRise whether the app is set up for scope %s.", s.config.Scope)
	}
	// A used code cannot be used again, so that its token is stored even if the person gives up waiting.
	if err := s.login.store.SaveToken(context.WithoutCancel(ctx), s.login.key, token); err != nil {
		return fault.New(fault.ClassOf(err), "store the token of source %s: %w", s.name, err).
			WithHint("The code is used up. Mend the state, then log in again.")
	}
	for _, lost := range narrowed(before.Extra, token.Extra) {
		s.log.LogAttrs(ctx, slog.LevelWarn, "the connection leads elsewhere than before, and jobs read what it leads to now: log in again and choose the former if that is not meant",
			slog.String("source", s.name), slog.String("changed", lost))
	}
	return nil
}

func (s *source) canLogin(what string) error {
	switch {
	case s.login == nil:
		return fault.New(fault.Config, "%s source %s: it uses access_token from the configuration", what, s.name).
			WithHint("Take access_token out of [sources.%s] and write client_id and client_secret instead.", s.name)
	case s.login.store == nil:
		return fault.New(fault.Config, "there is no place to keep the token of source %s", s.name).
			WithHint("Set [exporter] state to a file.")
	}
	return nil
}

// forgetter is a token store that can forget.
type forgetter interface {
	DeleteToken(ctx context.Context, key string) error
}

// Logout implements sources.Logout. A token the vendor no longer knows is gone already.
func (s *source) Logout(ctx context.Context) error {
	if err := s.canLogin("log out of"); err != nil {
		return err
	}
	token, ok, err := s.login.store.LoadToken(ctx, s.login.key)
	if err != nil {
		return fault.New(fault.ClassOf(err), "load the token of source %s: %w", s.name, err)
	}
	if !ok || token.Access == settings.Secret("") {
		return fault.New(fault.Config, "source %s is not connected", s.name).WithHint("There is nothing to log out of.")
	}
	err = s.login.revoke(ctx, s.bare, token.Access)
	if status := statusOf(err); status == http.StatusUnauthorized || status == http.StatusForbidden {
		return fault.New(fault.Auth, "revoke the token of source %s: %w", s.name, err).
			WithHint("Only the app that got a token can revoke it. Check client_id and client_secret, or disconnect the app in HubRise's back office.")
	} else if err != nil && status != http.StatusBadRequest && status != http.StatusNotFound && status != http.StatusUnprocessableEntity {
		return fault.New(fault.ClassOf(err), "revoke the token of source %s: %w", s.name, err).
			WithHint("The token is kept. Try again, or disconnect the app in HubRise's back office.")
	}
	store, ok := s.login.store.(forgetter)
	if !ok {
		return fault.New(fault.Permanent, "the store of tokens cannot forget that of source %s", s.name)
	}
	if err := store.DeleteToken(context.WithoutCancel(ctx), s.login.key); err != nil {
		return fault.New(fault.ClassOf(err), "forget the token of source %s: %w", s.name, err).
			WithHint("It is worthless at the vendor already.")
	}
	return nil
}
