package jobs

import (
	"context"
	"errors"

	"exporter/jobs/spool"
	"exporter/record"
)

// What black-box tests cannot reach: pure decisions, and one look of the scheduler
// at the clock.
var (
	FreeAt         = freeAt
	LastCompleteOf = lastComplete
	Resumable      = resumable
	Selects        = selects
	Unended        = unended
	UnderLimits    = underLimits
)

// Fire requests the runs that are due now.
func Fire(ctx context.Context, e *Engine) error { return (&server{Engine: e}).fire(ctx) }

// Resume requests the runs of what waited for quota until now.
func Resume(ctx context.Context, e *Engine) error { return (&server{Engine: e}).resume(ctx) }

// Unique tells which rows of a spool's only table have the same values in columns.
func Unique(ctx context.Context, sp *spool.Spool, shape record.Table, columns []int, names ...string) (text string, err error) {
	c := newUnique(sp, shape, 0, columns, names)
	defer func() { err = errors.Join(err, c.close()) }()
	if err := eachBatch(ctx, sp, c.see); err != nil {
		return "", err
	}
	return c.verdict(ctx)
}
