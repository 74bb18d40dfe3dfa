package jobs

import (
	"context"
	"errors"

	"exporter/jobs/spool"
	"exporter/record"
	"exporter/state"
)

// What black-box tests cannot reach: pure decisions, and one look of the scheduler
// at the clock.
var (
	FreeAt         = freeAt
	LastCompleteOf = lastComplete
	Resumable      = resumable
	Selects        = selects
	Unended        = func(runs []state.Run) bool { _, short := unended(runs); return short }
	UnderLimits    = underLimits
)

// Look lets the scheduler look once at the clock and the state of an engine, under a
// lease of its own. Runs are requested, none is begun.
func Look(ctx context.Context, e *Engine) (err error) {
	lease, err := e.state.Acquire(ctx, "test")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release(ctx)) }()
	s := newServer(e, lease)
	s.picked = true
	err = s.recall(ctx)
	for _, step := range []func(context.Context) error{s.settle, s.fire, s.resume, s.repeat} {
		if err == nil {
			err = step(ctx)
		}
	}
	return err
}

// Unique tells which rows of a spool's only table have the same values in columns.
func Unique(ctx context.Context, sp *spool.Spool, shape record.Table, columns []int, names ...string) (text string, err error) {
	c := newUnique(sp, shape, 0, columns, names)
	defer func() { err = errors.Join(err, c.close()) }()
	if err := eachBatch(ctx, sp, c.see); err != nil {
		return "", err
	}
	return c.verdict(ctx)
}
