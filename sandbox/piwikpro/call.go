package piwikpro

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"exporter/sandbox/faults"
	"exporter/sandbox/wire"
)

// call is one request of the API on its way.
type call struct {
	*wire.Reply
	s      *Server
	st     *state
	op     string
	body   []byte
	number uint64 // of the request
}

// maxBody bounds the body of a request.
const maxBody = 1 << 20

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}

// api makes a handler of an endpoint: answer sends an answer or returns why there is none.
func (s *Server) api(method, op string, answer func(*call) *problem) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.state.Load()
		c := &call{
			Reply: &wire.Reply{W: w, R: r, Fault: &faults.Fault{}, Plain: st.cfg.Answers.Gzip == GzipOff},
			s:     s, st: st, op: op, number: s.requests.Add(1),
		}
		client, unknown := c.identify()
		keys := []string{verbKey(r.Method)}
		if client != "" {
			keys = append(keys, ClientKey(client))
		}
		counted := s.meter.Arrive(op, keys...)
		defer counted.Done()
		if unknown != nil {
			c.refuse(unknown)
			return
		}
		if r.Method != method {
			w.Header().Set("Allow", method)
			c.refuse(&problem{status: http.StatusMethodNotAllowed, detail: "Method not allowed.", shape: ShapeErrors})
			return
		}
		leave, limit := st.gate(st.group(r.Method, op, client), r.Method).Enter()
		if limit != nil {
			counted.Refuse()
			st.cfg.Limits.RetryAfter.Set(w.Header(), limit.Wait)
			c.refuse(tooMany(st.cfg.Limits.Body))
			return
		}
		defer leave()
		var err error
		if c.body, err = readBody(r); err != nil {
			return // the caller is gone
		}
		c.Fault = s.faults.Pick(faults.Call{Operation: op, Credentials: keys, Query: r.URL.RawQuery + string(c.body)})
		c.Fault.Wait(r.Context())
		if c.Broken() {
			return
		}
		if c.Fault.Kind == faults.Envelope {
			status := c.Fault.Status
			if status == 0 {
				status = http.StatusBadRequest
			}
			c.refuse(&problem{status: status, detail: c.Fault.Body, shape: ShapeErrors})
			return
		}
		if p := answer(c); p != nil {
			c.refuse(p)
		}
	}
}

func tooMany(shape Shape) *problem {
	if shape == ShapeService || shape == "" {
		shape = ShapeErrors
	}
	return &problem{status: http.StatusTooManyRequests, detail: "Request was throttled.", shape: shape}
}

// identify finds out whose call it is. Who is nobody is told so in the words of the service (sheet: §1).
func (c *call) identify() (client string, p *problem) {
	why := noToken
	if bearer, ok := strings.CutPrefix(c.R.Header.Get("Authorization"), "Bearer "); ok {
		if client, why = c.s.grants.accept(bearer, c.st.cfg.Auth); why == "" {
			return client, nil
		}
	}
	shape := c.st.cfg.Auth.Unauthorized
	if shape != ShapeService && shape != "" {
		return "", &problem{status: http.StatusUnauthorized, detail: why, shape: shape}
	}
	switch c.op {
	case opApps, opApp:
		return "", &problem{status: http.StatusUnauthorized, detail: why, shape: ShapeCode}
	case opMetas, opMetaApps:
		return "", &problem{status: http.StatusUnauthorized, detail: "Unauthorized", shape: ShapeMessage}
	}
	return "", &problem{status: http.StatusUnauthorized, detail: "No valid credentials provided.", shape: ShapeErrors}
}

// write sends a problem.
func (p *problem) write(rep *wire.Reply) {
	switch p.shape {
	case ShapeHTML:
		rep.Bytes(p.status, "text/html; charset=utf-8", fmt.Appendf(nil, "<html><head><title>%d</title></head><body><h1>%s</h1></body></html>\n", p.status, http.StatusText(p.status)))
	case ShapeEmpty:
		rep.Bytes(p.status, "text/plain; charset=utf-8", nil)
	default:
		rep.JSON(p.status, p.body())
	}
}
