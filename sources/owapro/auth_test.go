package owapro_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"exporter/fault"
	"exporter/sandbox/faults"
	sandbox "exporter/sandbox/owapro"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/sources/owapro"
	"exporter/sources/sourcetest"
)

func check(tb testing.TB, s sources.Source) error {
	tb.Helper()
	return s.(sources.Checker).Check(tb.Context())
}

func list(tb testing.TB, c *owapro.Config, d sources.Deps) sources.Source {
	tb.Helper()
	return open(tb, c, new(owapro.ListOptions), d)
}

func TestLogin(t *testing.T) {
	for _, shape := range []sandbox.TokenShape{sandbox.ShapeNested, sandbox.ShapeFlat} {
		v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{
			Shape: shape, AutoConsent: true, Clients: []sandbox.Client{{ID: "client", Secret: clientSecret, RedirectURI: "https://app.example/back"}},
		}})
		c := v.config()
		c.RefreshToken, c.RedirectURI = "", "https://app.example/back"
		tokens := new(sourcetest.Tokens)
		s := list(t, c, sources.Deps{Tokens: tokens})
		wantError(t, check(t, s), fault.Auth, "no refresh token", "exporter auth login hurra")

		l := s.(sources.Login)
		browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		defer browser.CloseIdleConnections()
		resp, err := browser.Get(l.LoginURL("state & more"))
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		back := sourcetest.Must[*url.URL](t)(resp.Location())
		code := back.Query().Get("code")
		if back.Host != "app.example" || back.Query().Get("state") != "state & more" || code == "" {
			t.Fatalf("the browser ended at %s", back)
		}
		if err := l.Login(t.Context(), " "+code+"\n"); err != nil {
			t.Fatal(err)
		}
		if err := check(t, s); err != nil {
			t.Errorf("after the login: %v", err)
		}
		if got := tokens.Kept["owapro "+strings.TrimPrefix(v.URL, "http://")+" client hurra"]; got.Refresh == "" || got.RefreshExpires.IsZero() {
			t.Errorf("stored %v, refresh token until %s", tokens.Kept, got.RefreshExpires)
		}
		wantError(t, l.Login(t.Context(), code), fault.Auth, "INVALID CODE", "exporter auth login hurra")
		wantError(t, l.Login(t.Context(), " "), fault.Auth, "no code")
		if err := l.Login(t.Context(), code); strings.Contains(err.Error(), code) {
			t.Errorf("the error holds the code: %v", err)
		}
	}
}

// A stored token wins over the configured one, which is used once.
func TestStoredTokenWins(t *testing.T) {
	v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{Rotation: sandbox.RotateAtOnce}})
	tokens := new(sourcetest.Tokens)
	for range 3 {
		v.ExpireAccess()
		if err := check(t, list(t, v.config(), sources.Deps{Tokens: tokens})); err != nil {
			t.Fatal(err)
		}
	}
	if state := v.RefreshTokens("client"); state.Dead > 0 || !state.Alive {
		t.Errorf("got %+v", state)
	}
}

// Of many requests of many jobs that need a new token one gets it.
func TestRenewalIsSingleFlight(t *testing.T) {
	v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{Rotation: sandbox.RotateAtOnce}})
	deps := sources.Deps{Tokens: new(sourcetest.Tokens), Auths: new(httpapi.Auths)}
	var renewals sync.Map
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/oauth/") {
			renewals.Store(r, true)
		}
		v.Handler().ServeHTTP(w, r)
	})
	var wait sync.WaitGroup
	for range 8 {
		s := list(t, v.config(), deps)
		wait.Go(func() {
			if err := check(t, s); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	count := 0
	renewals.Range(func(any, any) bool { count++; return true })
	if count != 1 {
		t.Errorf("%d renewals, want 1", count)
	}
}

func TestRefusedLogins(t *testing.T) {
	t.Run("access token expired early", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{RevokeAfter: 2}})
		s := open(t, v.config(), channels(), sources.Deps{})
		if got := read(t, s, customer, day(t, "2026-03-05", 3)); got.err != nil {
			t.Error(got.err)
		}
	})
	t.Run("new access tokens are refused too", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(`{"error": "invalid_grant", "error_description": "INVALID ACCESS TOKEN"}`))
				return
			}
			v.Handler().ServeHTTP(w, r)
		})
		wantError(t, check(t, list(t, v.config(), sources.Deps{})), fault.Auth, "INVALID ACCESS TOKEN", "exporter auth login hurra")
		if n := v.Requests.Load(); n != 4 {
			t.Errorf("%d requests, want two calls and two tokens", n)
		}
	})
	t.Run("refresh token expired", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.ExpireRefresh()
		wantError(t, check(t, list(t, v.config(), sources.Deps{})), fault.Auth, "EXPIRED REFRESH TOKEN", "exporter auth login hurra")
		if n := v.Requests.Load(); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
	t.Run("app inactive", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{Clients: []sandbox.Client{{ID: "client", Inactive: true, RefreshToken: refreshToken}}}})
		wantError(t, check(t, list(t, v.config(), sources.Deps{})), fault.Auth, "APP INACTIVE", "client_id")
	})
	t.Run("unknown app", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		c := v.config()
		c.ClientID = "another"
		wantError(t, check(t, list(t, c, sources.Deps{})), fault.Auth, "invalid_client", "client_id")
	})
	t.Run("an answer that is not JSON holds a secret", func(t *testing.T) {
		v := newVendor(t, sandbox.Config{})
		v.SetFront(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token": {"token": "very-secret", "expires_in": 86400}, # 1 day` + "\n}"))
		})
		err := check(t, list(t, v.config(), sources.Deps{}))
		wantError(t, err, fault.Transient, "not the JSON of a token")
		if strings.Contains(err.Error(), "very-secret") {
			t.Error(err)
		}
	})
}

func TestSession(t *testing.T) {
	v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{HASID: "a-session"}})
	c := newConfig()
	c.BaseURL, c.HASID = v.URL, "a-session"
	s := list(t, c, sources.Deps{})
	if err := check(t, s); err != nil {
		t.Fatal(err)
	}
	l := s.(sources.Login)
	if l.LoginURL("x") != "" {
		t.Errorf("login at %q", l.LoginURL("x"))
	}
	wantError(t, l.Login(t.Context(), "code"), fault.Config, "session cookie", "[sources.hurra]: write hasid = \"${OWAPRO_HASID}\"")
	c.HASID = "another-session"
	wantError(t, check(t, list(t, c, sources.Deps{})), fault.Auth, "401", "hasid of source hurra")
	if n := v.Requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// Warnings come 30, 14, 7 and 1 days ahead, each once, over restarts.
func TestExpiryWarnings(t *testing.T) {
	v := newVendor(t, sandbox.Config{OAuth: sandbox.OAuth{Rotation: sandbox.RotateNever}})
	tokens, memory := new(sourcetest.Tokens), new(sourcetest.Memory)
	end := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	key := "owapro " + strings.TrimPrefix(v.URL, "http://") + " client hurra"
	if err := tokens.SaveToken(t.Context(), key, httpapi.Token{Refresh: refreshToken, RefreshExpires: end}); err != nil {
		t.Fatal(err)
	}
	var said []int
	for ahead := 40; ahead >= -2; ahead-- {
		for range 2 {
			s := open(t, v.config(), new(owapro.ListOptions), sources.Deps{Tokens: tokens, Memory: memory})
			owapro.At(s, end.AddDate(0, 0, -ahead))
			got := readStream(t, s, sources.Request{Stream: stream(t, s, "customers")})
			if got.err != nil {
				t.Fatal(got.err)
			}
			if strings.Contains(got.warnings, "exporter auth login hurra") {
				said = append(said, ahead)
			}
		}
	}
	if len(said) != 5 || said[0] != 30 || said[1] != 14 || said[2] != 7 || said[3] != 1 || said[4] != 0 {
		t.Errorf("warned %v days ahead, want 30, 14, 7, 1 and at the end", said)
	}
}

// stream returns one of a source's streams.
func stream(tb testing.TB, s sources.Source, name string) sources.Stream {
	tb.Helper()
	for _, stream := range sourcetest.Must[[]sources.Stream](tb)(s.Streams(tb.Context())) {
		if stream.Name == name {
			return stream
		}
	}
	tb.Fatalf("there is no stream %s", name)
	return sources.Stream{}
}

// Whoever says that a token lives for centuries is not asked for one with every call.
func TestTokenThatLivesLong(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	_, access, err := v.Login("client")
	if err != nil {
		t.Fatal(err)
	}
	tokens := 0
	v.SetFront(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/oauth/") {
			v.Handler().ServeHTTP(w, r)
			return
		}
		tokens++
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": {"token": %q, "expires_in": 15000000000}}`, access)
	})
	s := list(t, v.config(), sources.Deps{Tokens: new(sourcetest.Tokens)})
	for range 3 {
		if err := check(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if tokens != 1 {
		t.Errorf("%d calls for a token, want 1", tokens)
	}
}

// A code is used up by an answer that cannot be read, too: a person has to begin again.
func TestLoginAnsweredWithNonsense(t *testing.T) {
	v := newVendor(t, sandbox.Config{})
	s := list(t, v.config(), sources.Deps{Tokens: new(sourcetest.Tokens)})
	for _, kind := range []faults.Kind{faults.HTML, faults.Empty, faults.TruncatedJSON, faults.Reset} {
		if err := v.faults.Add(faults.Rule{Kind: kind, Times: 1, Operation: "oauth/get_refresh_token"}); err != nil {
			t.Fatal(err)
		}
		wantError(t, s.(sources.Login).Login(t.Context(), sourcetest.Must[string](t)(v.Code("client"))), fault.Transient, "log in to source hurra", "exporter auth login hurra")
	}
}
