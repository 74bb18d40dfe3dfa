package jobs

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/state"
)

// FlagAfter is how many firings in a row fail before a job is flagged.
const FlagAfter = 3

// lateAfter is how long after it was due a firing may begin without being late. It is
// also from when on one counts as missed.
const lateAfter = time.Minute

// JobHealth is where a job stands: what a status page, metrics and `jobs` show. Zero
// times are not known, or there is none.
type JobHealth struct {
	Job     string
	Paused  bool
	Running string // the run at work, "" = none
	Queued  int    // runs that were asked for and have not begun

	LastRun     state.Run // the newest that has begun and ended, of any kind; its ID is "" if there is none
	LastSuccess time.Time // when the newest run began that did all of what was due, its retries included

	// Firings since LastSuccess that failed, or did in part. What waits for quota and
	// what was interrupted is neither a success nor a failure.
	FailedInARow int
	FailingSince time.Time // when the first of them began
	LastFailure  state.Run // the newest of them; its ID is "" if none failed
	// Flagged: FailedInARow has come to FlagAfter, or a person has to act before the
	// next firing can succeed (a refused login, a mistake in the configuration).
	Flagged bool
	RetryAt time.Time // when slices of it that failed are tried again by themselves
	Retries int       // how often they were since the firing

	LastFiring time.Time // the planned time of the last one
	NextFiring time.Time // zero for a paused job
	Owed       time.Time // the oldest firing that has not succeeded, zero if all have

	Deadline time.Time // by when the firing that is owed, else the next one, has to succeed; zero without `deadline`
	// Late: the deadline has passed. A job without one is late when a firing was due
	// that has not succeeded, unless it is at work in its first attempt. A paused job
	// is not late.
	Late      bool
	LateSince time.Time

	MissedFirings  int64 // nobody was there for, since ever; one of each stretch is made up unless missed = "skip"
	SkippedFirings int64 // left out because the run before went on, since ever
}

// Health returns where every job of the configuration stands, in its order. It asks
// neither vendors nor sinks, and needs no lease.
func (e *Engine) Health(ctx context.Context) ([]JobHealth, error) {
	remembered, err := e.state.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	open, err := e.state.OpenRuns(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := e.state.SliceStates(ctx)
	if err != nil {
		return nil, err
	}
	now := e.o.Now()
	byName := map[string]state.Job{}
	for _, j := range remembered {
		byName[j.Name] = j
	}
	all := make([]JobHealth, len(e.cfg.Jobs))
	for i, job := range e.cfg.Jobs {
		j := byName[job.Name]
		j.Name = job.Name // also of one that nothing is remembered of
		past, err := e.past(ctx, j, counts)
		if err != nil {
			return nil, err
		}
		all[i] = health(job, j, past, open, now)
		if all[i].Late && all[i].Deadline.IsZero() {
			// Jobs of one minute begin one by one.
			if all[i].LateSince = all[i].LateSince.Add(StartOffset(e.cfg.Jobs, job, all[i].Owed)); all[i].LateSince.After(now) {
				all[i].Late, all[i].LateSince = false, time.Time{}
			}
		}
	}
	return all, nil
}

// health judges one job.
func health(job *config.Job, j state.Job, p past, open []state.Run, now time.Time) JobHealth {
	h := JobHealth{
		Job: job.Name, Paused: j.Paused, LastRun: p.last, LastSuccess: p.complete,
		FailedInARow: p.failed, FailingSince: p.since, LastFailure: p.failure, RetryAt: j.RetryAt, Retries: j.Retries,
		LastFiring: j.LastFiring, MissedFirings: j.Missed, SkippedFirings: j.Skipped,
	}
	for _, r := range open {
		switch {
		case r.Job != job.Name:
		case r.State == state.RunRunning:
			h.Running = r.ID
		default:
			h.Queued++
		}
	}
	class := fault.Class(p.failure.Class)
	h.Flagged = p.failed >= FlagAfter || p.failed > 0 && (class == fault.Auth || class == fault.Config)
	if !j.Paused {
		h.NextFiring = job.Cron.Next(now.In(job.Zone)).UTC()
		if _, every := job.Cron.(cron.ConstantDelaySchedule); every {
			if h.NextFiring = job.Cron.Next(j.LastFiring).UTC(); h.NextFiring.Before(now) { // also of one that never fired
				h.NextFiring = now.UTC()
			}
		}
	}
	h.owed(job, j, p, now)
	return h
}

// owed fills in what the job owes, and whether it is late with it.
func (h *JobHealth) owed(job *config.Job, j state.Job, p past, now time.Time) {
	from := h.LastSuccess
	if from.IsZero() {
		from = j.Since
	}
	if from.Before(j.Resumed) { // what came due in a pause was not to be
		from = j.Resumed
	}
	if j.Waived.After(from) && !j.Waived.After(now) && (p.behind.IsZero() || p.behind.After(j.Waived)) {
		from = j.Waived // left out for a run that has succeeded since, or for nobody
	}
	if from.IsZero() && h.FailingSince.IsZero() {
		return // nothing was ever due
	}
	owed := h.FailingSince // of a job older than what is remembered of it
	if !from.IsZero() {
		owed = job.Cron.Next(from.In(job.Zone))
	}
	if owed.IsZero() {
		return
	}
	h.Deadline = job.DeadlineAfter(owed)
	if !owed.After(now) {
		h.Owed = owed.UTC()
	}
	limit := h.Deadline
	if limit.IsZero() {
		limit = owed.Add(lateAfter)
		if h.FailedInARow == 0 && (h.Running != "" || h.Queued > 0) {
			return
		}
	}
	if !j.Paused && !limit.After(now) {
		h.Late, h.LateSince = true, limit.UTC()
	}
}

// Ready reports why a serve is not ready to run jobs, nil if it is: its state answers
// and the lease is its own. An engine that does not serve is never ready.
func (e *Engine) Ready() error {
	if p := e.ready.Load(); p != nil {
		return *p
	}
	return errNotServing
}

var errNotServing = fault.New(fault.Transient, "jobs are not being run: this process has not begun to serve, or has ended")

var errDraining = fault.New(fault.Interrupted, "jobs are not begun any more: this process drains and ends")

// setReady records whether jobs are run, and why not.
func (e *Engine) setReady(why error) { e.ready.Store(&why) }
