package httpapi_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/sources/httpapi"
)

func redirect(status int, to *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, *to, status) }
}

func TestRedirectToAnotherHost(t *testing.T) {
	var there *http.Request
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		there = r
		_, _ = io.WriteString(w, "moved") // the client may have gone
	})
	target := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) + "/file"
	v := &login{}
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			v.ServeHTTP(w, r)
			return
		}
		http.Redirect(w, r, target, http.StatusFound)
	})
	l := newLimiter(t, ratelimit.Limits{Concurrency: 1, Windows: []ratelimit.Window{{N: 100, Per: time.Hour}}})
	c := newClient(t, httpapi.Config{BaseURL: home.URL, Origins: []string{target}, Limiter: l, Auth: v.auth(nil)})
	wantText(t, c, &httpapi.Request{
		URL: "/report?NetworkToken=NETsecret", Want: "text/plain",
		Header: http.Header{"X-Access-Token": {"secret"}, "Cookie": {"hasid=secret"}},
	}, "moved")
	for _, name := range []string{"Authorization", "X-Access-Token", "Cookie", "Referer"} {
		if got := there.Header.Get(name); got != "" {
			t.Errorf("%s %q reached another host", name, got)
		}
	}
	if there.Header.Get("Accept") != "text/plain" {
		t.Errorf("headers at the other host: %v, want Accept kept", there.Header)
	}
	if got := l.Status().Requests; got != 3 {
		t.Errorf("%d permits, want 3: token call, request, redirect", got)
	}
}

func TestRedirectAtHome(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{redirect(http.StatusTemporaryRedirect, new(string)), answer(200, "ok")}}
	l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
	v := &login{}
	v.valid = "known"
	store := &tokens{rows: map[string]httpapi.Token{"acme": {Access: "known"}}}
	c := newClient(t, httpapi.Config{BaseURL: serve(t, s.ServeHTTP).URL, Limiter: l, Auth: v.auth(store)})
	wantText(t, c, &httpapi.Request{Method: http.MethodPost, URL: "/a", Body: func() io.Reader { return strings.NewReader("question") }}, "ok")
	if s.bodies[1] != "question" || s.asked[1].Header.Get("Authorization") != "Bearer known" {
		t.Errorf("after the redirect: body %q, headers %v", s.bodies[1], s.asked[1].Header)
	}
}

func TestRedirectsRefused(t *testing.T) {
	other := serve(t, answer(200, "elsewhere"))
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	question := func() io.Reader { return strings.NewReader("client_secret=x") }
	tests := []struct {
		name, to, text string
		request        httpapi.Request
	}{
		{"plain http", "http://vendor.example/x?token=TOPSECRET", "redirect to http://vendor.example/x?token=REDACTED: plain http", httpapi.Request{}},
		{"body to another host", elsewhere, "redirect of a request with a body to another host", httpapi.Request{Method: http.MethodPost, Body: question}},
		{"host nobody named", elsewhere, "redirect to another host", httpapi.Request{}},
		{"round and round", "/", "more than 5 redirects", httpapi.Request{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLimiter(t, ratelimit.Limits{Concurrency: 1})
			s := serve(t, redirect(http.StatusPermanentRedirect, &tt.to))
			_, err := fetch(t.Context(), newClient(t, httpapi.Config{BaseURL: s.URL, Limiter: l}), &tt.request)
			wantClass(t, err, fault.Permanent, tt.text)
			if l.Status().InFlight != 0 {
				t.Error("a place in flight is still held")
			}
		})
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(answer(200, "ok"))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is refused
	s.StartTLS()
	t.Cleanup(s.Close)
	trusting := s.Client().Transport
	wantText(t, newClient(t, httpapi.Config{BaseURL: s.URL, RoundTripper: trusting}), &httpapi.Request{}, "ok")

	strict := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	_, err := fetch(t.Context(), newClient(t, httpapi.Config{BaseURL: s.URL, RoundTripper: strict}), &httpapi.Request{})
	wantClass(t, err, fault.Permanent, "certificate")
}
