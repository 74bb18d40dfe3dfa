package hasoffers

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/meter"
	"exporter/sandbox/wire"
)

// call is one request of either API on its way.
type call struct {
	*wire.Reply
	s      *Server
	st     *state
	params *param
	op     string // Target::Method
	in     *integrator
	net    *network
	meter  *meter.Call
}

// maxBody bounds a form-encoded body.
const maxBody = 1 << 20

func (s *Server) api(w http.ResponseWriter, r *http.Request, target string) {
	st := s.state.Load()
	c := &call{
		Reply: &wire.Reply{W: w, R: r, Fault: &faults.Fault{}, Plain: st.cfg.Answers.Gzip == GzipOff},
		s:     s, st: st, params: &param{nested: true},
	}
	c.params.parseParams(r.URL.RawQuery)
	c.readForm()
	if target != "" {
		c.params.set("Target", target)
	}
	c.op = c.params.text("Target") + "::" + c.params.text("Method")
	gateway := c.params.get("IntegratorId") != nil || r.Header.Get("Authorization") != ""
	networkID := c.networkID()
	c.net = st.find(networkID)
	keys := []string{NetworkKey(networkID)}
	if gateway {
		keys = append(keys, IntegratorKey(c.params.text("IntegratorId")))
	}
	c.meter = s.meter.Arrive(c.op, keys...)
	defer c.meter.Done()
	c.headers()

	check := c.checkNetworkAPI
	if gateway {
		check = c.checkGateway
	}
	leave, refused := check()
	if refused != nil {
		c.refuse(refused)
		return
	}
	defer leave()
	query := unescape(r.URL.RawQuery)
	c.Fault = s.faults.Pick(faults.Call{Operation: c.op, Credentials: keys, Query: query})
	c.Fault.Wait(r.Context())
	if c.Fault.Kind == faults.Envelope {
		c.refuse(&problem{message: cmp.Or(c.Fault.Body, "There was a database error with the trackable id [SE-5f3a9c21]. Please try again.")})
		return
	}
	if !c.Broken() {
		c.answer()
	}
}

// readForm takes the parameters of a form-encoded POST; a JSON body is not understood, as with the vendor (§10).
func (c *call) readForm() {
	if c.R.Method != http.MethodPost || !strings.HasPrefix(c.R.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return
	}
	body, err := io.ReadAll(io.LimitReader(c.R.Body, maxBody))
	if err == nil { // a body that breaks off leaves its parameters missing
		c.params.parseParams(string(body))
	}
}

// networkID is the parameter or the first label of the host (§1).
func (c *call) networkID() string {
	if p := c.params.get("NetworkId"); p != nil {
		return p.value
	}
	label, _, _ := strings.Cut(c.R.Host, ".")
	if c.st.find(label) != nil {
		return label
	}
	return ""
}

func (c *call) headers() {
	h := c.W.Header()
	n := c.s.requests.Add(1)
	h.Set("X-Request-Id", string(appendUUID(nil, mix(c.s.seed+11, n), mix(c.s.seed+12, n))))
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "X-Requested-With")
}

// checkGateway asks the questions of the Integrator gateway, in an order the vendor does not state (§9).
func (c *call) checkGateway() (leave func(), p *problem) {
	g := c.st.cfg.Gateway
	id := c.params.text("IntegratorId")
	origin := c.R.Header.Get("Origin")
	switch {
	case g.URLMaxBytes > 0 && len(c.R.URL.RequestURI()) > g.URLMaxBytes:
		return nil, gatewayProblem(http.StatusRequestURITooLong, "URL exceeds allowed length. Please shorten query and try again.")
	case c.R.Method != http.MethodGet && (c.R.Method != http.MethodPost || !g.AllowPost):
		return nil, gatewayProblem(http.StatusMethodNotAllowed, "Invalid HTTP Method: "+c.R.Method)
	case origin != "":
		return nil, gatewayProblem(http.StatusForbidden, "Invalid origin: "+origin)
	case id == "":
		return nil, gatewayProblem(http.StatusBadRequest, "missing integratorId parameter")
	}
	if c.in = c.st.integrator(func(in Integrator) bool { return in.ID == id }); c.in == nil {
		return nil, gatewayProblem(http.StatusNotFound, id+" does not exist within our system. Please contact an administrator")
	}
	bearer, ok := strings.CutPrefix(c.R.Header.Get("Authorization"), "Bearer ")
	if !ok || !c.s.tokens.accept(bearer, c.in.Integrator) {
		return nil, gatewayProblem(http.StatusUnauthorized, "JWT is not valid or missing")
	}
	if !c.permitted() {
		return nil, gatewayProblem(http.StatusUnauthorized, "Insufficient permissions for this request. Please verify your JWT and try again later")
	}
	leave, refused := c.in.gate.Enter()
	if refused != nil {
		return nil, gatewayThrottle(refused, g)
	}
	if c.net == nil {
		leave()
		return nil, unknownNetwork
	}
	return leave, nil
}

func (c *call) permitted() bool {
	network := c.networkID()
	if len(c.in.Networks) > 0 && !slices.Contains(c.in.Networks, network) {
		return false
	}
	return len(c.in.Scope) == 0 || slices.Contains(c.in.Scope, c.op) || slices.Contains(c.in.Scope, c.op+"@"+network)
}

// checkNetworkAPI asks for network, token, address and limit (§2, §9).
func (c *call) checkNetworkAPI() (leave func(), p *problem) {
	api := c.st.cfg.NetworkAPI
	token := c.params.text("NetworkToken")
	switch {
	case c.R.Method != http.MethodGet && (c.R.Method != http.MethodPost || api.RefusePost):
		return nil, gatewayProblem(http.StatusMethodNotAllowed, "Invalid HTTP Method: "+c.R.Method)
	case c.net == nil:
		return nil, unknownNetwork
	case token != c.net.Token:
		return nil, &problem{message: "NetworkToken " + token + " is not authenticated"}
	}
	if host, _, err := net.SplitHostPort(c.R.RemoteAddr); err == nil && len(api.IPAllowed) > 0 && !slices.Contains(api.IPAllowed, host) {
		return nil, &problem{message: "IP " + host + " is not white-listed. Please enable it in the application, Support => API"}
	}
	leave, refused := c.net.gate.Enter()
	if refused != nil {
		return nil, networkThrottle(refused, api.RetryAfter)
	}
	return leave, nil
}
