package jobs

import (
	"context"
	"time"

	"exporter/state"
)

// pruneEvery is how often the history of runs is shortened.
const pruneEvery = time.Hour

// look does what is due now. Each step leaves what it could not do to the next look.
func (s *server) look(ctx, work context.Context) error {
	defer s.tick()
	if err := s.recall(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{s.pickUp, s.settle, s.fire, s.resume, s.repeat, s.prune}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.take(ctx, work)
}

// recall reads what the state has of the jobs.
func (s *server) recall(ctx context.Context) error {
	recorded, err := s.state.Jobs(ctx)
	if err != nil {
		return err
	}
	s.recorded = make(map[string]state.Job, len(recorded))
	for _, j := range recorded {
		s.recorded[j.Name] = j
	}
	return nil
}

// prune shortens the history of runs.
func (s *server) prune(ctx context.Context) error {
	now := s.o.Now()
	if since := now.Sub(s.pruned); since >= 0 && since < pruneEvery {
		return nil
	}
	s.pruned = now
	n, err := s.state.PruneRuns(ctx, state.KeptRuns)
	if n > 0 {
		s.log.Info("old runs forgotten", "runs", n)
	}
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
			s.unsettled = append(s.unsettled, run.Job)
			s.mu.Unlock()
		})
	}
}
