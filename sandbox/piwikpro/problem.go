package piwikpro

import (
	"fmt"
	"net/http"
	"strconv"
)

// problem is an answer with an HTTP error (sheet: §1, §2 Errors).
type problem struct {
	status    int
	detail    string
	parameter string // source.parameter
	title     string // of management services
	shape     Shape
}

// invalid is a mistake in a field of a request.
func invalid(parameter, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, detail: fmt.Sprintf(format, args...), parameter: parameter, shape: ShapeErrors}
}

// forbidden is the answer about a site out of reach.
func (a Answers) forbidden() *problem {
	if a.Forbidden == Forbidden404 {
		return &problem{status: http.StatusNotFound, detail: "Website does not exist.", shape: ShapeErrors}
	}
	return &problem{status: http.StatusForbidden, detail: "You do not have access to this website.", shape: ShapeErrors}
}

// refuse answers with a problem.
func (c *call) refuse(p *problem) { p.write(c.Reply) }

// body is the document of a problem that is JSON.
func (p *problem) body() any {
	switch p.shape {
	case ShapeMessage:
		return map[string]any{"message": p.detail}
	case ShapeCode:
		return map[string]any{"code": p.status, "message": p.detail}
	case ShapeError:
		return map[string]any{"error": p.detail}
	}
	item := map[string]any{"status": strconv.Itoa(p.status)}
	if p.title != "" {
		item["code"], item["title"] = "error.default", p.title
	} else {
		item["detail"] = p.detail
	}
	if p.parameter != "" {
		item["source"] = map[string]string{"parameter": p.parameter}
	}
	return map[string]any{"errors": []any{item}}
}
