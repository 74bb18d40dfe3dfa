package status

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"exporter/settings"
)

// guard answers only requests that name this machine, or a host of the configuration:
// a page of somebody else whose name was turned to 127.0.0.1 meanwhile would read all
// of this else. Nothing is kept by a browser, framed, or run.
func (s *Server) guard(next http.Handler) http.Handler {
	sum := sha256.Sum256([]byte(styleSheet))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.allowed(r.Host) {
			h.Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusMisdirectedRequest)
			_, _ = fmt.Fprintln(w, "This page is for this machine alone: ask for it as localhost, or write the name of your reverse proxy into [exporter] listen_hosts.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowed reports whether a Host header names this machine.
func (s *Server) allowed(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return settings.Loopback(name) || slices.Contains(s.o.Hosts, strings.ToLower(name))
}
