package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"exporter/settings"
	"exporter/sources/httpapi"
)

// rotating is a vendor that gives up all older refresh tokens when a new access
// token is used.
type rotating struct{ issued, used int }

func (v *rotating) renew(with settings.Secret) (httpapi.Token, error) {
	var n int
	if _, err := fmt.Sscanf(with.Reveal(), "refresh-%d", &n); err != nil || n < v.used {
		return httpapi.Token{}, fmt.Errorf("%s has been given up: %w", with.Reveal(), err)
	}
	v.issued++
	return httpapi.Token{
		Access: settings.Secret(fmt.Sprint("access-", v.issued)), Refresh: settings.Secret(fmt.Sprint("refresh-", v.issued)),
		Expires: time.Now().Add(time.Hour),
	}, nil
}

func (v *rotating) use(req *http.Request) (err error) {
	if _, err = fmt.Sscanf(req.Header.Get("Authorization"), "access-%d", &v.used); err != nil {
		err = fmt.Errorf("authorization %q: %w", req.Header.Get("Authorization"), err)
	}
	return err
}

// A process is paused while the answer with its new token is on the way. Another one
// takes over, renews the same token and uses what it gets, or a person logs in. The
// first one must not put its own token, which may be worthless by now, in the place
// of that.
func TestATokenStoredMeanwhileIsNotReplaced(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, v *rotating, store *tokens, other *httpapi.TokenAuth){
		"other process": func(t *testing.T, v *rotating, _ *tokens, other *httpapi.TokenAuth) {
			if err := v.use(applied(t, other)); err != nil {
				t.Fatal(err)
			}
		},
		"login": func(t *testing.T, v *rotating, store *tokens, _ *httpapi.TokenAuth) {
			v.issued++
			token, err := v.renew(settings.Secret(fmt.Sprint("refresh-", v.issued)))
			if err == nil {
				err = store.SaveToken(t.Context(), "acme", token)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, store := &rotating{}, &tokens{rows: map[string]httpapi.Token{"acme": {Refresh: "refresh-0"}}}
			pause := func() {}
			process := func() (a *httpapi.TokenAuth) {
				a = httpapi.NewTokenAuth("acme", store, func(context.Context, *httpapi.Client) (httpapi.Token, error) {
					token, err := v.renew(a.Token().Refresh)
					pause()
					return token, err
				}, func(r *http.Request, t httpapi.Token) { r.Header.Set("Authorization", t.Access.Reveal()) })
				return a
			}
			paused, other := process(), process()
			var newest httpapi.Token
			pause = func() {
				pause = func() {}
				meanwhile(t, v, store, other)
				newest = store.rows["acme"]
			}
			req := applied(t, paused)
			if got := req.Header.Get("Authorization"); newest.Access == "" || got != newest.Access.Reveal() {
				t.Errorf("the paused process goes on with %s, want %s", got, newest.Access.Reveal())
			}
			if got := store.rows["acme"]; !got.Same(newest) {
				t.Errorf("stored %s, want %s", got.Refresh.Reveal(), newest.Refresh.Reveal())
			}
			if err := v.use(req); err != nil {
				t.Error(err)
			}
			if _, err := v.renew(store.rows["acme"].Refresh); err != nil {
				t.Errorf("locked out: %v", err)
			}
		})
	}
}

func applied(t *testing.T, auth *httpapi.TokenAuth) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://vendor.example/", http.NoBody)
	if err == nil {
		_, err = auth.Apply(t.Context(), httpapi.New(httpapi.Config{BaseURL: "https://vendor.example"}), req)
	}
	if err != nil {
		t.Fatal(err)
	}
	return req
}
