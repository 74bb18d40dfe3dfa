package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/settings"
	"exporter/sources/httpapi"
)

// memo is a store that somebody else may write to.
type memo struct{ token httpapi.Token }

func (m *memo) LoadToken(context.Context, string) (httpapi.Token, bool, error) {
	return m.token, m.token.Access != "", nil
}

func (m *memo) SaveToken(_ context.Context, _ string, t httpapi.Token) error {
	m.token = t
	return nil
}

func (m *memo) ReplaceToken(ctx context.Context, key string, old, t httpapi.Token) (bool, error) {
	if !m.token.Same(old) {
		return false, nil
	}
	return true, m.SaveToken(ctx, key, t)
}

// Dozens of slices must not try a refused login dozens of times; but a login that
// somebody made meanwhile counts at once.
func TestARefusedLoginIsNotTriedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		store := &memo{}
		auth := httpapi.NewTokenAuth("acme", store, func(context.Context, *httpapi.Client) (httpapi.Token, error) {
			tries++
			return httpapi.Token{}, fault.New(fault.Auth, "wrong secret")
		}, func(*http.Request, httpapi.Token) {})
		client := httpapi.New(httpapi.Config{BaseURL: "https://vendor.example"})
		apply := func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://vendor.example/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			_, err = auth.Apply(t.Context(), client, req)
			return err
		}
		for i := range 5 {
			err := apply()
			if fault.ClassOf(err) != fault.Auth {
				t.Fatalf("error %v", err)
			}
			if told := strings.Count(fault.HintOf(err), "less than a minute ago"); told != min(i, 1) {
				t.Errorf("call %d, told %d times that the vendor was not asked: %v", i+1, told, err)
			}
		}
		if tries != 1 {
			t.Errorf("%d tries of a refused login in no time", tries)
		}
		time.Sleep(2 * time.Minute)
		if err := apply(); fault.ClassOf(err) != fault.Auth || tries != 2 {
			t.Errorf("after a while: %v, %d tries", err, tries)
		}
		store.token = httpapi.Token{Access: settings.Secret("good"), Expires: time.Now().Add(time.Hour)}
		if err := apply(); err != nil {
			t.Errorf("after somebody logged in: %v", err)
		}
	})
}
