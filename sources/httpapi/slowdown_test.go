package httpapi_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

// TestRetryAfterOverTheWire measures at a real server how long a client stays
// away, and how much it asks for at once when it comes back.
func TestRetryAfterOverTheWire(t *testing.T) {
	tests := []struct {
		name, value     string
		atLeast, atMost time.Duration // until the server is asked again
		parks           time.Duration // 0 = it is asked again
	}{
		{"seconds", "1", time.Second, 2 * time.Second, 0},
		{"date", "", 500 * time.Millisecond, 4 * time.Second, 0}, // of two seconds from now, without their fraction
		{"zero", "0", 0, time.Second, 0},
		{"past", "Sun, 06 Nov 1994 08:49:37 GMT", 0, time.Second, 0},
		{"negative", "-5", 0, time.Second, 0},
		{"garbage", "soon", 0, time.Second, 0},
		{"empty", "", 0, time.Second, 0},
		{"far", "7200", 0, 0, 2 * time.Hour},
		{"absurdly far", "999999999999999999999999", 0, 0, httpapi.MaxRetryAfter},
		{"the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", 0, 0, httpapi.MaxRetryAfter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var asked []time.Time
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if asked = append(asked, time.Now()); len(asked) > 1 {
					answer(200, "ok")(w, nil)
					return
				}
				value := tt.value
				if tt.name == "date" {
					value = time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
				}
				answer(429, "", "Retry-After", value)(w, nil)
			})
			l := newLimiter(t, ratelimit.Limits{Windows: []ratelimit.Window{{N: 10, Per: time.Hour}}})
			c := newClient(t, httpapi.Config{BaseURL: server.URL, Limiter: l})
			text, err := fetch(t.Context(), c, &httpapi.Request{})
			mu.Lock()
			defer mu.Unlock()
			if tt.parks > 0 {
				wantClass(t, err, fault.Parked, "429")
				if wait := fault.WaitOf(err); len(asked) != 1 || wait > tt.parks || wait < tt.parks-time.Minute {
					t.Errorf("parked for %s after %d requests, want %s after 1", wait, len(asked), tt.parks)
				}
				return
			}
			if err != nil || text != "ok" || len(asked) != 2 {
				t.Fatalf("got %q, %v after %d requests, want ok after 2", text, err, len(asked))
			}
			if away := asked[1].Sub(asked[0]); away < tt.atLeast || away > tt.atMost {
				t.Errorf("asked again after %s, want %s to %s", away, tt.atLeast, tt.atMost)
			}
		})
	}
}

// A wait that the vendor's text asks for is believed no further than one of the header.
func TestWaitInTheTextIsCapped(t *testing.T) {
	c := newClient(t, httpapi.Config{
		BaseURL: "http://localhost", RoundTripper: pipe(t, &script{answers: []http.HandlerFunc{answer(429, "in 99999 second window")}}),
		Limiter: newLimiter(t, ratelimit.Limits{}),
		Classify: func(int, http.Header, []byte) error {
			return fault.New(fault.Throttled, "in 99999 second window").WithWait(99999 * time.Second)
		},
	})
	_, err := fetch(t.Context(), c, &httpapi.Request{})
	wantClass(t, err, fault.Parked, "99999")
	if wait := fault.WaitOf(err); wait > httpapi.MaxRetryAfter {
		t.Errorf("parked for %s, want at most %s", wait, httpapi.MaxRetryAfter)
	}
}

// slowdown is a limiter, and a client whose vendor names its limits as n in ten seconds.
func slowdown(t *testing.T, log *slog.Logger, answers ...http.HandlerFunc) (*ratelimit.Limiter, *httpapi.Client) {
	t.Helper()
	l := newLimiter(t, ratelimit.Limits{
		Windows: []ratelimit.Window{{N: 100, Per: 10 * time.Second}},
		Classes: map[string][]ratelimit.Window{"heavy": {{N: 2, Per: time.Second}}},
	})
	return l, newClient(t, httpapi.Config{
		BaseURL: "http://localhost", RoundTripper: pipe(t, &script{answers: answers}), Limiter: l, Log: log,
		Limits: func(text string) []ratelimit.Window {
			if !strings.Contains(text, "only 50") {
				return nil
			}
			return []ratelimit.Window{{N: 50, Per: 10 * time.Second}}
		},
	})
}

// limits returns the limits that hold, by class.
func limits(l *ratelimit.Limiter) map[string]int {
	got := map[string]int{}
	for _, w := range l.Status().Windows {
		got[w.Class] = w.Limit
	}
	return got
}

func TestWhatARefusalTeaches(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		class  string
		want   map[string]int
	}{
		{"limits named with a 429", answer(429, "only 50", "Retry-After", "1"), "", map[string]int{"": 50, "heavy": 2}},
		{"a 429 of few words", answer(429, "slow down", "Retry-After", "1"), "", map[string]int{"": 70, "heavy": 2}},
		{"a 429 of a class", answer(429, "slow down", "Retry-After", "1"), "heavy", map[string]int{"": 100, "heavy": 1}},
		{"a busy vendor", answer(503, "only 50", "Retry-After", "1"), "", map[string]int{"": 100, "heavy": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, c := slowdown(t, nil, tt.answer, answer(200, "ok"))
				start := time.Now()
				wantText(t, c, &httpapi.Request{Class: tt.class}, "ok")
				if diff := cmp.Diff(tt.want, limits(l)); diff != "" || time.Since(start) != time.Second {
					t.Errorf("after %s limits (-want +got):\n%s", time.Since(start), diff)
				}
			})
		})
	}
}

func TestLimitsNamedInsideAGoodAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		l, c := slowdown(t, slog.New(slog.NewTextHandler(&log, nil)), answer(200, "no rows"))
		resp, err := c.Do(t.Context(), &httpapi.Request{})
		if err != nil {
			t.Fatal(err)
		}
		wantClass(t, resp.Throttled(0, "there are only 50 for everybody"), fault.Throttled)
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		w := l.Status().Windows[0]
		if w.Limit != 50 || w.LearnedReason != "there are only 50 for everybody" || time.Until(w.LearnedUntil) != 24*time.Hour {
			t.Errorf("limit %d until %s for %q, want 50 for a day and the vendor's words", w.Limit, w.LearnedUntil, w.LearnedReason)
		}
		if !strings.Contains(log.String(), "lowered=50/10s") {
			t.Errorf("the log does not say which limit holds now:\n%s", log.String())
		}
	})
}

// Requests that were on their way together are refused together, which is one lesson.
func TestRefusedTogetherIsOneLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(100 * time.Millisecond)
			answer(429, "", "Retry-After", "1")(w, nil)
		}
		answers := append(make([]http.HandlerFunc, 0, 9), refuse, refuse, refuse, refuse, refuse, refuse, refuse, refuse, answer(200, "ok"))
		l, c := slowdown(t, nil, answers...)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { wantText(t, c, &httpapi.Request{}, "ok") })
		}
		wg.Wait()
		if got := limits(l)[""]; got != 70 {
			t.Errorf("limit %d after eight refusals of one moment, want 70", got)
		}
	})
}
