package httpapi_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

// place is the only place there is for work; whoever has it fills it.
type place chan struct{}

func (p place) Leave() { <-p }

func (p place) Return(ctx context.Context) error {
	select {
	case p <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A slice whose token call waits for quota has given its place to another one, which
// needs that token too. If that one kept the place, both would wait for ever.
func TestWhoWaitsForATokenHoldsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{{N: 1, Per: time.Minute}}})
		spent, err := limiter.Acquire(t.Context(), ratelimit.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		spent.Release()
		fetched := 0
		auth := httpapi.NewTokenAuth("acme", nil, func(ctx context.Context, _ *httpapi.Client) (httpapi.Token, error) {
			permit, err := limiter.Acquire(ctx, ratelimit.Ask{})
			if err == nil {
				permit.Release()
				fetched++
			}
			return httpapi.Token{Access: "token"}, err
		}, func(*http.Request, httpapi.Token) {})
		client := httpapi.New(httpapi.Config{BaseURL: "https://vendor.example"})
		only := make(place, 1)
		ctx, cancel := context.WithTimeout(ratelimit.WithPlace(t.Context(), only), time.Hour)
		defer cancel()
		var slices sync.WaitGroup
		for range 3 {
			slices.Go(func() {
				if err := only.Return(ctx); err != nil {
					t.Error(err)
					return
				}
				defer only.Leave()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://vendor.example/", http.NoBody)
				if err == nil {
					_, err = auth.Apply(ctx, client, req)
				}
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		slices.Wait()
		if fetched != 1 {
			t.Errorf("%d token calls, want 1", fetched)
		}
	})
}
