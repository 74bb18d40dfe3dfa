package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

func TestThrottledWaitsAsTold(t *testing.T) {
	inBubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when every bubble begins
	tests := []struct {
		name    string
		status  int
		header  []string
		atLeast time.Duration
		atMost  time.Duration
	}{
		{"seconds", 429, []string{"Retry-After", "7"}, 7 * time.Second, 7 * time.Second},
		{"date", 429, []string{"Retry-After", inBubble.Add(40 * time.Second).Format(http.TimeFormat)}, 40 * time.Second, 40 * time.Second},
		{"zero", 429, []string{"Retry-After", "0"}, time.Millisecond, time.Second},
		{"past", 429, []string{"Retry-After", inBubble.Add(-time.Hour).Format(http.TimeFormat)}, time.Millisecond, time.Second},
		{"not said", 429, nil, time.Millisecond, time.Second},
		{"503 seconds", 503, []string{"Retry-After", "7"}, 7 * time.Second, 7 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []http.HandlerFunc{answer(tt.status, "", tt.header...), answer(200, "ok")}}
				l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
				var asked []time.Duration
				c := newClient(t, httpapi.Config{
					BaseURL: "http://localhost", RoundTripper: pipe(t, s), Limiter: l,
					Retry: httpapi.Retry{Base: time.Second}, OnThrottle: func(d time.Duration) { asked = append(asked, d) },
				})
				start := time.Now()
				wantText(t, c, &httpapi.Request{}, "ok")
				took := time.Since(start)
				if took < tt.atLeast || took > tt.atMost || len(asked) != 1 || asked[0] != took {
					t.Errorf("waited %s, hook saw %v, want %s to %s", took, asked, tt.atLeast, tt.atMost)
				}
			})
		})
	}
}

func TestThrottlingUsesUpNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := slices.Repeat([]http.HandlerFunc{answer(429, "", "Retry-After", "1")}, 100)
		s := &script{answers: append(answers, answer(500, ""), answer(200, "ok"))}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, s), Retry: httpapi.Retry{MaxAttempts: 2}})
		wantText(t, c, &httpapi.Request{Once: false}, "ok")
	})
}

func TestTooMuchPatienceParks(t *testing.T) {
	tests := []struct {
		name, after string
		asked       int
		took        time.Duration
	}{
		{"one long wait", "3600", 1, 0},
		{"absurd", "999999999999999999999", 1, 0},
		{"for ever", "60", 6, 5 * time.Minute}, // the sixth would make it more than 5 minutes
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []http.HandlerFunc{answer(429, "", "Retry-After", tt.after)}}
				c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, s)})
				start := time.Now()
				_, err := fetch(t.Context(), c, &httpapi.Request{})
				wantClass(t, err, fault.Parked, "429 Too Many Requests")
				if s.count() != tt.asked || time.Since(start) != tt.took || fault.WaitOf(err) <= 0 || fault.HintOf(err) == "" {
					t.Errorf("parked after %d requests and %s with wait %s, want %d and %s", s.count(), time.Since(start), fault.WaitOf(err), tt.asked, tt.took)
				}
			})
		})
	}
}

func TestQuotaUsedUpParks(t *testing.T) {
	l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{{N: 1, Per: time.Hour}}})
	s := &script{answers: []http.HandlerFunc{answer(200, "ok")}}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL, Limiter: l})
	wantText(t, c, &httpapi.Request{}, "ok")
	_, err := fetch(t.Context(), c, &httpapi.Request{URL: "?token=TOPSECRET"})
	wantClass(t, err, fault.Parked, "quota of acme is not free before", "limit 1/1h is used up")
	var parked *ratelimit.ParkedError
	if !errors.As(err, &parked) || fault.HintOf(err) == "" || s.count() != 1 {
		t.Errorf("error %v after %d requests, want one that says until when", err, s.count())
	}
}

func TestPauseIsSharedByClientsOfALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{})
		throttling := &script{answers: []http.HandlerFunc{answer(429, "", "Retry-After", "30"), answer(200, "ok")}}
		calm := &script{answers: []http.HandlerFunc{answer(200, "ok")}}
		a := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, throttling), Limiter: l})
		b := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, calm), Limiter: l})
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { wantText(t, a, &httpapi.Request{}, "ok") })
		synctest.Wait()
		for range 5 {
			wg.Go(func() { wantText(t, b, &httpapi.Request{}, "ok") })
		}
		synctest.Wait()
		if calm.count() != 0 {
			t.Errorf("%d requests of the other client went out during the pause", calm.count())
		}
		wg.Wait()
		if got := time.Since(start); got != 30*time.Second {
			t.Errorf("all done after %s, want 30s", got)
		}
	})
}

func TestNoticeInsideAGoodAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
		s := &script{answers: []http.HandlerFunc{answer(200, "API usage exceeded rate limit")}}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, s), Limiter: l, Secrets: []string{"NETtoken"}})
		resp, err := c.Do(t.Context(), &httpapi.Request{})
		if err != nil {
			t.Fatal(err)
		}
		err = resp.Throttled(20*time.Second, "usage of NETtoken exceeded")
		wantClass(t, err, fault.Throttled, "usage of REDACTED exceeded")
		if got := fault.WaitOf(err); got != 20*time.Second {
			t.Errorf("wait %s, want 20s", got)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got := l.Status().PauseReason; got != "usage of REDACTED exceeded" {
			t.Errorf("limiter paused for %q", got)
		}
		start := time.Now()
		wantText(t, c, &httpapi.Request{}, "API usage exceeded rate limit")
		if got := time.Since(start); got != 20*time.Second {
			t.Errorf("next request after %s, want 20s", got)
		}
	})
}

func TestNoPlaceIsHeldWhileARetrySleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
		s := &script{answers: []http.HandlerFunc{answer(500, ""), answer(200, "ok")}}
		c := newClient(t, httpapi.Config{
			BaseURL: "http://localhost", RoundTripper: pipe(t, s), Limiter: l,
			Retry: httpapi.Retry{Base: time.Hour, Cap: time.Hour, MaxElapsed: 24 * time.Hour},
		})
		var wg sync.WaitGroup
		wg.Go(func() { wantText(t, c, &httpapi.Request{}, "ok") })
		synctest.Wait()
		if got := l.Status().InFlight; got != 0 || s.count() != 1 {
			t.Errorf("%d places held after %d requests, want none while the retry sleeps", got, s.count())
		}
		wg.Wait()
	})
}

func TestPlaceIsHeldUntilTheBodyIsClosed(t *testing.T) {
	l := newLimiter(t, ratelimit.Limits{Concurrency: 2, Windows: []ratelimit.Window{{N: 100, Per: time.Hour}}})
	c := newClient(t, httpapi.Config{BaseURL: serve(t, answer(200, "ok")).URL, Limiter: l})
	resp, err := c.Do(t.Context(), &httpapi.Request{Weight: 3})
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Status(); s.InFlight != 1 || s.Windows[0].Used != 3 {
		t.Errorf("with an open body: %+v", s)
	}
	for range 2 {
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Status().InFlight; got != 0 {
		t.Errorf("%d places held after Close", got)
	}
}

func TestWindowStartsAtTheHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{{N: 1, Per: 10 * time.Second}}})
		slow := func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			answer(200, "ok")(w, nil)
		}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, http.HandlerFunc(slow)), Limiter: l})
		start := time.Now()
		resp, err := c.Do(t.Context(), &httpapi.Request{})
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, c, &httpapi.Request{}, "ok") // beside the open body
		if got := time.Since(start); got != 16*time.Second {
			t.Errorf("second answer after %s, want 16s: 3 + 10 + 3", got)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCancelInEveryWait(t *testing.T) {
	stop := errors.New("shutdown")
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	stall := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush() // fails only with the connection
		<-r.Context().Done()
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		before func(l *ratelimit.Limiter) error
	}{
		{"pause", hang, func(l *ratelimit.Limiter) error { return l.PauseFor(time.Minute, "test") }},
		{"quota", hang, func(l *ratelimit.Limiter) error {
			p, err := l.Acquire(context.Background(), ratelimit.Ask{})
			if err == nil {
				p.Release()
			}
			return err
		}},
		{"headers", hang, nil},
		{"body", stall, nil},
		{"backoff", answer(500, ""), nil},
		{"throttled", answer(429, "", "Retry-After", "60"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []http.HandlerFunc{tt.answer}}
				l := newLimiter(t, ratelimit.Limits{Concurrency: 1, Windows: []ratelimit.Window{{N: 1, Per: time.Minute}}})
				c := newClient(t, httpapi.Config{
					BaseURL: "http://localhost", RoundTripper: pipe(t, s), Limiter: l,
					Retry: httpapi.Retry{Base: time.Hour, Cap: time.Hour, MaxElapsed: 24 * time.Hour},
				})
				if tt.before != nil {
					if err := tt.before(l); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Microsecond, func() { cancel(stop) })
				start := time.Now()
				_, err := fetch(ctx, c, &httpapi.Request{})
				wantClass(t, err, fault.Interrupted, "(GET localhost", "shutdown")
				if !errors.Is(err, stop) || time.Since(start) != time.Microsecond {
					t.Errorf("ended after %s with %v, want at once with %v", time.Since(start), err, stop)
				}
				if got := l.Status(); got.InFlight != 0 || got.Waiting != 0 {
					t.Errorf("left over: %+v", got)
				}
			})
		})
	}
}
