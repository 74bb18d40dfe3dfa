package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/fault"
	"exporter/sources/httpapi"
)

func TestDoUntilItIsGood(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	tests := []struct {
		name  string
		first http.HandlerFunc
	}{
		{"500", answer(500, "oops")},
		{"502 html", answer(502, "<html>", "Content-Type", "text/html")},
		{"504 empty", answer(504, "")},
		{"408", answer(408, "")},
		{"425", answer(425, "")},
		{"429", answer(429, "slow down")},
		{"reset", hangUp},
		{"html instead of json", answer(200, "<html>maintenance", "Content-Type", "text/html; charset=utf-8")},
		{"html without a type", answer(200, " \n<!DOCTYPE html>", "Content-Type", "text/plain")},
		{"truncated before the first byte", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write(packed(`{"ok":true}`)[:5]) // the client may have gone
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{answers: []http.HandlerFunc{tt.first, tt.first, answer(200, `{"ok":true}`, "Content-Type", "application/json")}}
			c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL})
			r := &httpapi.Request{
				Method: http.MethodPost, URL: "/report", Want: "application/json",
				Body: func() io.Reader { return strings.NewReader("question") },
			}
			wantText(t, c, r, `{"ok":true}`)
			if diff := cmp.Diff([]string{"question", "question", "question"}, s.bodies); diff != "" {
				t.Errorf("bodies at the server (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDoGivesUp(t *testing.T) {
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		request httpapi.Request
		class   fault.Class
		asked   int
		parts   []string
	}{
		{
			"server trouble", answer(503, "try later", "X-Request-Id", "r-17"),
			httpapi.Request{},
			fault.Transient, 5,
			[]string{"503 Service Unavailable", "attempt 5", "request id r-17", `answer "try later"`},
		},
		{"login", answer(401, `{"error":"nope"}`), httpapi.Request{}, fault.Auth, 1, []string{"401 Unauthorized"}},
		{"permission", answer(403, ""), httpapi.Request{}, fault.Auth, 1, []string{"403 Forbidden"}},
		{"mistake of ours", answer(400, "bad\nfilter\x1b[31m"), httpapi.Request{}, fault.Permanent, 1, []string{`answer "bad filter [31m"`}},
		{"gone", answer(410, ""), httpapi.Request{}, fault.Permanent, 1, nil},
		{"wrong method", answer(405, ""), httpapi.Request{}, fault.Permanent, 1, nil},
		{"too long", answer(414, ""), httpapi.Request{}, fault.Permanent, 1, nil},
		{"not modified", answer(304, ""), httpapi.Request{}, fault.Permanent, 1, nil},
		{"not implemented", answer(501, ""), httpapi.Request{}, fault.Permanent, 1, nil},
		{"must not act twice", answer(500, ""), httpapi.Request{Once: true}, fault.Transient, 1, nil},
		{
			"a page for people", answer(200, "<html>Log in", "Content-Type", "text/html"),
			httpapi.Request{Want: "application/json"},
			fault.Transient, 5,
			[]string{"HTML instead of application/json", "<html>Log in"},
		},
		{
			"another format", answer(200, "a;b", "Content-Type", "text/csv"),
			httpapi.Request{Want: "application/json"},
			fault.Data, 1,
			[]string{"text/csv instead of application/json"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{answers: []http.HandlerFunc{tt.answer}}
			c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL})
			_, err := fetch(t.Context(), c, &tt.request)
			wantClass(t, err, tt.class, append(tt.parts, "(GET 127.0.0.1")...)
			if s.count() != tt.asked {
				t.Errorf("asked %d times, want %d", s.count(), tt.asked)
			}
			var e *httpapi.Error
			if !errors.As(err, &e) || e.Attempts != tt.asked || e.Method != http.MethodGet {
				t.Errorf("error holds %+v", e)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	s := serve(t, answer(200, ""))
	address := s.URL
	s.Close()
	c := newClient(t, httpapi.Config{BaseURL: address})
	_, err := fetch(t.Context(), c, &httpapi.Request{Once: true})
	wantClass(t, err, fault.Transient, "connection refused", "attempt 5") // nothing was sent: even Once is repeated
	if hint := fault.HintOf(err); !strings.Contains(hint, "`exporter sandbox --listen "+strings.TrimPrefix(address, "http://")+"`") {
		t.Errorf("hint %q", hint)
	}
}

func TestGoodAnswers(t *testing.T) {
	tests := []struct{ name, media, want string }{
		{"as wanted", "application/json; charset=utf-8", "application/json"},
		{"relative", "application/vnd.api+json", "application/json"},
		{"old name", "text/json", "application/json"},
		{"server does not know", "text/plain", "application/json"},
		{"nothing wanted", "text/html", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{answers: []http.HandlerFunc{answer(200, `{"a":1}`, "Content-Type", tt.media)}}
			c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL + "/v1?z=0", UserAgent: "test"})
			wantText(t, c, &httpapi.Request{Query: url.Values{"a[]": {"1", "2"}}, Want: tt.want}, `{"a":1}`)
			got := s.asked[0]
			if got.URL.RequestURI() != "/v1?z=0&a%5B%5D=1&a%5B%5D=2" || got.Header.Get("Accept") != tt.want || got.UserAgent() != "test" {
				t.Errorf("asked %s with %v", got.URL, got.Header)
			}
		})
	}
}

func TestDelaysGrowAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{answer(500, "")}}
		retry := httpapi.Retry{MaxAttempts: 1000, Base: time.Second, Cap: time.Minute, MaxElapsed: 10 * time.Minute}
		c := newClient(t, httpapi.Config{BaseURL: "http://localhost", RoundTripper: pipe(t, s), Retry: retry})
		start := time.Now()
		_, err := fetch(t.Context(), c, &httpapi.Request{})
		wantClass(t, err, fault.Transient)
		took := time.Since(start)
		// At most 60 s each: at least ten in ten minutes; about 30 s each on average.
		if took > 10*time.Minute || took < 8*time.Minute || s.count() < 10 || s.count() > 60 {
			t.Errorf("gave up after %s and %d attempts, want just under 10m and 10 to 60", took, s.count())
		}
	})
}

func TestClassify(t *testing.T) {
	classify := func(_ int, _ http.Header, body []byte) error {
		switch {
		case strings.Contains(string(body), "rate limit"):
			return fault.New(fault.Throttled, "vendor says: %s", body).WithWait(time.Millisecond)
		case strings.Contains(string(body), "permissions"):
			return fault.New(fault.Config, "vendor says: %s", body).WithHint("ask them")
		default:
			return nil
		}
	}
	s := &script{answers: []http.HandlerFunc{answer(400, "exceeded rate limit"), answer(401, "no permissions, SECRET-VALUE")}}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL, Classify: classify, Secrets: []string{"SECRET-VALUE"}})
	_, err := fetch(t.Context(), c, &httpapi.Request{})
	wantClass(t, err, fault.Config, "401 Unauthorized: vendor says: no permissions, REDACTED")
	if got := fault.HintOf(err); got != "ask them" || s.count() != 2 {
		t.Errorf("hint %q after %d requests, want the source's after a throttled one", got, s.count())
	}
}

func TestWhereRequestsMayGo(t *testing.T) {
	server := serve(t, answer(200, "ok"))
	tests := []struct {
		name string
		cfg  httpapi.Config
		url  string
		want fault.Class
	}{
		{"base", httpapi.Config{BaseURL: server.URL}, "", ""},
		{"other origin of the source", httpapi.Config{BaseURL: "https://vendor.example", Origins: []string{server.URL}}, server.URL + "/login", ""},
		{"plain http", httpapi.Config{BaseURL: "http://vendor.example"}, "", fault.Config},
		{"no base", httpapi.Config{}, "", fault.Config},
		{"no http at all", httpapi.Config{BaseURL: "ftp://vendor.example"}, "", fault.Config},
		{"foreign host", httpapi.Config{BaseURL: server.URL}, "https://evil.example/next?token=TOPSECRET", fault.Permanent},
		{"other port", httpapi.Config{BaseURL: server.URL}, "http://127.0.0.1:1/next", fault.Permanent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := fetch(t.Context(), newClient(t, tt.cfg), &httpapi.Request{URL: tt.url})
			if fault.ClassOf(err) != tt.want {
				t.Errorf("error %v is %q, want %q", err, fault.ClassOf(err), tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "TOPSECRET") {
				t.Errorf("error %q shows a secret", err)
			}
		})
	}
}
