package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"exporter/fault"
	"exporter/state"
)

// followEvery is how often a process that waits for another looks at the state.
const followEvery = 300 * time.Millisecond

// Run requests runs and returns when each has ended, in the order of the
// requests. It works them off itself under the lease; while another process
// holds the lease they wait, and follow the other's progress if it takes them
// over (a serve does). When ctx ends, runs at work stop at their last durable
// page and requests nobody has begun are withdrawn.
func (e *Engine) Run(ctx context.Context, requests []state.Run) (runs []state.Run, err error) {
	defer func() {
		if err != nil { // nobody waits for them any more
			err = errors.Join(err, e.withdraw(context.WithoutCancel(ctx), runs))
		}
	}()
	for _, r := range requests {
		run, err := e.state.Enqueue(ctx, r)
		if err != nil {
			return runs, fmt.Errorf("request run of job %s: %w", r.Job, err)
		}
		runs = append(runs, run)
	}
	announced := false
	for {
		lease, err := e.state.Acquire(ctx, "run")
		var held *state.HeldError
		switch {
		case err == nil:
			if err := e.workOff(ctx, lease, runs); err != nil || !slices.ContainsFunc(runs, func(r state.Run) bool { return r.State == state.RunQueued }) {
				return runs, err
			}
			if err := sleep(ctx, 4*followEvery); err != nil { // a backfill gave way: whoever waits sees a free lease
				return runs, err
			}
			continue
		case !errors.As(err, &held):
			return runs, err
		}
		if !announced {
			announced = true
			e.o.Notify(Event{Kind: Follows, Run: runs[0], Text: follows(held)})
		}
		done, err := e.follow(ctx, runs)
		if done || err != nil {
			return runs, err
		}
	}
}

// follows says what becomes of a request while another process works on the state.
func follows(held *state.HeldError) string {
	if held.Holder == holderServe {
		return fmt.Sprintf("handed to the serve (pid %d), which does the work", held.PID)
	}
	return held.Who() + " works on this state; waiting for it"
}

// follow refreshes the runs and reports whether all have ended.
func (e *Engine) follow(ctx context.Context, runs []state.Run) (done bool, err error) {
	if err := sleep(ctx, followEvery); err != nil {
		return false, err
	}
	done = true
	for i := range runs {
		run, ok, err := e.state.Run(ctx, runs[i].ID)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, fault.New(fault.Permanent, "run %s is no longer in the state", runs[i].ID)
		}
		if run.Finished.IsZero() {
			done = false
			e.progressed(runs[i], run)
		} else if runs[i].Finished.IsZero() {
			e.o.Notify(Event{Kind: RunEnded, Run: run})
		}
		runs[i] = run
	}
	return done, nil
}

// withdraw takes back the requests that nobody has begun.
func (e *Engine) withdraw(ctx context.Context, runs []state.Run) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var errs []error
	for i, r := range runs {
		if r.Trigger == state.TriggerBackfill {
			now, err := e.cancel(ctx, r)
			runs[i] = now
			errs = append(errs, err)
			continue
		}
		if _, err := e.state.Withdraw(ctx, r.ID); err != nil {
			errs = append(errs, err)
			continue
		}
		now, _, err := e.state.Run(ctx, r.ID)
		runs[i] = now
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// workOff executes the runs under the lease, all at once: their slices share the
// engine's slots. Losing the lease stops them like a shutdown does.
func (e *Engine) workOff(ctx context.Context, lease *state.Lease, runs []state.Run) (err error) {
	e.holds.Store(lease)
	defer func() { err = errors.Join(err, e.giveUp(context.WithoutCancel(ctx), lease)) }()
	if err := e.tidy(ctx, lease); err != nil {
		return err
	}
	ctx, stop := untilLost(ctx, lease)
	defer stop()
	var claimed []int
	for i := range runs {
		run, ok, err := e.state.Claim(ctx, runs[i].ID, lease.Epoch())
		if err != nil {
			return err
		}
		runs[i] = run
		if ok {
			claimed = append(claimed, i)
		}
	}
	var wait sync.WaitGroup
	for _, i := range claimed {
		wait.Go(func() { runs[i] = e.perform(ctx, runs[i], true) })
	}
	wait.Wait()
	return nil
}

// giveUp saves what the limiters used and releases the lease, in this order. Of a
// lease that is lost, noticed or not, nothing is saved.
func (e *Engine) giveUp(ctx context.Context, lease *state.Lease) error {
	defer e.holds.Store(nil)
	lost := errors.Is(lease.Check(ctx), state.ErrLost)
	select {
	case <-lease.Lost():
		lost = true
	default:
	}
	if lost {
		e.dropLimiters()
		return lease.Release(ctx)
	}
	return errors.Join(e.closeLimiters(ctx), lease.Release(ctx))
}

// takenOver is the failure of whoever lost the lease.
func takenOver() error {
	return fault.New(fault.Interrupted, "another process took the state over").
		WithHint("This process was paused for too long. The other one goes on with the work.")
}

// untilLost returns a context that ends with ctx or when the lease is lost.
func untilLost(ctx context.Context, lease *state.Lease) (held context.Context, stop func()) {
	held, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-lease.Lost():
			cancel(takenOver())
		case <-held.Done():
		}
	})
	return held, func() {
		cancel(nil)
		watch.Wait()
	}
}

// tidy closes what executors before this one left behind.
func (e *Engine) tidy(ctx context.Context, lease *state.Lease) error {
	zombies, err := e.state.CloseZombies(ctx, lease.Epoch())
	if err != nil {
		return err
	}
	if zombies > 0 {
		e.log.Warn("runs of a process that ended without a word were closed; their slices go on at their last durable page", "runs", zombies)
	}
	if n, err := e.spools.Sweep(e.o.Now()); err != nil {
		e.log.Warn("old spools were not all removed; they take up space", "err", err)
	} else if n > 0 {
		e.log.Info("old spools removed", "slices", n)
	}
	return nil
}
