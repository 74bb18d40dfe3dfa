package owapro

import (
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/wire"
)

var consentPage = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<title>Allow access</title>
<h1>Allow {{.Client}} to read your reports?</h1>
<p><a href="{{.Allow}}">allow</a> <a href="{{.Deny}}">deny</a></p>
`))

// authorize is where a person says yes or no (sheet: OAuth 2.0, steps 1 to 3).
// allow=1 and deny=1 are the links of its page, auto=1 is for scripts.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	call := s.meter.Arrive(opAuthorize, TokenKey(q.Get("client_id")))
	defer call.Done()
	o := s.state.Load().cfg.OAuth
	client := o.client(q.Get("client_id"))
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	case client == nil:
		http.Error(w, "invalid_client", http.StatusBadRequest)
		return
	}
	target := client.RedirectURI
	if asked := q.Get("redirect_uri"); asked != "" {
		if target != "" && asked != target {
			http.Error(w, "redirect_uri is not the registered one", http.StatusBadRequest)
			return
		}
		target = asked
	}
	back := url.Values{}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	switch {
	case q.Get("response_type") != "code":
		back.Set("error", "unsupported_response_type")
	case client.Inactive:
		back.Set("error", "access_denied")
		back.Set("error_description", appInactive)
	case o.Deny || q.Get("deny") != "":
		back.Set("error", "access_denied")
	case o.AutoConsent || q.Get("auto") != "" || q.Get("allow") != "":
		back.Set("code", s.grants.newCode(client.ID, o))
	default:
		askPerson(w, r, client.ID)
		return
	}
	sendBack(w, r, target, back)
}

func askPerson(w http.ResponseWriter, r *http.Request, client string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = consentPage.Execute(w, map[string]string{ // the caller may be gone
		"Client": client, "Allow": "?" + r.URL.RawQuery + "&allow=1", "Deny": "?" + r.URL.RawQuery + "&deny=1",
	})
}

// sendBack redirects to the app or, where none is registered, shows what it would be told.
func sendBack(w http.ResponseWriter, r *http.Request, target string, back url.Values) {
	if target == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		text := back.Get("code")
		if text == "" {
			text = back.Get("error")
		}
		_, _ = io.WriteString(w, text+"\n") // the caller may be gone
		return
	}
	u, err := url.Parse(target)
	if err != nil {
		http.Error(w, "redirect_uri: "+err.Error(), http.StatusBadRequest)
		return
	}
	all := u.Query()
	for name, values := range back {
		all[name] = values
	}
	u.RawQuery = all.Encode()
	http.Redirect(w, r, u.String(), http.StatusFound)
}

// refused is an error of a token call.
type refused struct {
	status      int
	name        string
	description string
}

const appInactive = "APP INACTIVE"

// token serves the two token endpoints (sheet: OAuth 2.0, steps 4 and 5).
func (s *Server) token(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.answerToken(w, r, op) }
}

// readForm returns the form of a body, none if it is something else.
func readForm(r *http.Request) url.Values {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	form, parseErr := url.ParseQuery(string(body))
	if errors.Join(err, parseErr) != nil {
		return nil
	}
	return form
}

func (s *Server) answerToken(w http.ResponseWriter, r *http.Request, op string) {
	form := readForm(r)
	id := form.Get("client_id")
	key := TokenKey(id)
	call := s.meter.Arrive(op, key)
	defer call.Done()
	st := s.state.Load()
	fault := s.faults.Pick(faults.Call{Operation: op, Credentials: []string{key}})
	fault.Wait(r.Context())
	reply := &wire.Reply{W: w, R: r, Fault: fault, Plain: st.cfg.Answers.Gzip == GzipOff}
	if reply.Broken() {
		return
	}
	if st.cfg.Limits.Tokens {
		leave, limit := st.gate(ClientKey(id)).Enter()
		if limit != nil {
			call.Refuse()
			st.cfg.Limits.RetryAfter.Set(w.Header(), limit.Wait)
			reply.JSON(http.StatusTooManyRequests, oauthError("too_many_requests", "Too many requests"))
			return
		}
		defer leave()
	}
	answer, no := s.grant(r.Method, op, form, st.cfg.OAuth)
	if no == nil {
		reply.JSON(http.StatusOK, answer)
		return
	}
	if st.cfg.OAuth.ErrorStatus > 0 && no.status != http.StatusMethodNotAllowed {
		no.status = st.cfg.OAuth.ErrorStatus
	}
	reply.JSON(no.status, oauthError(no.name, no.description))
}

func oauthError(name, description string) map[string]any {
	return map[string]any{"error": name, "error_description": description}
}

// grant answers a token call. The secret is asked for only where a code is redeemed.
func (s *Server) grant(method, op string, form url.Values, o OAuth) (any, *refused) {
	client := o.client(form.Get("client_id"))
	withCode := op == opRefreshToken
	switch {
	case method != http.MethodPost:
		return nil, &refused{http.StatusMethodNotAllowed, "invalid_request", "POST only"}
	case len(form) == 0:
		return nil, &refused{http.StatusBadRequest, "invalid_request", "A form is expected"}
	case client == nil || withCode && form.Get("client_secret") != client.Secret:
		return nil, &refused{http.StatusUnauthorized, "invalid_client", "Unknown client or wrong secret"}
	case client.Inactive:
		return nil, &refused{http.StatusForbidden, "access_denied", appInactive}
	}
	take, credential := s.grants.renew, form.Get("refresh_token")
	if withCode {
		take, credential = s.grants.redeem, form.Get("code")
	}
	refresh, access, err := take(client.ID, credential, o)
	if err != nil {
		return nil, &refused{http.StatusBadRequest, "invalid_grant", err.Error()}
	}
	return tokenAnswer(refresh, access, o), nil
}

func tokenAnswer(refresh, access string, o OAuth) map[string]any {
	answer := map[string]any{"token_type": "Bearer"}
	if o.Shape == ShapeFlat {
		answer["access_token"], answer["expires_in"] = access, o.AccessSeconds
		if refresh != "" {
			answer["refresh_token"], answer["refresh_token_expires_in"] = refresh, o.RefreshSeconds
		}
		return answer
	}
	answer["access_token"] = map[string]any{"token": access, "expires_in": o.AccessSeconds}
	if refresh != "" {
		answer["refresh_token"] = map[string]any{"token": refresh, "expires_in": o.RefreshSeconds}
	}
	return answer
}
