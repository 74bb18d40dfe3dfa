package hubrise

import (
	"net/http"
	"slices"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/limits"
	"exporter/sandbox/meter"
	"exporter/sandbox/wire"
)

// call is one request of the API host on its way.
type call struct {
	*wire.Reply
	s     *Server
	st    *state
	op    string
	grant grant
	meter *meter.Call
	view  *view
}

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// api answers everything under /v1/.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	st := s.state.Load()
	route, ids, short := findRoute(strings.TrimPrefix(r.URL.Path, "/v1/"))
	c := &call{
		Reply: &wire.Reply{W: w, R: r, Fault: &faults.Fault{}, Plain: st.cfg.Answers.Gzip == GzipOff},
		s:     s, st: st, op: opUnknown,
	}
	if route != nil {
		c.op = route.op
		if c.op == opCatalog && r.URL.Query().Get("hide_data") == "true" {
			c.op = opCatalogHeader
		}
	}
	no := c.identify()
	keys := c.keys()
	c.meter = s.meter.Arrive(c.op, keys...)
	defer c.meter.Done()
	if no != nil {
		c.refuse(no)
		return
	}
	leave, limit := c.enter()
	if limit != nil {
		c.meter.Refuse()
		st.cfg.Limits.RetryAfter.Set(w.Header(), limit.Wait)
		c.refuse(&problem{status: http.StatusTooManyRequests, message: "Too many requests"})
		return
	}
	defer leave()
	c.Fault = s.faults.Pick(faults.Call{Operation: c.op, Credentials: keys, Query: decoded(r)})
	c.Fault.Wait(r.Context())
	if c.Broken() {
		return
	}
	if no := c.dispatch(route, ids, short); no != nil {
		c.refuse(no)
	}
}

// decoded is the query as rules of faults see it.
func decoded(r *http.Request) string {
	var parts []string
	for name, values := range r.URL.Query() {
		for _, value := range values {
			parts = append(parts, name+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func (c *call) heavy() bool { return slices.Contains(c.st.cfg.Limits.HeavyCalls, c.op) }

func (c *call) keys() []string {
	if c.grant.Token.Token == "" {
		return nil
	}
	keys := []string{ConnectionKey(c.grant.Token.Token)}
	if c.heavy() {
		keys = append(keys, HeavyKey(c.grant.Token.Token))
	}
	return keys
}

// enter passes the limits of the connection, then those of high-load calls: one that is refused there has used up a place of the former.
func (c *call) enter() (leave func(), refused *limits.Refusal) {
	l := c.st.cfg.Limits
	leaveAll, refused := c.st.gate(ConnectionKey(c.grant.Token.Token), l.Windows).Enter()
	if refused != nil || !c.heavy() {
		return leaveAll, refused
	}
	key := HeavyKey(c.grant.Token.Token)
	if l.HeavyApart {
		key += " " + c.op
	}
	leaveHeavy, refused := c.st.gate(key, l.Heavy).Enter()
	if refused != nil {
		leaveAll()
		return nil, refused
	}
	return func() { leaveHeavy(); leaveAll() }, nil
}

// identify finds out whose call it is (sheet: Hosts): only X-Access-Token counts.
func (c *call) identify() *problem {
	token := c.R.Header.Get("X-Access-Token")
	if bearer, ok := strings.CutPrefix(c.R.Header.Get("Authorization"), "Bearer "); ok && token == "" && c.st.cfg.Answers.Bearer == BearerTaken {
		token = bearer
	}
	if token == "" {
		return &problem{status: http.StatusUnauthorized, message: "Access token is missing"}
	}
	var why string
	if c.grant, why = c.s.grants.accept(token); why != "" {
		return &problem{status: http.StatusUnauthorized, message: why}
	}
	return nil
}

// dispatch checks the level of the token and lets the endpoint answer.
func (c *call) dispatch(r *route, ids []string, short string) *problem {
	if c.Fault.Kind == faults.Envelope {
		status := c.Fault.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		return &problem{status: status, message: c.Fault.Body}
	}
	if r == nil || method(c.R) != http.MethodGet && r.op != opCallback {
		return noRoute
	}
	level := "location"
	if c.grant.scope.account {
		level = "account"
	}
	if short != "" && short != level {
		return c.wrongLevel(short)
	}
	if short != "" {
		at := slices.Index(ids, "")
		ids[at] = c.grant.Location
		if level == "account" {
			ids[at] = c.grant.Account
		}
	}
	c.view = c.s.history.begin(c.st.world, r.op == opOrders)
	return r.answer(c, ids)
}

// wrongLevel is the answer to a path for the other level of token.
func (c *call) wrongLevel(wanted string) *problem {
	p := &problem{status: c.st.cfg.Answers.Level}
	if p.status != http.StatusNotFound {
		p.message = "This request needs a token of level " + wanted
	}
	return p
}

// need asks for the scope of one of several resources.
func (c *call) need(resources ...string) *problem {
	for _, resource := range resources {
		if c.grant.scope.can(resource) {
			return nil
		}
	}
	return &problem{status: c.st.cfg.Answers.Scope, message: "A '" + resources[0] + "' read scope is required"}
}

// foreign is the answer to an id of somebody else, or of nobody.
func (c *call) foreign(what, id string) *problem {
	p := notFound(what, id)
	p.status = c.st.cfg.Answers.Foreign
	return p
}

// send answers with one document.
func (c *call) send(d *doc) { c.Bytes(http.StatusOK, "application/json", d.b) }

// doc is an empty document in the currency and zone of the connection.
func (c *call) doc() *doc {
	a := c.view.account(c.grant.Account)
	if l := c.view.location(c.grant.Location); l != nil {
		return c.view.newDoc(a, l)
	}
	return c.view.newDoc(a, a.place())
}
