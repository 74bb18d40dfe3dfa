package hubrise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/zeebo/xxh3"

	"exporter/fault"
	"exporter/sources"
	"exporter/sources/jsonbody"
)

// Batches are handed on when they hold this much together, or at the end of a page.
const batchBytes = 1 << 20

// errStopped ends everything after the consumer's loop has stopped.
var errStopped = errors.New("the reading loop stopped")

// reader reads one slice.
type reader struct {
	s        *source
	ctx      context.Context //nolint:containedctx // lives as long as one call of Read
	req      sources.Request
	yield    func(sources.Page, error) bool
	con      *connection
	limit    int // rows per page
	tables   []*table
	steps    []step
	again    bool // a page that is durable is read again: its rows go nowhere
	seen     map[xxh3.Uint128]uint64
	before   span // of rows that are durable and not in seen
	page     page
	kept     int // rows of the first table that were handed on
	outside  int // rows that were created outside of the interval
	warnings []string
	warned   map[string]bool
	scratch  []byte
}

// Read implements sources.Source.
func (s *source) Read(ctx context.Context, req sources.Request) iter.Seq2[sources.Page, error] {
	return func(yield func(sources.Page, error) bool) {
		r := &reader{s: s, ctx: ctx, req: req, yield: yield, seen: map[xxh3.Uint128]uint64{}, warned: map[string]bool{}}
		err := r.read()
		if err == nil || errors.Is(err, errStopped) {
			return
		}
		if ctx.Err() != nil {
			err = stopped(ctx)
		}
		yield(sources.Page{}, fmt.Errorf("read %s: %w", r.what(), s.permission(req.Stream.Name, err)))
	}
}

// what names the slice's stream for errors.
func (r *reader) what() string {
	if r.req.Part == "" {
		return r.req.Stream.Name
	}
	if r.con != nil && r.req.Part == r.con.account {
		return r.req.Stream.Name + " of account " + r.req.Part
	}
	return r.req.Stream.Name + " of location " + r.req.Part
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
	shapes := r.s.shapes(r.req.Stream.Name)
	if len(shapes) == 0 || len(shapes) != len(r.req.Stream.Tables) {
		return fault.New(fault.Config, "stream %q has %d tables, and %d were asked for", r.req.Stream.Name, len(shapes), len(r.req.Stream.Tables))
	}
	for i, shape := range shapes {
		t, err := newTable(i, r.req.Stream.Tables[i], shape)
		if err != nil {
			return err
		}
		r.tables = append(r.tables, t)
	}
	join(r.req.Stream.Name, r.tables)
	r.limit = r.pageSize()
	if r.req.Limit > 0 {
		r.limit = min(r.limit, r.req.Limit)
	}
	var err error
	if r.con, err = r.s.connection(r.ctx); err != nil {
		return err
	}
	if err := r.plan(); err != nil {
		return err
	}
	return r.walk()
}

func (r *reader) pageSize() int {
	n := 0
	if r.s.orders != nil {
		n = r.s.orders.PageSize
	} else {
		n = r.s.list.PageSize
	}
	if n == 0 {
		return maxPageSize
	}
	return n
}

// plan lists what is asked for.
func (r *reader) plan() error {
	stream := r.req.Stream.Name
	if (r.s.orders != nil) != (stream == streamOrders) {
		return fault.New(fault.Config, "the source was opened for another stream than %s", stream)
	}
	switch stream {
	case streamOrders:
		return r.planOrders()
	case streamCustomers:
		return r.planCustomers()
	case streamCatalogs:
		return r.planCatalogs()
	default:
		return r.planLocations()
	}
}

func (r *reader) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !r.warned[text] {
		r.warned[text] = true
		r.warnings = append(r.warnings, text)
	}
}

// hand hands on what the tables hold. Next is set at the end of a page of the API.
func (r *reader) hand(next *sources.Checkpoint) error {
	if r.again {
		for _, t := range r.tables {
			t.build.Take()
		}
		return nil
	}
	last := 0
	for i, t := range r.tables {
		if t.build.Rows() > 0 {
			last = i
		}
	}
	for i, t := range r.tables[:last+1] {
		if i < last && t.build.Rows() == 0 || i == last && next == nil && t.build.Rows() == 0 {
			continue
		}
		out := sources.Page{Announced: sources.Unknown}
		out.Batch, out.Rejects = t.build.Take()
		if i == last {
			out.Next = next
		}
		if err := r.send(out); err != nil {
			return err
		}
	}
	return nil
}

// send hands on a page, with the warnings that have gathered.
func (r *reader) send(page sources.Page) error {
	page.Warning = strings.Join(r.warnings, "; ")
	r.warnings = nil
	if page.Batch.Table == 0 {
		r.kept += page.Batch.Rows() + page.Rejects.Rows()
	}
	if !r.yield(page, nil) {
		return errStopped
	}
	return r.ctx.Err()
}

// full hands on what there is when it is time to, in the middle of a page.
func (r *reader) full() error {
	size := 0
	for _, t := range r.tables {
		size += t.build.Size()
	}
	if size < batchBytes {
		return nil
	}
	return r.hand(nil)
}

// enough tells whether a preview has what it wanted.
func (r *reader) enough() bool { return r.req.Limit > 0 && r.kept >= r.req.Limit }

// newDecoder returns a decoder of an answer.
func newDecoder(body io.Reader) *jsonbody.Decoder {
	return jsonbody.New(body, "look at base_url of the source, which ends in /v1, or ask their support")
}

// documents reads a list of objects.
func documents(d *jsonbody.Decoder, take func(document []byte) error) error {
	return d.List(func() error {
		document, err := d.ReadObject()
		if err != nil {
			return err
		}
		return take(document)
	})
}
