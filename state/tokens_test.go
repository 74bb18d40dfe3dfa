package state_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources/httpapi"
	"exporter/state"
)

const (
	identity  = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	secret    = "kV4-refresh-token-that-nobody-may-read"
	anyAccess = "kV4-access-token-that-nobody-may-read"
)

func token() httpapi.Token {
	return httpapi.Token{
		Access: anyAccess, Refresh: secret, Expires: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC),
		RefreshExpires: time.Date(2027, 3, 1, 4, 0, 0, 0, time.UTC),
		Extra:          map[string]string{"account_id": "zrn61"},
	}
}

// saved makes a state with one token and closes it.
func saved(t *testing.T, o state.Options) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	s, err := state.Open(t.Context(), path, o)
	must(t, err)
	must(t, s.SaveToken(t.Context(), "hurra", token()))
	must(t, s.Close())
	return path
}

func TestTokensSurvive(t *testing.T) {
	for name, key := range map[string]settings.Secret{"key file": "", "identity": identity, "passphrase": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			path := saved(t, state.Options{Key: key})
			s := openState(t, path, state.Options{Key: key})
			got, ok, err := s.LoadToken(t.Context(), "hurra")
			must(t, err)
			if diff := cmp.Diff(token(), got); diff != "" || !ok {
				t.Errorf("%t, token (-want +got):\n%s", ok, diff)
			}
			if _, ok, err := s.LoadToken(t.Context(), "tune"); ok || err != nil {
				t.Errorf("unknown key: %t, %v", ok, err)
			}
			rotated := token()
			rotated.Refresh = "the next one"
			must(t, s.SaveToken(t.Context(), "hurra", rotated))
			if got, _, err := s.LoadToken(t.Context(), "hurra"); err != nil || got.Refresh.Reveal() != "the next one" {
				t.Errorf("after rotation: %+v, %v", got, err)
			}
		})
	}
}

func TestTokensAreNotReadable(t *testing.T) {
	for name, key := range map[string]settings.Secret{"key file": "", "identity": identity, "passphrase": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			path := saved(t, state.Options{Key: key})
			files, err := filepath.Glob(path + "*")
			must(t, err)
			for _, file := range files {
				b, err := os.ReadFile(file)
				must(t, err)
				for _, text := range []string{secret, anyAccess, "zrn61", "AGE-SECRET-KEY", "correct horse"} {
					if bytes.Contains(b, []byte(text)) && !(file == path+".key" && text == "AGE-SECRET-KEY") {
						t.Errorf("%s contains %q", file, text)
					}
				}
			}
			if _, err := os.Stat(path + ".key"); (err == nil) != (key == "") {
				t.Errorf("key file: %v", err)
			}
		})
	}
}

func TestTokensAreListedWithoutKey(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	path := saved(t, state.Options{Now: func() time.Time { return now }})
	must(t, os.Remove(path+".key"))
	got, err := openState(t, path, state.Options{}).Tokens(t.Context())
	must(t, err)
	if diff := cmp.Diff([]state.TokenInfo{{Key: "hurra", Expires: token().Expires, RefreshExpires: token().RefreshExpires, Saved: now}}, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}

func TestKeyIsGone(t *testing.T) {
	tests := map[string]struct {
		made, opened settings.Secret
		change       func(t *testing.T, path string)
		class        fault.Class
		message      string
	}{
		"key file missing": {
			change:  func(t *testing.T, path string) { must(t, os.Remove(path+".key")) },
			class:   fault.Auth,
			message: "read the token of hurra: stored tokens are encrypted and the key file %s.key is missing",
		},
		"another key file": {
			change: func(t *testing.T, path string) {
				must(t, os.WriteFile(path+".key", []byte(identity+"\n"), 0o600))
			},
			class:   fault.Auth,
			message: "read the token of hurra: stored tokens are encrypted with another key than the one in %s.key",
		},
		"damaged key file": {
			change:  func(t *testing.T, path string) { must(t, os.WriteFile(path+".key", []byte(secret), 0o600)) },
			class:   fault.Config,
			message: "read the token of hurra: the key file %s.key is not an age identity",
		},
		"another identity": {
			made: "", opened: identity, class: fault.Auth,
			message: "read the token of hurra: stored tokens are encrypted with another key than the key of [exporter]",
		},
		"damaged identity": {
			made: identity, opened: identity + "X", class: fault.Config,
			message: "read the token of hurra: the key of [exporter] is not an age identity",
		},
		"another passphrase": {
			made: "correct horse", opened: "battery staple", class: fault.Auth,
			message: "read the token of hurra: stored tokens are encrypted with another key than the key of [exporter]",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := saved(t, state.Options{Key: tt.made})
			if tt.change != nil {
				tt.change(t, path)
			}
			s := openState(t, path, state.Options{Key: tt.opened})
			_, _, err := s.LoadToken(t.Context(), "hurra")
			want := tt.message
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, path)
			}
			fails(t, err, tt.class, want, "Put the old key back, or log in again: exporter auth login SOURCE.")
			if err.Error() != want {
				t.Errorf("message %q, want %q", err, want)
			}
			if tt.class == fault.Config {
				return
			}
			must(t, s.SaveToken(t.Context(), "hurra", token())) // the login
			if got, ok, err := s.LoadToken(t.Context(), "hurra"); !ok || err != nil || got.Refresh.Reveal() != secret {
				t.Errorf("after a login: %t, %v", ok, err)
			}
		})
	}
}

// Both keys may stand in the key file: the first encrypts, all decrypt.
func TestOldKeyIsPutBackBesideTheNew(t *testing.T) {
	path := saved(t, state.Options{})
	old, err := os.ReadFile(path + ".key")
	must(t, err)
	must(t, os.WriteFile(path+".key", append([]byte(identity+"\n"), old...), 0o600))
	s := openState(t, path, state.Options{})
	if _, ok, err := s.LoadToken(t.Context(), "hurra"); !ok || err != nil {
		t.Fatalf("old token: %t, %v", ok, err)
	}
	must(t, s.SaveToken(t.Context(), "hurra", token()))
	must(t, os.WriteFile(path+".key", []byte(identity+"\n"), 0o600))
	if _, ok, err := s.LoadToken(t.Context(), "hurra"); !ok || err != nil {
		t.Errorf("new token: %t, %v", ok, err)
	}
}

func TestExchangedRowsAreNoticed(t *testing.T) {
	path := saved(t, state.Options{})
	alter(t, path, `UPDATE tokens SET key = 'tune'`)
	s := openState(t, path, state.Options{})
	if got, ok, err := s.LoadToken(t.Context(), "tune"); err == nil {
		t.Errorf("got %+v, %t", got, ok)
	}
}

func TestFirstTokensAtTheSameTime(t *testing.T) {
	for name, key := range map[string]settings.Secret{"key file": "", "passphrase": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			stores := []*state.Store{openState(t, path, state.Options{Key: key}), openState(t, path, state.Options{Key: key})}
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					if err := stores[i%2].SaveToken(t.Context(), fmt.Sprint(i), token()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for i := range 8 {
				for _, s := range stores {
					if _, ok, err := s.LoadToken(t.Context(), fmt.Sprint(i)); !ok || err != nil {
						t.Errorf("token %d: %t, %v", i, ok, err)
					}
				}
			}
		})
	}
}

func TestKeyFileIsPrivate(t *testing.T) {
	path := saved(t, state.Options{})
	info, err := os.Stat(path + ".key")
	must(t, err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %v, want 0600", mode)
	}
	left, err := filepath.Glob(path + ".key.*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestTokensAreForgotten(t *testing.T) {
	path := saved(t, state.Options{})
	s := openState(t, path, state.Options{})
	must(t, s.SaveToken(t.Context(), "shop", token()))
	must(t, s.DeleteToken(t.Context(), "hurra"))
	must(t, s.DeleteToken(t.Context(), "hurra")) // twice is once
	if _, ok, err := s.LoadToken(t.Context(), "hurra"); ok || err != nil {
		t.Errorf("it is still there: %t, %v", ok, err)
	}
	if _, ok, err := s.LoadToken(t.Context(), "shop"); !ok || err != nil {
		t.Errorf("another one is gone: %t, %v", ok, err)
	}
}
