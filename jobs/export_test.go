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
	Unended        = func(begun, open []state.Run) bool { _, short := unended(begun, open); return short }
	UnderLimits    = underLimits
)

// Look lets the scheduler look once at the clock and the state of an engine, under a
// lease of its own. Runs are requested, none is begun.
func Look(ctx context.Context, e *Engine) (err error) {
	s, err := NewScheduler(ctx, e)
	if err != nil {
		return err
	}
	s.server.picked = true
	return errors.Join(s.Look(ctx), s.Close(ctx))
}

// Scheduler is a serve whose looks a test makes.
type Scheduler struct{ server *server }

// NewScheduler takes the lease.
func NewScheduler(ctx context.Context, e *Engine) (*Scheduler, error) {
	lease, err := e.takeOver(ctx)
	if err != nil {
		return nil, err
	}
	e.holds.Store(lease)
	return &Scheduler{newServer(e, lease)}, nil
}

// Look makes all steps but the one that begins runs.
func (s *Scheduler) Look(ctx context.Context) error {
	v := s.server
	err := v.recall(ctx)
	for _, step := range []func(context.Context) error{v.pickUp, v.settle, v.fire, v.resume, v.repeat} {
		if err == nil {
			err = step(ctx)
		}
	}
	return err
}

// Take begins queued runs and waits for their ends.
func (s *Scheduler) Take(ctx context.Context) error {
	defer s.server.runs.Wait()
	return s.server.take(ctx, ctx)
}

// Ended says that a run of the job has ended that the test worked on.
func (s *Scheduler) Ended(job string) { s.server.unsettled = append(s.server.unsettled, job) }

// Epoch is that of the lease.
func (s *Scheduler) Epoch() int64 { return s.server.lease.Epoch() }

// Close gives the lease back.
func (s *Scheduler) Close(ctx context.Context) error {
	return s.server.giveUp(ctx, s.server.lease)
}

// Unique tells which rows of a spool's only table have the same values in columns.
func Unique(ctx context.Context, sp *spool.Spool, shape record.Table, columns []int, names ...string) (text string, err error) {
	text, _, err = UniqueWith(ctx, 0, sp, shape, columns, names...)
	return text, err
}

// UniqueWith is Unique with another number of keys that are to be expected of what is
// compared at once; it returns how many were held at most.
func UniqueWith(ctx context.Context, room int64, sp *spool.Spool, shape record.Table, columns []int, names ...string) (text string, held int, err error) {
	c := newUnique(sp, shape, 0, columns, names)
	if room > 0 {
		c.room = room
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := eachBatch(ctx, sp, c.see); err != nil {
		return "", 0, err
	}
	text, err = c.verdict(ctx)
	return text, c.most, err
}
