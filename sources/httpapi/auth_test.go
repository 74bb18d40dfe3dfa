package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/settings"
	"exporter/sources/httpapi"
)

// login is a vendor that hands out numbered tokens and takes the newest only.
type login struct {
	mu     sync.Mutex
	issued int
	valid  string
	calls  []string // path and token of each request
	bodies []string
	life   time.Duration
	refuse func(n int) int // status of the n-th token call, 0 = good
}

func (v *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	v.calls = append(v.calls, strings.TrimSpace(r.URL.Path+" "+token))
	if r.URL.Path == "/token" {
		v.issued++
		if v.refuse != nil {
			if status := v.refuse(v.issued); status != 0 {
				http.Error(w, "refused", status)
				return
			}
		}
		v.valid = fmt.Sprintf("token-%d", v.issued)
		_, _ = io.WriteString(w, v.valid) // the client may have gone
		return
	}
	v.bodies = append(v.bodies, string(body))
	if token != v.valid {
		http.Error(w, "expired: "+token, http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(w, "data") // as well
}

func (v *login) revoke() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.valid = "revoked"
}

func (v *login) auth(store httpapi.TokenStore) *httpapi.TokenAuth {
	fetch := func(ctx context.Context, c *httpapi.Client) (t httpapi.Token, err error) {
		text, err := fetch(ctx, c, &httpapi.Request{URL: "/token"})
		t.Access = settings.Secret(text)
		if v.life > 0 {
			t.Expires = time.Now().Add(v.life)
		}
		return t, err
	}
	return httpapi.NewTokenAuth("acme", store, fetch, func(r *http.Request, t httpapi.Token) {
		r.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	})
}

// tokens is a store in memory.
type tokens struct {
	mu    sync.Mutex
	rows  map[string]httpapi.Token
	saved []string
	fail  error
}

func (s *tokens) LoadToken(_ context.Context, key string) (httpapi.Token, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.rows[key]
	return t, ok, nil
}

func (s *tokens) SaveToken(ctx context.Context, key string, t httpapi.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.fail); err != nil {
		return err
	}
	if s.rows == nil {
		s.rows = make(map[string]httpapi.Token)
	}
	s.rows[key] = t
	s.saved = append(s.saved, t.Access.Reveal())
	return nil
}

func (s *tokens) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	if now, _, _ := s.LoadToken(ctx, key); !now.Same(old) {
		return false, nil
	}
	return true, s.SaveToken(ctx, key, t)
}

// A stored token whose key is lost is fetched anew where nothing of it is needed, and
// takes the other's place; elsewhere a person has to log in.
func TestAStoredTokenThatCannotBeRead(t *testing.T) {
	for _, anew := range []bool{true, false} {
		v, store := &login{}, &locked{}
		auth := v.auth(store)
		auth.Anew = anew
		c := newClient(t, httpapi.Config{BaseURL: serve(t, v.ServeHTTP).URL, Auth: auth})
		_, err := fetch(t.Context(), c, &httpapi.Request{})
		if want := map[bool]fault.Class{true: "", false: fault.Auth}[anew]; fault.ClassOf(err) != want || (len(store.saved) == 1) != anew {
			t.Errorf("anew %t: %v, saved %v", anew, err, store.saved)
		}
	}
}

// locked is a store with a token that nobody can read.
type locked struct{ tokens }

func (s *locked) LoadToken(ctx context.Context, key string) (httpapi.Token, bool, error) {
	if len(s.saved) > 0 {
		return s.tokens.LoadToken(ctx, key)
	}
	return httpapi.Token{}, false, fault.New(fault.Auth, "the key is lost")
}

func (s *locked) ReplaceToken(ctx context.Context, key string, _, _ httpapi.Token) (bool, error) {
	_, _, err := s.LoadToken(ctx, key)
	return false, err
}

func TestRenewAndReplayOnce(t *testing.T) {
	v := &login{}
	store := &tokens{rows: map[string]httpapi.Token{"acme": {Access: "stored-but-expired"}}}
	l := newLimiter(t, ratelimit.Limits{Concurrency: 1, Windows: []ratelimit.Window{{N: 100, Per: time.Hour}}})
	c := newClient(t, httpapi.Config{BaseURL: serve(t, v.ServeHTTP).URL, Limiter: l, Auth: v.auth(store)})
	r := &httpapi.Request{Method: http.MethodPost, URL: "/report", Body: func() io.Reader { return strings.NewReader("question") }}
	wantText(t, c, r, "data")
	wantText(t, c, r, "data")
	want := []string{"/report stored-but-expired", "/token", "/report token-1", "/report token-1"}
	if diff := cmp.Diff(want, v.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"question", "question", "question"}, v.bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"token-1"}, store.saved); diff != "" {
		t.Errorf("tokens stored (-want +got):\n%s", diff)
	}
	if got := l.Status().Requests; got != 4 {
		t.Errorf("%d permits, want one for each of the 4 requests", got)
	}
}

func TestRenewedInVain(t *testing.T) {
	v := &login{}
	auth := v.auth(nil)
	c := newClient(t, httpapi.Config{BaseURL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		v.ServeHTTP(w, r)
		v.revoke() // whatever was issued
	}).URL, Auth: auth})
	_, err := fetch(t.Context(), c, &httpapi.Request{URL: "/report"})
	wantClass(t, err, fault.Auth, "401 Unauthorized", `answer "expired: REDACTED"`)
	if diff := cmp.Diff([]string{"/token", "/report token-1", "/token", "/report token-2"}, v.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, auth.Token()), "token-2") {
		t.Errorf("error or token shows a secret: %v %+v", err, auth.Token())
	}
}

func TestNotEveryRefusalIsAnExpiry(t *testing.T) {
	v := &login{}
	auth := v.auth(nil)
	auth.ExpiredWhen = func(_ int, _ http.Header, body []byte) bool { return !strings.Contains(string(body), "permissions") }
	s := &script{answers: []http.HandlerFunc{answer(200, "token-1"), answer(401, "Insufficient permissions")}}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL, Auth: auth})
	_, err := fetch(t.Context(), c, &httpapi.Request{URL: "/report"})
	wantClass(t, err, fault.Auth, "Insufficient permissions") // the body read to decide is still there
	if s.count() != 2 {
		t.Errorf("%d requests, want a token call and the refused one", s.count())
	}
}

func TestRenewalIsSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &login{}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, v), Auth: v.auth(&tokens{})})
		burst := func() {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { wantText(t, c, &httpapi.Request{URL: "/report"}, "data") })
			}
			wg.Wait()
		}
		burst()
		if v.issued != 1 {
			t.Errorf("%d tokens for the first 50 requests, want 1", v.issued)
		}
		v.revoke()
		burst()
		if v.issued != 2 {
			t.Errorf("%d tokens after a revocation, want 2", v.issued)
		}
	})
}

func TestFailedRenewalIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &login{refuse: func(int) int {
			time.Sleep(time.Second) // until all 50 wait
			return http.StatusForbidden
		}}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, v), Auth: v.auth(nil)})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := fetch(t.Context(), c, &httpapi.Request{URL: "/report"})
				wantClass(t, err, fault.Auth, "get a token for acme: 403 Forbidden (GET localhost/token)", "(GET localhost/report)")
			})
		}
		wg.Wait()
		if v.issued != 1 {
			t.Errorf("%d token calls for 50 requests, want 1", v.issued)
		}
	})
}

func TestTokenCallIsRetried(t *testing.T) {
	v := &login{refuse: func(n int) int {
		if n < 3 {
			return http.StatusBadGateway
		}
		return 0
	}}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, v.ServeHTTP).URL, Auth: v.auth(nil)})
	wantText(t, c, &httpapi.Request{URL: "/report"}, "data")
	if v.issued != 3 {
		t.Errorf("%d token calls, want 3", v.issued)
	}
}

func TestEarlyRenewal(t *testing.T) {
	tests := []struct {
		name  string
		life  time.Duration
		early time.Duration
	}{
		{"a day", 24 * time.Hour, time.Minute},
		{"short", 100 * time.Second, 10 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broken := false
				v := &login{life: tt.life, refuse: func(int) int {
					if broken {
						return http.StatusForbidden
					}
					return 0
				}}
				c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, v), Auth: v.auth(nil)})
				r := &httpapi.Request{URL: "/report"}
				wantText(t, c, r, "data")
				time.Sleep(tt.life - tt.early - time.Second)
				wantText(t, c, r, "data")
				if v.issued != 1 {
					t.Fatalf("%d tokens before the time to renew, want 1", v.issued)
				}
				broken = true
				time.Sleep(2 * time.Second)
				wantText(t, c, r, "data") // the old one still holds
				if v.issued != 2 {
					t.Errorf("%d token calls at the time to renew, want 2", v.issued)
				}
				time.Sleep(tt.early)
				_, err := fetch(t.Context(), c, r)
				wantClass(t, err, fault.Auth, "get a token for acme")
			})
		})
	}
}

func TestNewTokenIsStoredBeforeUse(t *testing.T) {
	v := &login{}
	store := &tokens{fail: errors.New("disk full")}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, v.ServeHTTP).URL, Auth: v.auth(store)})
	_, err := fetch(t.Context(), c, &httpapi.Request{URL: "/report"})
	wantClass(t, err, fault.Transient, "store the token of acme: disk full")
	store.fail = nil
	wantText(t, c, &httpapi.Request{URL: "/report"}, "data")
	if diff := cmp.Diff([]string{"/token", "/report token-1"}, v.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"token-1"}, store.saved); diff != "" {
		t.Errorf("tokens stored (-want +got):\n%s", diff)
	}
}

func TestTokenOfAnotherProcess(t *testing.T) {
	v := &login{}
	store := &tokens{}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, v.ServeHTTP).URL, Auth: v.auth(store)})
	wantText(t, c, &httpapi.Request{URL: "/report"}, "data")
	v.mu.Lock()
	v.valid = "from-elsewhere"
	v.mu.Unlock()
	if err := store.SaveToken(t.Context(), "acme", httpapi.Token{Access: "from-elsewhere"}); err != nil {
		t.Fatal(err)
	}
	wantText(t, c, &httpapi.Request{URL: "/report"}, "data")
	if v.issued != 1 {
		t.Errorf("%d token calls, want 1: the store had a newer token", v.issued)
	}
}

func TestCancelledRenewalDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		fetchToken := func(ctx context.Context, _ *httpapi.Client) (httpapi.Token, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return httpapi.Token{}, ctx.Err()
			}
			return httpapi.Token{Access: "second"}, nil
		}
		auth := httpapi.NewTokenAuth("acme", nil, fetchToken, func(*http.Request, httpapi.Token) {})
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, answer(200, "data")), Auth: auth})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := fetch(ctx, c, &httpapi.Request{})
			wantClass(t, err, fault.Interrupted)
		})
		synctest.Wait()
		wg.Go(func() { wantText(t, c, &httpapi.Request{}, "data") })
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}
