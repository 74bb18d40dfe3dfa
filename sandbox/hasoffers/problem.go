package hasoffers

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"exporter/sandbox/limits"
)

// problem is a refusal, at the gateway or in the network layer.
type problem struct {
	status    int // of the gateway; 0 = network layer: HTTP 200 with status -1
	message   string
	bare      bool // the short answer for a network nobody knows
	throttled bool
	wait      time.Duration
	after     RetryAfter
}

var unknownNetwork = &problem{message: "Network id is not valid", bare: true}

func gatewayProblem(status int, message string) *problem {
	return &problem{status: status, message: message}
}

func gatewayThrottle(r *limits.Refusal, g Gateway) *problem {
	if g.Throttle == ThrottleEnvelope && !r.Concurrent {
		return networkThrottle(r, g.RetryAfter)
	}
	p := gatewayProblem(http.StatusTooManyRequests, fmt.Sprintf("Exceeded flat rate limit: %d / %d in %s second window.", r.Usage, r.Limit, seconds(r.Per)))
	if r.Concurrent {
		p.message = fmt.Sprintf("Exceeded concurrent rate limit: %d / %d", r.Usage, r.Limit)
	}
	p.throttled, p.wait, p.after = true, r.Wait, g.RetryAfter
	return p
}

func networkThrottle(r *limits.Refusal, after RetryAfter) *problem {
	return &problem{
		message: fmt.Sprintf("Request refused.  API usage exceeded rate limit.  Configured: %d/%ss window; Your usage: %d.  "+
			"See https://help.tune.com/hasoffers/rate-limit-error/ for guidance.", r.Limit, seconds(r.Per), r.Usage),
		throttled: true, wait: r.Wait, after: after,
	}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// refuse answers with a problem.
func (c *call) refuse(p *problem) {
	if p.throttled {
		c.meter.Refuse()
		p.after.Set(c.W.Header(), p.wait)
	}
	if p.status == 0 {
		c.Bytes(http.StatusOK, "application/json", c.errorEnvelope(p))
		return
	}
	switch c.st.cfg.Gateway.Body {
	case BodyText:
		c.Bytes(p.status, "text/plain; charset=utf-8", []byte(p.message))
	case BodyError:
		c.JSON(p.status, map[string]any{"error": p.message})
	case BodyEnvelope:
		c.Bytes(p.status, "application/json", c.errorEnvelope(p))
	default:
		c.JSON(p.status, map[string]any{"message": p.message})
	}
}

// errorEnvelope is the network layer's answer (§9): errors as an array or an object, data "".
func (c *call) errorEnvelope(p *problem) []byte {
	if p.bare {
		dst := append([]byte(`{"response":{"errors":{"publicMessage":`), appendString(nil, p.message)...)
		return append(dst, `},"link":"http:\/\/developers.hasoffers.com\/"}}`...)
	}
	dst := c.openEnvelope(nil)
	httpStatus := p.status
	if httpStatus == 0 {
		httpStatus = http.StatusOK
	}
	dst = fmt.Appendf(dst, `"response":{"status":-1,"httpStatus":%d,"data":"","errors":`, httpStatus)
	one := append(appendString([]byte(`{"publicMessage":`), p.message), '}')
	if c.st.cfg.Answers.ErrorShape == ErrorsObject {
		dst = append(dst, one...)
	} else {
		dst = append(append(append(dst, '['), one...), ']')
	}
	dst = appendString(append(dst, `,"errorMessage":`...), p.message)
	return append(dst, `}}`...)
}

// openEnvelope writes the beginning of an answer up to the response member.
func (c *call) openEnvelope(dst []byte) []byte {
	dst = append(dst, '{')
	if c.st.cfg.Answers.Request == RequestOmit {
		return dst
	}
	dst = append(dst, `"request":`...)
	dst = c.params.appendEcho(dst, c.st.cfg.Answers.Request == RequestRedact)
	return append(dst, ',')
}

func pastEnd(page, pages int64) error {
	return says("Page %d does not exist, there are %d.", page, pages)
}

// sentence is an error in the words of the vendor, which are answered as they are.
type sentence string

func (s sentence) Error() string { return string(s) }

func says(format string, args ...any) error { return sentence(fmt.Sprintf(format, args...)) }
