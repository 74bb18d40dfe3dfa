package status_test

import (
	"net/http"
	"strings"
	"testing"

	"exporter/status"
)

// TestOnlyThisMachineIsAnswered: a page elsewhere whose name was made to mean
// 127.0.0.1 has the browser send that name.
func TestOnlyThisMachineIsAnswered(t *testing.T) {
	p := newPage(t, func(o *status.Options) { o.Hosts = []string{"exporter.example.com"} }, status.Job{Name: "secret-job", Condition: status.JobOK})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8686": 200, "127.0.0.1:8686": 200, "[::1]:8686": 200, "[::1]": 200, "LOCALHOST:1": 200,
		"exporter.example.com": 200, "Exporter.example.com:443": 200,
		"": 421, "evil.example": 421, "evil.example:8686": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "192.168.0.1:8686": 421,
		"0.0.0.0:8686": 421, "a.exporter.example.com": 421,
	} {
		for _, path := range []string{"/", "/jobs/secret-job", "/api/jobs", "/api/jobs/secret-job/slices", "/api/runs", "/metrics", "/readyz", "/healthz"} {
			w := p.ask(http.MethodGet, path, host)
			if w.Code != want {
				t.Errorf("%s of %q: %d, want %d", path, host, w.Code, want)
			}
			if want == 421 && strings.Contains(w.Body.String(), "secret-job") {
				t.Errorf("%s of %q tells: %s", path, host, w.Body)
			}
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a", Condition: status.JobOK})
	for _, path := range []string{"/", "/jobs/a", "/jobs/none", "/nowhere", "/api/jobs", "/metrics", "/readyz", "/healthz"} {
		h := p.get(path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "style-src 'sha256-"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy %q allows more than the page needs", path, policy)
		}
	}
}

func TestNothingCanBeChanged(t *testing.T) {
	p := newPage(t, nil, status.Job{Name: "a", Condition: status.JobOK})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{"/", "/jobs/a", "/api/jobs", "/api/runs", "/metrics", "/readyz"} {
			if w := p.ask(method, path, "localhost"); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
}
