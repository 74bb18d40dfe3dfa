package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/state"
)

// serveEvery is how often due firings and new requests are looked for.
const serveEvery = 500 * time.Millisecond

// setBack is by how much a recorded firing lies ahead if the clock was set back: a job
// must not wait until that time comes again. Less is waited for, so that no firing
// comes twice.
const setBack = time.Hour

// server is an executor that stays: it fires jobs when they are due and works
// off every request in the state.
type server struct {
	*Engine
	lease   *state.Lease
	runs    sync.WaitGroup
	fired   map[string]time.Time // the last firings, which nobody else records meanwhile
	mu      sync.Mutex
	running map[string]bool // jobs at work
}

// Serve fires jobs by their schedules and works off requests until ctx ends. It
// then begins nothing new, gives runs at work the grace period to end, and stops
// what is left at its last durable page. It refuses to start while another
// process works on the state.
func (e *Engine) Serve(ctx context.Context, grace time.Duration) (err error) {
	lease, err := e.state.Acquire(ctx, fmt.Sprintf("serve pid %d", os.Getpid()))
	if err != nil {
		return err
	}
	e.holds.Store(lease)
	defer func() { err = errors.Join(err, e.giveUp(context.WithoutCancel(ctx), lease)) }()
	if err := e.tidy(ctx, lease); err != nil {
		return err
	}
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	s := &server{Engine: e, lease: lease, running: map[string]bool{}}
	e.setReady(nil)
	defer e.setReady(errNotServing)
	err = s.loop(ctx, work)
	e.log.Info("draining: nothing new is begun, runs at work may end", "grace", grace)
	s.drain(lease, grace, stop)
	return err
}

// loop fires and takes requests until ctx ends or the lease is lost. Runs live in
// the context work, which outlasts ctx by the grace period.
func (s *server) loop(ctx, work context.Context) error {
	tick := time.NewTicker(serveEvery)
	defer tick.Stop()
	if err := s.pickUp(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for {
		s.tick()
		if err := s.fire(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if err := s.resume(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if err := s.take(ctx, work); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.lease.Lost():
			return takenOver()
		case <-tick.C:
		}
	}
}

// fire requests a run of every job that is due.
func (s *server) fire(ctx context.Context) error {
	now := s.o.Now()
	for _, job := range s.cfg.Jobs {
		last, known, err := s.lastFiring(ctx, job.Name)
		if err != nil {
			return err
		}
		if known && last.Sub(now) > setBack {
			s.log.Warn("the last firing lies ahead, the clock was set back; firings count from now on", "job", job.Name, "last", last)
			last = now
			if err := s.setFiring(ctx, job.Name, last); err != nil {
				return err
			}
		}
		planned := due(job, last, known, now)
		late := now.Sub(planned.Add(StartOffset(s.cfg.Jobs, job, planned)))
		if planned.IsZero() || late < 0 {
			continue
		}
		// The firing is recorded before its run is requested: after a crash in
		// between it counts as missed, and the next one exports what it owed.
		if err := s.setFiring(ctx, job.Name, planned); err != nil {
			return err
		}
		if missed := late > time.Minute; !known || missed && job.Missed == "skip" {
			continue
		}
		if err := s.request(ctx, job, planned); err != nil {
			return err
		}
	}
	return nil
}

// lastFiring returns the last recorded firing of a job. It is asked for twice a second.
func (s *server) lastFiring(ctx context.Context, job string) (last time.Time, known bool, err error) {
	if last, known = s.fired[job]; known {
		return last, true, nil
	}
	if last, known, err = s.state.LastFiring(ctx, job); known && err == nil {
		s.remember(job, last)
	}
	return last, known, err
}

func (s *server) setFiring(ctx context.Context, job string, at time.Time) error {
	err := s.state.SetFiring(ctx, job, at)
	if err == nil {
		s.remember(job, at)
	}
	return err
}

func (s *server) remember(job string, at time.Time) {
	if s.fired == nil {
		s.fired = map[string]time.Time{}
	}
	s.fired[job] = at
}

// due returns the latest firing of a job that was planned until now and is not
// recorded, zero if there is none. A job without any recorded firing starts with
// its next one, @every with now.
func due(job *config.Job, last time.Time, known bool, now time.Time) (planned time.Time) {
	if !known {
		if every, ok := job.Cron.(cron.ConstantDelaySchedule); ok {
			return now.Add(-every.Delay)
		}
		return now
	}
	for next := job.Cron.Next(last.In(job.Zone)); !next.IsZero() && !next.After(now); next = job.Cron.Next(next) {
		planned = next
	}
	return planned
}

// request asks for a run, unless one is still going on and the job says skip. A run
// of what waited for quota is the rest of an older one: the firing follows it.
func (s *server) request(ctx context.Context, job *config.Job, planned time.Time) error {
	if job.Overlap == "skip" {
		open, err := s.state.OpenRuns(ctx)
		if err != nil {
			return err
		}
		for _, r := range open {
			if r.Job == job.Name && r.Trigger != state.TriggerQuota {
				s.log.Warn("firing skipped, the run before it goes on still", "job", job.Name, "planned", planned, "run", r.ID)
				return nil
			}
		}
	}
	_, err := s.state.Enqueue(ctx, state.Run{Job: job.Name, Trigger: state.TriggerSchedule, Priority: job.Priority})
	return err
}

// take begins every queued run whose job is not at work.
func (s *server) take(ctx, work context.Context) error {
	for {
		s.mu.Lock()
		busy := make([]string, 0, len(s.running))
		for job := range s.running {
			busy = append(busy, job)
		}
		s.mu.Unlock()
		run, ok, err := s.state.NextQueued(ctx, s.lease.Epoch(), busy...)
		if err != nil || !ok {
			return err
		}
		s.mu.Lock()
		s.running[run.Job] = true
		s.mu.Unlock()
		s.runs.Go(func() {
			s.execute(work, run)
			s.mu.Lock()
			delete(s.running, run.Job)
			s.mu.Unlock()
		})
	}
}

// drain waits for the runs at work, and stops them when the grace period is over
// or the lease is lost.
func (s *server) drain(lease *state.Lease, grace time.Duration, stop context.CancelCauseFunc) {
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
		stop(takenOver())
	}
	<-ended
}
