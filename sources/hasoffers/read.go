package hasoffers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"exporter/fault"
	"exporter/record"
	"exporter/sources"
)

// A batch is handed on when it holds this much, or at the end of a page.
const (
	batchRows  = 5000
	batchBytes = 256 << 10
)

// errStopped ends everything after the consumer's loop has stopped.
var errStopped = errors.New("the reading loop stopped")

// Read implements sources.Source.
func (s *source) Read(ctx context.Context, req sources.Request) iter.Seq2[sources.Page, error] {
	return func(yield func(sources.Page, error) bool) {
		err := s.read(ctx, req, yield)
		if err == nil || errors.Is(err, errStopped) {
			return
		}
		if ctx.Err() != nil {
			err = stopped(ctx)
		}
		yield(sources.Page{}, fmt.Errorf("read %s of network %s: %w", req.Stream.Name, s.config.NetworkID, err))
	}
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

func (s *source) read(ctx context.Context, req sources.Request, yield func(sources.Page, error) bool) error {
	r, err := s.newReader(ctx, req, yield)
	if err != nil {
		return err
	}
	if req.Stream.Name == streamUpdates {
		return r.updates()
	}
	return r.conversions()
}

// reader reads one slice.
type reader struct {
	s      *source
	ctx    context.Context // of the one call of Read the reader lives for
	req    sources.Request
	yield  func(sources.Page, error) bool
	window *window // nil in the stream of updates

	names   []string // the fields that are needed, by slot
	id      int      // slots
	time    int
	typer   typer
	decoder *decoder

	urlMax   int
	limit    int // rows per page
	kept     int // rows handed on
	warnings []string
	strange  bool // a row from outside the window was seen
	ids      []int64
	// fallback decides what becomes of a refused id while it is what pages are
	// read by; nil while it is not.
	fallback func(*fieldError) error
}

func (s *source) newReader(ctx context.Context, req sources.Request, yield func(sources.Page, error) bool) (*reader, error) {
	if len(req.Stream.Tables) != 1 || req.Stream.Name != streamConversions && req.Stream.Name != streamUpdates {
		return nil, fault.New(fault.Config, "there is no stream %q", req.Stream.Name).WithHint("Write stream = %q or %q.", streamConversions, streamUpdates)
	}
	t := req.Stream.Tables[0]
	r := &reader{s: s, ctx: ctx, req: req, yield: yield, names: needed(t), urlMax: s.urlMax(), limit: s.pageSize()}
	if req.Stream.Name == streamConversions {
		w := newWindow(req.Interval, s.zone)
		r.window = &w
	}
	if req.Limit > 0 {
		r.limit = min(r.limit, req.Limit)
	}
	r.id, r.time = slices.Index(r.names, fieldID), slices.Index(r.names, fieldDatetime)
	r.typer = typer{names: r.names, id: r.id, build: record.NewBuilder(0, t, s.zone)}
	r.typer.raw = r.typer.rawRow
	for _, c := range t.Columns {
		r.typer.cells = append(r.typer.cells, r.cell(c))
	}
	r.decoder = newDecoder(model, r.names, nil)
	for _, name := range s.refused() {
		r.warnRefused(name)
	}
	return r, nil
}

// needed returns the fields that the columns are made of, and those that paging
// and trimming need.
func needed(t record.Table) []string {
	names := []string{fieldID, fieldDatetime}
	for _, c := range t.Columns {
		wire := c.Wire()
		if wire != originNetwork && wire != originChange && !slices.Contains(names, wire) {
			names = append(names, wire)
		}
	}
	return names
}

func (r *reader) cell(c record.Column) cell {
	switch wire := c.Wire(); wire {
	case originNetwork:
		return cell{slot: -1, constant: []byte(r.s.config.NetworkID), typ: c.Type}
	case originChange:
		return cell{slot: -1, typ: c.Type, change: true}
	default:
		return cell{slot: slices.Index(r.names, wire), typ: c.Type, utc: known(wire).utc, secret: c.Mask != nil}
	}
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// warnRefused warns of a refused field that a column is made of.
func (r *reader) warnRefused(name string) {
	for _, c := range r.req.Stream.Tables[0].Columns {
		if c.Wire() == name {
			r.warn("the vendor refuses field %s; column %s stays empty", name, c.Name)
			return
		}
	}
}

// send hands on what was built since the last time, and page's other fields.
func (r *reader) send(page sources.Page) error {
	rows := r.typer.build.Rows()
	page.Batch, page.Rejects = r.typer.build.Take()
	page.Warning = strings.Join(r.warnings, "; ")
	r.kept, r.warnings = r.kept+rows, nil
	if !r.yield(page, nil) {
		return errStopped
	}
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	return nil
}

// full tells whether it is time to hand on a batch in the middle of a page.
func (r *reader) full() bool {
	return r.typer.build.Rows() >= batchRows || r.typer.build.Size() >= batchBytes
}

// enough tells whether a preview has what it wanted.
func (r *reader) enough() bool { return r.req.Limit > 0 && r.kept >= r.req.Limit }
