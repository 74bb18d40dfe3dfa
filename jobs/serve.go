package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"exporter/fault"
	"exporter/state"
)

const (
	// serveEvery is how often due firings and new requests are looked for.
	serveEvery = 500 * time.Millisecond
	// A state that does not answer is asked again after awayFirst, then after twice as
	// long each time, up to awayMost.
	awayFirst = time.Second
	awayMost  = 30 * time.Second
)

// errStateAway is why work under a lease ends that could not be renewed while nobody
// else has it.
var errStateAway = fault.New(fault.Interrupted, "the state did not answer until the executor lease expired").
	WithHint("Nothing that was read is lost. The work goes on by itself when the state answers.")

// server is an executor that stays: it fires jobs when they are due and works
// off every request in the state.
type server struct {
	*Engine
	lease     *state.Lease
	runs      sync.WaitGroup
	recorded  map[string]state.Job // what the state has of the jobs, as of this look
	timers    map[string]timer     // of jobs
	schedules map[string]bool      // of jobs, that were compared with those of the serve before
	picked    bool                 // what an executor before this one had begun goes on
	pruned    time.Time            // when the history was shortened
	away      time.Duration        // how long the state is left alone now; 0 = it answers

	mu        sync.Mutex
	running   map[string]bool // jobs at work
	unsettled []string        // jobs of which a run has ended
}

func newServer(e *Engine, lease *state.Lease) *server {
	s := &server{Engine: e, lease: lease, running: map[string]bool{}}
	for _, job := range e.cfg.Jobs {
		s.unsettled = append(s.unsettled, job.Name)
	}
	return s
}

// Serve fires jobs by their schedules and works off requests until ctx ends. It
// then begins nothing new, gives runs at work the grace period to end, and stops
// what is left at its last durable page. It refuses to start while another
// process works on the state, and ends when one has taken over.
//
// A state that does not answer (locked, read-only, on a full disk) does not end it: the
// state is asked again, and [Engine.Ready] says so meanwhile. If that takes until the
// lease expires, runs at work are stopped and go on under the next one.
func (e *Engine) Serve(ctx context.Context, grace time.Duration) error {
	defer e.setReady(errNotServing)
	lease, err := e.takeOver(ctx)
	if err != nil {
		return err
	}
	e.announce(ctx)
	for {
		if err := e.serveUnder(ctx, lease, grace); !errors.Is(err, errStateAway) {
			return err
		}
		if lease, err = e.takeOverAgain(ctx); lease == nil {
			return err
		}
	}
}

// announce logs when jobs fire next, once it is known that it is this process that runs them.
func (e *Engine) announce(ctx context.Context) {
	all, err := e.Health(ctx)
	if err != nil {
		return // the first look tells
	}
	for _, h := range all {
		if h.Paused {
			e.log.Info("job is paused", "job", h.Job)
			continue
		}
		e.log.Info("job scheduled", "job", h.Job, "next", h.NextFiring)
	}
}

// takeOver takes the lease and closes what executors before this one left behind.
func (e *Engine) takeOver(ctx context.Context) (*state.Lease, error) {
	lease, err := e.state.Acquire(ctx, holderServe)
	if err != nil {
		return nil, err
	}
	if err := e.tidy(ctx, lease); err != nil {
		return nil, errors.Join(err, lease.Release(context.WithoutCancel(ctx)))
	}
	return lease, nil
}

// takeOverAgain takes the lease back when the state answers; nil without an error says
// that ctx ended before.
func (e *Engine) takeOverAgain(ctx context.Context) (*state.Lease, error) {
	for pause := awayFirst; sleep(ctx, pause) == nil; pause = min(2*pause, awayMost) {
		lease, err := e.takeOver(ctx)
		held := new(state.HeldError)
		switch {
		case errors.Is(err, state.ErrReplaced):
			return nil, err
		case errors.As(err, &held) && held.Holder == holderServe:
			return nil, errors.Join(takenOver(), err)
		case held.Holder != "": // a command that somebody called meanwhile, which ends by itself
			e.setReady(err)
			e.tick()
			e.log.Info("another process works on the state: nothing is begun until it has ended", "process", held.Who())
			pause = awayFirst
			continue
		}
		if err == nil {
			e.log.Info("the state answers again")
			return lease, nil
		}
		e.log.Error("the state does not answer: nothing is begun until it does", "again_in", min(2*pause, awayMost), "err", err, "hint", fault.HintOf(err))
		e.setReady(err)
		e.tick() // it waits for the state, and does not hang
	}
	return nil, nil
}

// serveUnder serves until ctx ends or the lease is lost, and gives the lease up.
func (e *Engine) serveUnder(ctx context.Context, lease *state.Lease, grace time.Duration) (err error) {
	e.holds.Store(lease)
	defer func() { err = errors.Join(err, e.giveUp(context.WithoutCancel(ctx), lease)) }()
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	s := newServer(e, lease)
	err = s.loop(ctx, work)
	if err == nil {
		e.setReady(errDraining)
	}
	e.log.Info("draining: nothing new is begun, runs at work may end", "grace", grace)
	s.drain(lease, grace, err, stop)
	return err
}

// loop looks at the clock and the state until ctx ends or the lease is lost. Runs live
// in the context work, which outlasts ctx by the grace period.
func (s *server) loop(ctx, work context.Context) error {
	for {
		err := s.look(ctx, work)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // what a look could not do when it was told to end is no failure
		case errors.Is(err, state.ErrLost):
			return takenOver()
		case errors.Is(err, state.ErrReplaced): // for good: whoever starts this again goes on
			return err
		}
		timer := time.NewTimer(s.answered(err))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.lease.Lost():
			timer.Stop()
			return s.lost(ctx)
		case <-timer.C:
		}
	}
}

// lost tells whether another process has the lease, or nobody since the state was away.
func (s *server) lost(ctx context.Context) error {
	if errors.Is(s.lease.Check(ctx), state.ErrLost) {
		return takenOver()
	}
	s.setReady(errStateAway)
	return errStateAway
}

// answered tells whoever watches how the state answered a look, and returns when to
// look again.
func (s *server) answered(err error) time.Duration {
	switch {
	case err == nil && s.away > 0:
		s.log.Info("the state answers again")
		fallthrough
	case err == nil:
		s.away = 0
		s.setReady(nil)
		return serveEvery
	case s.away == 0:
		s.away = awayFirst
	default:
		s.away = min(2*s.away, awayMost)
	}
	s.log.Error("the state does not answer: nothing is begun until it does", "again_in", s.away, "err", err, "hint", fault.HintOf(err))
	s.setReady(err)
	return s.away
}

// drain waits for the runs at work, and stops them when the grace period is over
// or the lease is lost; why is how the loop ended.
func (s *server) drain(lease *state.Lease, grace time.Duration, why error, stop context.CancelCauseFunc) {
	ended := make(chan struct{})
	go func() {
		s.runs.Wait()
		close(ended)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
		return
	case <-timer.C:
		stop(fault.New(fault.Interrupted, "stopped after a grace period of %s", grace))
	case <-lease.Lost():
		if why == nil {
			why = s.lost(context.WithoutCancel(context.Background()))
		}
		stop(why)
	}
	<-ended
}
