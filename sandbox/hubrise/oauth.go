package hubrise

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/wire"
)

// tokenCall is a call of the account host that an app makes by itself.
type tokenCall struct {
	*wire.Reply
	s      *Server
	st     *state
	form   url.Values // of the body and of the query
	client *Client
}

// app answers a call of an app: POST only, the client authenticated (sheet: Token request).
func (s *Server) app(op string, answer func(*tokenCall) *problem) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.state.Load()
		c := &tokenCall{s: s, st: st, form: readForm(r)}
		id, known := c.authenticate(r)
		key := OAuthKey(id)
		call := s.meter.Arrive(op, key)
		defer call.Done()
		fault := s.faults.Pick(faults.Call{Operation: op, Credentials: []string{key}})
		fault.Wait(r.Context())
		c.Reply = &wire.Reply{W: w, R: r, Fault: fault, Plain: st.cfg.Answers.Gzip == GzipOff}
		var no *problem
		switch {
		case c.Broken():
			return
		case fault.Kind == faults.Envelope:
			no = &problem{status: cmp.Or(fault.Status, http.StatusInternalServerError), message: fault.Body}
		case r.Method != http.MethodPost:
			no = noRoute
		case !known:
			no = &problem{status: st.cfg.OAuth.BadClient, message: "Invalid client credentials"}
		default:
			no = answer(c)
		}
		if no != nil {
			c.refuse(no)
		}
	}
}

// readForm returns what a body says, as a form or as JSON, and what the query says.
func readForm(r *http.Request) url.Values {
	form := r.URL.Query()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return form
	}
	var members map[string]any
	if json.Unmarshal(body, &members) == nil {
		for name, value := range members {
			if text, ok := value.(string); ok {
				form.Set(name, text)
			}
		}
		return form
	}
	if fields, err := url.ParseQuery(string(body)); err == nil {
		for name, values := range fields {
			form[name] = values
		}
	}
	return form
}

// authenticate finds out which client calls, and whether its secret is right.
func (c *tokenCall) authenticate(r *http.Request) (id string, ok bool) {
	allowed := c.st.cfg.OAuth.ClientAuth
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749 has both encoded as in a form
		decodedID, err1 := url.QueryUnescape(id)
		decodedSecret, err2 := url.QueryUnescape(secret)
		if err1 == nil && err2 == nil {
			id, secret = decodedID, decodedSecret
		}
	} else {
		id, secret = c.form.Get("client_id"), c.form.Get("client_secret")
	}
	c.client = c.st.cfg.OAuth.client(id)
	ok = c.client != nil && c.client.Secret == secret
	return id, ok && !(basic && allowed == AuthBody || !basic && allowed == AuthBasic)
}

// refuse answers in the form errors of this host are set to; what they look like is not published.
func (c *tokenCall) refuse(p *problem) {
	switch c.st.cfg.OAuth.ErrorBody {
	case ErrorsOAuth:
		name := "invalid_grant"
		if p.status == http.StatusUnauthorized {
			name = "invalid_client"
		}
		c.JSON(p.status, map[string]any{"error": name, "error_description": p.message})
	case ErrorsText:
		c.Bytes(p.status, "text/plain; charset=utf-8", []byte(p.message))
	case ErrorsEmpty:
		c.Bytes(p.status, "text/plain", nil)
	default:
		c.JSON(p.status, p.body())
	}
}

// redeem trades a code for a token.
func (c *tokenCall) redeem() *problem {
	g, why := c.s.grants.redeem(c.client.ID, c.form.Get("code"))
	if why != "" {
		return &problem{status: c.st.cfg.OAuth.BadCode, message: why}
	}
	c.JSON(http.StatusOK, c.st.tokenAnswer(g))
	return nil
}

// tokenAnswer says what was granted (sheet: Token response).
func (st *state) tokenAnswer(t Token) map[string]any {
	w, look := st.world, st.cfg.OAuth.Response
	out := map[string]any{"access_token": t.Token}
	say := func(what, id string, name func() string) {
		if id != "" {
			out[what+"_id"], out[what+"_name"] = id, name()
		} else if look.Nulls {
			out[what+"_id"], out[what+"_name"] = nil, nil
		}
	}
	say("account", t.Account, func() string { return w.account(t.Account).Name })
	say("location", t.Location, func() string { return w.location(t.Location).Name })
	say("catalog", t.Catalog, func() string { return w.catalog(t.Catalog).Name })
	say("customer_list", t.CustomerList, func() string { return w.list(t.CustomerList).Name })
	if !look.NoTokenType {
		out["token_type"] = "Bearer"
	}
	if look.IDs {
		out["app_instance_id"], out["user_id"] = pickID(hashText(t.Token), 1), userID
	}
	return out
}

// revoke ends a token of the app (sheet: Revocation).
func (c *tokenCall) revoke() *problem {
	switch owner := c.s.grants.revoke(c.client.ID, c.form.Get("token")); owner {
	case "":
		return notFound("token", c.form.Get("token"))
	case c.client.ID:
		c.Bytes(http.StatusOK, "application/json", nil)
		return nil
	default:
		return &problem{status: c.st.cfg.OAuth.BadRevoke, message: "The token belongs to another client"}
	}
}

func (o OAuth) client(id string) *Client {
	for i := range o.Clients {
		if o.Clients[i].ID == id {
			return &o.Clients[i]
		}
	}
	return nil
}

// oob is the redirect URI of installed apps, which are shown the code.
const oob = "urn:ietf:wg:oauth:2.0:oob"

// authorize is where a person picks and says yes or no (sheet: Authorisation
// request). allow=1 and deny=1 are the buttons of its page, auto=1 is for scripts;
// account, location, catalog and customer_list are what was picked.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	call := s.meter.Arrive(opAuthorize, OAuthKey(q.Get("client_id")))
	defer call.Done()
	st := s.state.Load()
	o := st.cfg.OAuth
	target, err := url.Parse(q.Get("redirect_uri"))
	wish := Token{
		Client: q.Get("client_id"), DeviceID: q.Get("device_id"), Scope: q.Get("scope"),
		Account: q.Get("account"), Location: q.Get("location"), Catalog: q.Get("catalog"), CustomerList: q.Get("customer_list"),
	}
	picked, _, pickErr := st.world.complete(wish)
	switch {
	case r.Method != http.MethodGet:
		http.Error(w, "not found", http.StatusNotFound)
		return
	case o.client(wish.Client) == nil:
		http.Error(w, "unknown client_id", http.StatusBadRequest)
		return
	case err != nil || q.Get("redirect_uri") == "":
		http.Error(w, "redirect_uri is missing or no address", http.StatusBadRequest)
		return
	case wish.Scope == "":
		http.Error(w, "scope is missing", http.StatusBadRequest)
		return
	case pickErr != nil:
		http.Error(w, pickErr.Error(), http.StatusBadRequest)
		return
	}
	back := url.Values{}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	switch {
	case o.Deny || q.Get("deny") != "":
		back.Set("error", "access_denied")
	case o.AutoConsent || q.Get("auto") != "" || q.Get("allow") != "":
		back.Set("code", s.grants.newCode(picked, o))
	default:
		askPerson(w, st.world, q, picked)
		return
	}
	if strings.EqualFold(q.Get("redirect_uri"), oob) {
		showCode(w, back, o)
		return
	}
	all := target.Query()
	for name, values := range back {
		all[name] = values
	}
	target.RawQuery = all.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}
