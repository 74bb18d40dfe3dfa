package jobs

import (
	"context"
	"errors"
	"time"
)

// lateEvery is how often late jobs are looked for.
const lateEvery = 30 * time.Second

// WatchLate logs each job that becomes late, and fails its ping when a deadline has
// passed, until ctx ends: as long as this process serves, drains or waits for its state.
func (e *Engine) WatchLate(ctx context.Context) {
	tick := time.NewTicker(lateEvery)
	defer tick.Stop()
	known := map[string]time.Time{}
	for {
		if !errors.Is(e.Ready(), errNotServing) { // else another process tells
			if err := e.tellLate(ctx, known); err != nil && ctx.Err() == nil {
				e.log.Warn("which jobs are late is not known", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tellLate tells of jobs that are late and were not when it was called before; known
// holds since when those that were are.
func (e *Engine) tellLate(ctx context.Context, known map[string]time.Time) error {
	all, err := e.Health(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		before, was := known[h.Job]
		switch {
		case h.Late && (!was || !before.Equal(h.LateSince)):
			known[h.Job] = h.LateSince
			e.log.Warn("job is late", "job", h.Job, "since", h.LateSince, "owed", h.Owed, "failed_firings", h.FailedInARow, "why", h.LastRun.Error)
			if job := e.cfg.Job(h.Job); job.PingURL != "" && !h.Deadline.IsZero() {
				e.ping(job, pingFail, "late: the firing of "+h.Owed.Format(time.RFC3339)+" had to succeed by "+h.LateSince.Format(time.RFC3339)+"\n"+words(h.LastRun.Error, h.LastRun.Hint))
			}
		case !h.Late && was:
			delete(known, h.Job)
			e.log.Info("job is no longer late", "job", h.Job)
		}
	}
	return nil
}
