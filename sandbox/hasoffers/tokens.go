package hasoffers

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"exporter/sandbox/faults"
	"exporter/sandbox/wire"
)

// tokens holds the access tokens that were given out. Ready to use with a seed.
type tokens struct {
	seed uint64

	mu     sync.Mutex
	issued uint64
	live   map[string]*token
}

type token struct {
	integrator string
	expires    time.Time
	calls      int
}

// issue returns a new token; with late it is one that no call will accept.
func (t *tokens) issue(in Integrator, late bool) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.issued++
	text := string(appendUUID([]byte("eyJhbGciOiJIUzI1NiJ9."), mix(t.seed+9, t.issued), mix(t.seed+10, t.issued)))
	if t.live == nil {
		t.live = map[string]*token{}
	}
	if !late {
		t.live[text] = &token{integrator: in.ID, expires: time.Now().Add(time.Duration(in.TokenSeconds) * time.Second)}
	}
	return text
}

// accept reports whether a token is good for one more call.
func (t *tokens) accept(text string, in Integrator) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok := t.live[text]
	if tok == nil || tok.integrator != in.ID || !time.Now().Before(tok.expires) {
		return false
	}
	if in.RevokeAfter > 0 && tok.calls >= in.RevokeAfter {
		delete(t.live, text)
		return false
	}
	tok.calls++
	return true
}

// RevokeTokens makes every token given out so far worthless before its time.
func (s *Server) RevokeTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.live)
}

// authorize is the token endpoint of the Integrator API (§2).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Audience     string `json:"audience"`
	}
	parseErr := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&ask)
	call := s.meter.Arrive("authorize", AuthorizeKey(ask.ClientID))
	defer call.Done()
	st := s.state.Load()
	fault := s.faults.Pick(faults.Call{Operation: "authorize", Credentials: []string{AuthorizeKey(ask.ClientID)}})
	fault.Wait(r.Context())
	rep := &wire.Reply{W: w, R: r, Fault: fault, Plain: st.cfg.Answers.Gzip == GzipOff}
	if rep.Broken() {
		return
	}
	in := st.integrator(func(in Integrator) bool { return in.ClientID == ask.ClientID })
	right := in != nil && in.ClientSecret == ask.ClientSecret && in.Audience == ask.Audience
	switch {
	case r.Method != http.MethodPost:
		rep.JSON(http.StatusMethodNotAllowed, map[string]any{"message": "Invalid HTTP Method: " + r.Method})
	case parseErr != nil:
		rep.JSON(http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Bad Request"})
	case !right && (in == nil || in.BadLogin != LoginLate):
		rep.JSON(http.StatusUnauthorized, map[string]any{"error": "access_denied", "error_description": "Unauthorized"})
	default:
		rep.JSON(http.StatusOK, map[string]any{
			"access_token": s.tokens.issue(in.Integrator, !right), "token_type": "Bearer", "expires_in": in.TokenSeconds,
		})
	}
}
