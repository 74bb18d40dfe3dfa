package jobs

import (
	"context"
	"fmt"
	"sync"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/state"
)

// told tells the ping_url of jobs how the runs of this process go, by their events.
//
// It tells of runs of what is due, and of those that bring the rest of one: of days
// that somebody names it does not, because they say nothing of the night. What waits
// for quota is no failure until the deadline (see [Engine.WatchLate]); what was
// interrupted goes on with the next start, and if none comes the one who waits for
// the ping knows.
type told struct {
	*Engine
	mu   sync.Mutex
	runs map[string]string // those at work in this process: their first failure
}

// notify takes an event before everybody else.
func (t *told) notify(ev Event) {
	switch ev.Kind {
	case RunBegan:
		t.began(ev.Run)
	case SliceEnded:
		t.failed(ev)
	case RunEnded:
		t.ended(ev)
	}
}

// pinged returns the job of a run that is told of, nil if it is not.
func (t *told) pinged(r state.Run) *config.Job {
	job := t.cfg.Job(r.Job)
	if job == nil || job.PingURL == "" || !wasDue(r) && r.Only == "" {
		return nil
	}
	return job
}

func (t *told) began(r state.Run) {
	job := t.pinged(r)
	if job == nil {
		return
	}
	t.mu.Lock()
	t.runs[r.ID] = ""
	t.mu.Unlock()
	if wasDue(r) {
		t.ping(job, pingStart, "run "+r.ID)
	}
}

func (t *told) failed(ev Event) {
	switch fault.ClassOf(ev.Err) {
	case "", fault.Parked, fault.Interrupted:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if text, ours := t.runs[ev.Run.ID]; ours && text == "" {
		t.runs[ev.Run.ID] = words(ev.Err.Error(), fault.HintOf(ev.Err))
	}
}

func (t *told) ended(ev Event) {
	t.mu.Lock()
	failure, ours := t.runs[ev.Run.ID]
	delete(t.runs, ev.Run.ID)
	t.mu.Unlock()
	r := ev.Run
	job := t.pinged(r)
	if job == nil || !ours {
		return
	}
	if r.Error != "" {
		failure = words(r.Error, r.Hint)
	}
	switch counts := summary(r); {
	case r.State == state.RunSucceeded && (wasDue(r) || t.whole(job)):
		t.ping(job, pingSuccess, counts)
	case r.State == state.RunSucceeded, r.State == state.RunInterrupted, r.Waiting > 0 && r.Failed == 0, r.State == state.RunParked:
	default:
		t.ping(job, pingFail, counts+"\n"+failure)
	}
}

// whole reports whether the newest firing of a job is done, by whichever runs.
func (t *told) whole(job *config.Job) bool {
	ctx, cancel := context.WithTimeout(context.Background(), recordWait)
	defer cancel()
	p, err := t.pastNow(ctx, job.Name)
	return err == nil && p.failed == 0 && !p.complete.IsZero()
}

func (e *Engine) ping(job *config.Job, kind, text string) {
	e.pings.send(ping{job: job.Name, to: job.PingURL, kind: kind, text: text})
}

// summary is a run in one line.
func summary(r state.Run) string {
	return fmt.Sprintf("run %s %s: %d slices, %d committed, %d unchanged, %d failed, %d waiting, %d rows",
		r.ID, r.State, r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, r.Rows)
}

func words(err, hint string) string {
	if hint == "" {
		return err
	}
	return err + "\n" + hint
}
