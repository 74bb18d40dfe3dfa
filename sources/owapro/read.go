package owapro

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
	ctx      context.Context //nolint:containedctx // lives as long as one call of Read
	req      sources.Request
	yield    func(sources.Page, error) bool
	limit    int // rows per page
	kept     int // rows handed on
	warnings []string
}

// Read implements sources.Source.
func (s *source) Read(ctx context.Context, req sources.Request) iter.Seq2[sources.Page, error] {
	return func(yield func(sources.Page, error) bool) {
		r := &reader{s: s, ctx: ctx, req: req, yield: yield}
		err := r.read()
		if err == nil || errors.Is(err, errStopped) {
			return
		}
		if ctx.Err() != nil {
			err = stopped(ctx)
		}
		yield(sources.Page{}, fmt.Errorf("read %s: %w", r.what(), err))
	}
}

// what names the slice's stream for errors: a failure is often about a customer.
func (r *reader) what() string {
	what := r.req.Stream.Name
	if r.s.report != nil && what == streamReport {
		what += fmt.Sprintf(" %d", r.s.report.ConfigID)
	}
	if r.req.Part != "" {
		what += " of customer " + r.req.Part
	}
	return what
}

// stopped returns why the context ended, which is more than the call it broke knows.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	var classified *fault.Error
	if errors.As(cause, &classified) {
		return cause
	}
	return fault.New(fault.ClassOf(ctx.Err()), "%w", cause)
}

func (r *reader) read() error {
	if len(r.req.Stream.Tables) == 0 {
		return fault.New(fault.Config, "the stream has no table")
	}
	r.limit = pageSize(r.pageSize())
	if r.req.Limit > 0 {
		r.limit = min(r.limit, r.req.Limit)
	}
	warning, err := r.s.expiry(r.ctx)
	if err != nil {
		return err
	}
	if warning != "" {
		r.warn("%s", warning)
	}
	switch r.req.Stream.Name {
	case streamCustomers, streamTrackgroups, streamConfigs:
		return r.directory()
	case streamReport:
		if r.s.report == nil || r.s.report.ConfigID == 0 {
			return fault.New(fault.Config, "the report has no options").WithHint("Write configid, dimensions and metrics into the job's options.")
		}
		return r.report()
	}
	return fault.New(fault.Config, "there is no stream %q", r.req.Stream.Name)
}

func (r *reader) pageSize() int {
	switch s := r.s; {
	case s.report != nil:
		return s.report.PageSize
	case s.trackgroups != nil:
		return s.trackgroups.PageSize
	default:
		return s.list.PageSize
	}
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// send hands on a page, with the warnings that have gathered.
func (r *reader) send(page sources.Page) error {
	page.Warning = strings.Join(r.warnings, "; ")
	r.kept, r.warnings = r.kept+page.Batch.Rows()+page.Rejects.Rows(), nil
	if !r.yield(page, nil) {
		return errStopped
	}
	return r.ctx.Err()
}

// full tells whether it is time to hand on a batch in the middle of a page.
func full(b *record.Builder) bool { return b.Rows() >= batchRows || b.Size() >= batchBytes }

// enough tells whether a preview has what it wanted.
func (r *reader) enough() bool { return r.req.Limit > 0 && r.kept >= r.req.Limit }
