package piwikpro

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// A batch is handed on when it holds this much, or at the end of a page.
const (
	batchRows  = 5000
	batchBytes = 1 << 20
)

// errStopped ends everything after the consumer's loop has stopped.
var errStopped = errors.New("the reading loop stopped")

// reader reads one slice.
type reader struct {
	s        *source
	ctx      context.Context // of the one call of Read the reader lives for
	req      sources.Request
	yield    func(sources.Page, error) bool
	build    *record.Builder
	limit    int   // rows per page
	kept     int   // rows handed on
	twice    int64 // rows of the page at work whose key the row before had
	warnings []string
}

// Read implements sources.Source.
func (s *source) Read(ctx context.Context, req sources.Request) iter.Seq2[sources.Page, error] {
	return func(yield func(sources.Page, error) bool) {
		r := &reader{s: s, ctx: ctx, req: req, yield: yield, limit: s.asked.limit}
		err := r.read()
		if err == nil || errors.Is(err, errStopped) {
			return
		}
		what := req.Stream.Name
		if req.Part != "" {
			what += " of site " + req.Part
		}
		yield(sources.Page{}, fmt.Errorf("read %s: %w", what, s.failed(ctx, err)))
	}
}

func (r *reader) read() error {
	if len(r.req.Stream.Tables) != 1 || r.req.Stream.Name != r.s.stream {
		return fault.New(fault.Config, "the source was opened for stream %s", r.s.stream)
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.req.Limit > 0 {
		r.limit = min(r.limit, r.req.Limit)
	}
	switch r.s.stream {
	case streamApps:
		return r.apps()
	case streamGoals:
		return r.goals()
	}
	return r.report()
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// send hands on what was built since the last time, and page's other fields.
func (r *reader) send(page sources.Page) error {
	rows := r.build.Rows()
	page.Batch, page.Rejects = r.build.Take()
	page.Warning = strings.Join(r.warnings, "; ")
	r.kept, r.warnings = r.kept+rows, nil
	if !r.yield(page, nil) {
		return errStopped
	}
	return r.ctx.Err()
}

// full tells whether it is time to hand on a batch in the middle of a page.
func full(b *record.Builder) bool { return b.Rows() >= batchRows || b.Size() >= batchBytes }

// enough tells whether a preview has what it wanted.
func (r *reader) enough() bool { return r.req.Limit > 0 && r.kept >= r.req.Limit }
