package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"exporter/settings"
	"exporter/sources/httpapi"
)

const (
	secret      = `s3cr/t+"value=`
	tokenSecret = "tok.en-abcdef0123456789"
	paramSecret = "param-4711"
)

// leaks returns the forms of a secret that a text shows.
func leaks(text string) []string {
	var found []string
	for _, s := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), `s3cr\/t`, `s3cr/t+\"value`, "s3cr", tokenSecret, paramSecret, "hunter2"} {
		if strings.Contains(text, s) {
			found = append(found, s)
		}
	}
	return found
}

// TestNothingSecretGetsOut lets a vendor echo every secret in every way and scans
// all that errors and logs say.
func TestNothingSecretGetsOut(t *testing.T) {
	quoted, err := json.Marshal(map[string]string{"you": secret + tokenSecret})
	if err != nil {
		t.Fatal(err)
	}
	echo := string(quoted) + secret + url.QueryEscape(secret) + strings.ReplaceAll(secret, "/", `\/`) + tokenSecret
	late := strings.Repeat("x", 1020) + secret // cut in its middle if cut first
	answers := map[string]http.HandlerFunc{
		"refused": answer(400, echo, "X-Request-Id", secret),
		"cut":     answer(400, late),
		"html":    answer(200, "<html>"+echo, "Content-Type", "text/html"),
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			w.WriteHeader(200)
		},
		"reset":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"throttled": answer(429, echo, "Retry-After", "3600"),
		"login":     answer(401, echo),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://vendor.example/?x="+url.QueryEscape(secret), http.StatusFound)
		},
		"bad redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[::1/"+secret)
			w.WriteHeader(http.StatusFound)
		},
	}
	for name, h := range answers {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			v := &login{}
			auth := v.auth(&tokens{rows: map[string]httpapi.Token{"acme": {Access: tokenSecret}}})
			auth.ExpiredWhen = func(int, http.Header, []byte) bool { return false }
			c := newClient(t, httpapi.Config{
				BaseURL: strings.Replace(serve(t, h).URL, "http://", "http://user:hunter2@", 1), Auth: auth,
				Secrets: []string{secret}, SecretParams: []string{"Who"}, Retry: httpapi.Retry{MaxAttempts: 2, Base: time.Millisecond},
				Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			_, err := fetch(t.Context(), c, &httpapi.Request{
				URL: "/a/" + url.PathEscape(secret), Want: "application/json",
				Query: url.Values{"NetworkToken": {tokenSecret}, "who": {paramSecret}, "api_key": {"hunter2"}, "filter": {secret}, "limit": {"5"}},
			})
			var e *httpapi.Error
			if !errors.As(err, &e) || !strings.Contains(e.URL, "limit=5") || !strings.Contains(err.Error(), settings.Redacted) || strings.Contains(err.Error(), "limit=5") {
				t.Fatalf("error %v, want one with host and path, without query and secrets", err)
			}
			if found := leaks(fmt.Sprintf("%v %+v %s %s", err, err, e.URL, auth.Token())); found != nil {
				t.Errorf("error shows %q:\n%v", found, err)
			}
			if found := leaks(log.String()); found != nil || log.Len() == 0 {
				t.Errorf("log shows %q:\n%s", found, &log)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	c := newClient(t, httpapi.Config{BaseURL: "https://vendor.example", Secrets: []string{"abcd", "abcdefgh", "xyz", ""}})
	c.AddSecret("later-one")
	c.AddSecret("later-one")
	got := c.Redact("abcdefgh abcd xyz later-one " + "YWJjZGVmZ2g=")
	if want := "REDACTED REDACTED xyz REDACTED REDACTED"; got != want {
		t.Errorf("Redact = %q, want %q", got, want)
	}
}
