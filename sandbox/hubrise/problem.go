package hubrise

import (
	"fmt"
	"net/http"
)

// problem is an answer with an HTTP error (sheet: Errors).
type problem struct {
	status  int
	message string
	field   string // of a validation error
}

// types are the values of error_type.
var types = map[int]string{
	http.StatusBadRequest: "unprocessable_entity", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden",
	http.StatusNotFound: "not_found", http.StatusUnsupportedMediaType: "unsupported_media_type",
	http.StatusUnprocessableEntity: "unprocessable_entity", http.StatusTooManyRequests: "too_many_requests",
}

func errorType(status int) string {
	if t := types[status]; t != "" {
		return t
	}
	return "internal_error"
}

func notFound(what, id string) *problem {
	return &problem{status: http.StatusNotFound, message: fmt.Sprintf("No such %s: %s", what, id)}
}

func invalid(field, format string, args ...any) *problem {
	return &problem{status: http.StatusUnprocessableEntity, field: field, message: fmt.Sprintf(format, args...)}
}

// noRoute is the answer to an address nobody knows: an error_type alone.
var noRoute = &problem{status: http.StatusNotFound}

func (p *problem) body() map[string]any {
	switch {
	case p.field != "":
		return map[string]any{
			"message": "Validation failed", "error_type": errorType(p.status),
			"errors": []any{map[string]any{"field": p.field, "message": p.message}},
		}
	case p.message == "" && p.status == http.StatusNotFound:
		return map[string]any{"error_type": "routing_error"}
	case p.message == "":
		return map[string]any{"error_type": errorType(p.status)}
	}
	return map[string]any{"message": p.message, "error_type": errorType(p.status)}
}

// refuse answers with a problem.
func (c *call) refuse(p *problem) {
	switch c.st.cfg.Answers.Error {
	case APIErrorsText:
		c.Bytes(p.status, "text/plain; charset=utf-8", []byte(p.message))
	case APIErrorsEmpty:
		c.Bytes(p.status, "application/json", nil)
	case APIErrorsBare:
		c.JSON(p.status, map[string]any{"error_type": errorType(p.status)})
	default:
		c.JSON(p.status, p.body())
	}
}
