package owapro

import (
	"fmt"
	"net/http"
)

// problem is an answer with an HTTP error (sheet: Errors).
type problem struct {
	status        int
	name, message string
}

var notAcceptable = &problem{http.StatusNotAcceptable, "not_acceptable", "A format that isn't json was requested"}

func unauthorized(why string) *problem {
	return &problem{http.StatusUnauthorized, "invalid_grant", why}
}

func badRequest(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

func notFound(what, id string) *problem {
	return &problem{http.StatusNotFound, "not_found", "There is no " + what + " " + id}
}

func forbidden(what, id string) *problem {
	return &problem{http.StatusForbidden, "forbidden", "No rights on " + what + " " + id}
}

func gone(what, id string) *problem {
	return &problem{http.StatusGone, "gone", "The " + what + " " + id + " was removed"}
}

// refuse answers with a problem.
func (c *call) refuse(p *problem) {
	switch c.st.cfg.Answers.ErrorBody {
	case ErrorsText:
		c.Bytes(p.status, "text/plain; charset=utf-8", []byte(p.message))
	case ErrorsEnvelope:
		c.JSON(p.status, c.envelope(nil, p.message))
	default:
		c.JSON(p.status, oauthError(p.name, p.message))
	}
}

// envelope is what every answer of the reporting host is in; an error makes its status 0.
func (c *call) envelope(data any, mistake string) map[string]any {
	out := map[string]any{
		"status": 1, "meta_data": c.metaData(), "data": data,
		"message": map[string]any{"info": map[string]any{}, "error": map[string]any{}},
	}
	if mistake != "" || data == nil {
		out["status"], out["data"] = 0, []any{}
		out["message"] = map[string]any{"info": map[string]any{}, "error": map[string]any{"general": mistake}}
	}
	return out
}

func (c *call) metaData() map[string]string {
	return map[string]string{"app_version": "3.76.1", "owa3_log_reqid": fmt.Sprint(3_190_000 + c.s.requests.Load())}
}
