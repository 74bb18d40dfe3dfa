package piwikpro

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"

	"exporter/sandbox/faults"
	"exporter/sandbox/wire"
)

// oauthError is the body of a refused token call.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Hint        string `json:"hint,omitempty"`
	Message     string `json:"message,omitempty"`
}

func detailed(code, description, hint string) oauthError {
	return oauthError{Error: code, Description: description, Hint: hint, Message: description}
}

const (
	malformed   = "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."
	unsupported = "The authorization grant type is not supported by the authorization server."
)

// token serves /auth/token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	st := s.state.Load()
	rep := &wire.Reply{W: w, R: r, Fault: &faults.Fault{}, Plain: st.cfg.Answers.Gzip == GzipOff}
	asked, read := readToken(r, st.cfg.Auth)
	keys := []string{TokenKey(asked["client_id"])}
	if st.cfg.Limits.Tokens {
		keys = append(keys, verbKey(r.Method))
	}
	counted := s.meter.Arrive(opToken, keys...)
	defer counted.Done()
	if st.cfg.Limits.Tokens {
		leave, limit := st.gate(st.group(r.Method, opToken, asked["client_id"]), r.Method).Enter()
		if limit != nil {
			counted.Refuse()
			st.cfg.Limits.RetryAfter.Set(w.Header(), limit.Wait)
			tooMany(st.cfg.Limits.Body).write(rep)
			return
		}
		defer leave()
	}
	rep.Fault = s.faults.Pick(faults.Call{Operation: opToken, Credentials: keys, Query: r.URL.RawQuery})
	rep.Fault.Wait(r.Context())
	if rep.Broken() {
		return
	}
	if rep.Fault.Kind == faults.Envelope {
		rep.JSON(http.StatusBadRequest, oauthError{Error: rep.Fault.Body})
		return
	}
	status, answer := s.grant(r, asked, read, st.cfg.Auth)
	doc, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	rep.Bytes(status, "application/json; charset=UTF-8", doc)
}

// grant is the answer to a token call.
func (s *Server) grant(r *http.Request, asked map[string]string, read bool, a Auth) (int, any) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, oauthError{Error: "invalid_request"}
	}
	if read && asked["grant_type"] != "" && asked["grant_type"] != "client_credentials" {
		return http.StatusBadRequest, detailed("unsupported_grant_type", unsupported, "Check that all required parameters have been provided")
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret"} {
		if asked[name] == "" {
			return http.StatusBadRequest, detailed("invalid_client", malformed, "Check the `"+name+"` parameter")
		}
	}
	if !s.knows(asked["client_id"], asked["client_secret"]) {
		if a.WrongSecret == BadSecret400 {
			return http.StatusBadRequest, oauthError{Error: "invalid_client"}
		}
		return http.StatusUnauthorized, oauthError{Error: "invalid_client"}
	}
	if a.NoLicense {
		return http.StatusPaymentRequired, map[string]any{"code": http.StatusPaymentRequired, "message": `There is no active license for "default" organization`}
	}
	return http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": a.ExpiresIn, "access_token": s.grants.issue(asked["client_id"], a)}
}

// readToken takes a JSON or a form body apart.
func readToken(r *http.Request, a Auth) (asked map[string]string, ok bool) {
	body, err := readBody(r)
	if err != nil {
		return nil, false
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil || a.Form == FormRefused {
			return nil, false
		}
		asked = map[string]string{}
		for name, values := range form {
			if len(values) == 1 {
				asked[name] = values[0]
			}
		}
		return asked, true
	}
	err = json.Unmarshal(body, &asked)
	return asked, err == nil
}
