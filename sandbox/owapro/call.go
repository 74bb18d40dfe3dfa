package owapro

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	"exporter/sandbox/wire"
)

// call is one request of the reporting host on its way.
type call struct {
	*wire.Reply
	s     *Server
	st    *state
	op    string
	key   string // of the credential, "" = nobody's
	meter *meter.Call
}

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// api makes a handler of an endpoint: answer sends an answer or returns why there is none.
func (s *Server) api(method, op string, answer func(*call) *problem) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.state.Load()
		c := &call{
			Reply: &wire.Reply{W: w, R: r, Fault: &faults.Fault{}, Plain: st.cfg.Answers.Gzip == GzipOff},
			s:     s, st: st, op: op,
		}
		unknown := c.identify()
		var keys []string
		if c.key != "" {
			keys = append(keys, c.key)
		}
		c.meter = s.meter.Arrive(op, keys...)
		defer c.meter.Done()
		s.requests.Add(1)
		if r.Method != method {
			w.Header().Set("Allow", method)
			c.refuse(&problem{status: http.StatusMethodNotAllowed, name: "method_not_allowed", message: r.Method + " is not allowed"})
			return
		}
		if unknown != nil {
			c.refuse(unknown)
			return
		}
		leave, limit := st.gate(c.key).Enter()
		if limit != nil {
			c.meter.Refuse()
			st.cfg.Limits.RetryAfter.Set(w.Header(), limit.Wait)
			c.refuse(&problem{status: http.StatusTooManyRequests, name: "too_many_requests", message: "Too many requests"})
			return
		}
		defer leave()
		c.Fault = s.faults.Pick(faults.Call{Operation: op, Credentials: keys, Query: r.URL.RawQuery})
		c.Fault.Wait(r.Context())
		if c.Broken() {
			return
		}
		if p := c.answer(answer); p != nil {
			c.refuse(p)
		}
	}
}

// answer looks at what format is asked for and lets the endpoint answer.
func (c *call) answer(do func(*call) *problem) *problem {
	if !c.acceptable() {
		return notAcceptable
	}
	if c.failing() && c.op != opReport {
		c.JSON(http.StatusOK, c.envelope(nil, c.Fault.Body))
		return nil
	}
	return do(c)
}

// failing reports whether a fault wants an error on HTTP 200.
func (c *call) failing() bool { return c.Fault.Kind == faults.Envelope }

// identify finds out whose call it is (sheet: Hosts, OAuth 2.0).
func (c *call) identify() *problem {
	o := c.st.cfg.OAuth
	bearer, ok := strings.CutPrefix(c.R.Header.Get("Authorization"), "Bearer ")
	if !ok {
		cookie, err := c.R.Cookie("HASID")
		if err != nil || o.HASID == "" || cookie.Value != o.HASID {
			return unauthorized("INVALID ACCESS TOKEN")
		}
		c.key = SessionKey
		return nil
	}
	id, err := c.s.grants.accept(bearer, o)
	if err != nil {
		return unauthorized(err.Error())
	}
	c.key = ClientKey(id)
	if client := o.client(id); client == nil || client.Inactive {
		return &problem{status: http.StatusForbidden, name: "access_denied", message: appInactive}
	}
	return nil
}

// acceptable reports whether the caller takes JSON, or CSV where there is any (sheet: Errors 406).
func (c *call) acceptable() bool {
	accept := c.R.Header.Values("Accept")
	if len(accept) == 0 {
		return true
	}
	types := []string{"application/json", "application/*", "*/*"}
	if c.op == opReport && cmp.Or(c.st.cfg.CSV.Ask, AskAccept) == AskAccept {
		types = append(types, "text/csv", "text/*")
	}
	return slices.ContainsFunc(types, func(t string) bool { return accepts(accept, t) })
}

// accepts reports whether a media type is named in Accept headers.
func accepts(headers []string, mediaType string) bool {
	for _, item := range strings.Split(strings.Join(headers, ","), ",") {
		name, _, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), mediaType) {
			return true
		}
	}
	return false
}
