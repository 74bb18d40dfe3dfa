package jobs_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"exporter/fault"
	"exporter/ratelimit"
	"exporter/record"
	"exporter/settings"
	"exporter/sources"
)

// fake is a source with two parts and two tables: what the contract allows and
// no vendor of this version has.
type fake struct {
	limiter *ratelimit.Limiter
	vendor  *fakeVendor
}

// fakeVendor is what the fakes of one test read. Set its fields before a run.
type fakeVendor struct {
	mu        sync.Mutex
	reads     []string                              // part and start of every read
	fail      func(part string, start string) error // may be nil
	limit     []ratelimit.Window
	patience  time.Duration // max_wait; 0 = an hour
	parts     []string
	noParts   error // of asking for them
	partsAsk  bool  // they cost a request
	unsettled bool  // the count of every slice would not settle
	changed   []sources.Interval
	nameless  bool  // the second order has no account
	announced int64 // more orders than there are
}

var (
	_ sources.Source = (*fake)(nil)
	_ sources.Parted = (*fake)(nil)

	_ sources.Changer = (*fake)(nil)
)

type fakeConfig struct {
	vendor *fakeVendor
}

func (*fakeConfig) Validate() []settings.Problem { return nil }
func (c *fakeConfig) Credential() sources.Credential {
	return sources.Credential{Name: "fake", Limits: ratelimit.Limits{Windows: c.vendor.limit, MaxWait: cmp.Or(c.vendor.patience, time.Hour)}}
}
func (*fakeConfig) Zone() *time.Location { return nil }
func (*fakeConfig) Identity() string     { return "fake" }

type fakeOptions struct{}

func (*fakeOptions) Validate() []settings.Problem { return nil }
func (*fakeOptions) Fingerprint() string          { return "" }

// driver returns the driver of the vendor's fakes.
func (v *fakeVendor) driver() sources.Driver {
	options := func() sources.Options { return &fakeOptions{} }
	return sources.Driver{
		Name: "fake", Config: func() sources.Config { return &fakeConfig{v} },
		Kinds: []sources.Kind{{Name: "orders", Windowed: true, Options: options}},
		Open: func(deps sources.Deps, _ sources.Config, _ sources.Options) (sources.Source, error) {
			return &fake{limiter: deps.Limiter, vendor: v}, nil
		},
	}
}

// read returns what was read since the last call, in any order.
func (v *fakeVendor) read() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	reads := v.reads
	v.reads = nil
	return reads
}

func (*fake) Streams(context.Context) ([]sources.Stream, error) {
	return []sources.Stream{{Name: "orders", Tables: []record.Table{
		{Name: "orders", Columns: []record.Column{{Name: "account"}, {Name: "id", Type: record.Integer}}},
		{Name: "items", Columns: []record.Column{{Name: "account"}, {Name: "order_id", Type: record.Integer}, {Name: "n", Type: record.Integer}}},
	}}}, nil
}

func (f *fake) Parts(ctx context.Context, _ string) ([]string, error) {
	if f.vendor.partsAsk {
		permit, err := f.limiter.Acquire(ctx, ratelimit.Ask{})
		if err != nil {
			return nil, err
		}
		permit.Release()
	}
	f.vendor.mu.Lock()
	defer f.vendor.mu.Unlock()
	return f.vendor.parts, f.vendor.noParts
}

func (f *fake) Changed(context.Context, string, time.Time) ([]sources.Interval, error) {
	return f.vendor.changed, nil
}

// Read yields two orders with three items each.
func (f *fake) Read(ctx context.Context, req sources.Request) iter.Seq2[sources.Page, error] {
	return func(yield func(sources.Page, error) bool) {
		permit, err := f.limiter.Acquire(ctx, ratelimit.Ask{})
		if err != nil {
			yield(sources.Page{}, err)
			return
		}
		permit.FirstByte()
		permit.Release()
		start := req.Interval.Start.Format(time.DateOnly)
		f.vendor.mu.Lock()
		f.vendor.reads = append(f.vendor.reads, req.Part+" "+start)
		fail := f.vendor.fail
		f.vendor.mu.Unlock()
		if fail != nil {
			if err := fail(req.Part, start); err != nil {
				yield(sources.Page{}, err)
				return
			}
		}
		orders, items := record.NewBuilder(0, req.Stream.Tables[0], nil), record.NewBuilder(1, req.Stream.Tables[1], nil)
		for id := range int64(2) {
			if f.vendor.nameless && id == 1 {
				orders.Null()
			} else {
				orders.Text([]byte(req.Part))
			}
			orders.Integer(id)
			orders.EndRow(nil)
			for n := range int64(3) {
				items.Text([]byte(req.Part))
				items.Integer(id)
				items.Integer(n)
				items.EndRow(nil)
			}
		}
		page := sources.Page{Announced: 2 + f.vendor.announced, Provisional: f.vendor.unsettled}
		page.Batch, page.Rejects = orders.Take()
		if !yield(page, nil) {
			return
		}
		page.Batch, page.Rejects = items.Take()
		page.Next = &sources.Checkpoint{Kind: sources.Keyset, Cursor: []byte(`1`)}
		yield(page, nil)
	}
}

// refuse fails the reads of one part and day for good.
func refuse(part, start string) func(string, string) error {
	return func(p, s string) error {
		if p == part && s == start {
			return fault.New(fault.Permanent, "refused: %w", errors.New(fmt.Sprint(p, s)))
		}
		return nil
	}
}
