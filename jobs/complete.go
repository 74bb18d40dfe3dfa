package jobs

import (
	"context"
	"time"

	"exporter/jobs/config"
	"exporter/state"
)

// LastComplete returns when the last run of what was due began all of which was
// done, zero if none is remembered.
func (e *Engine) LastComplete(ctx context.Context, job *config.Job) (time.Time, error) {
	const remembered = 1000
	runs, err := e.state.Runs(ctx, job.Name, remembered)
	return lastComplete(runs), err
}

// lastComplete looks for that run among those of a job, newest first: one that
// succeeded, or one that only lacked slices which waited for quota, if the runs
// of waiting slices after it left none.
func lastComplete(runs []state.Run) time.Time {
	left, failed := true, false // by the runs of waiting slices since
	for _, r := range runs {
		switch {
		case r.Only == state.OnlyWaiting:
			left = left && (r.State != state.RunSucceeded || r.Waiting > 0)
			failed = failed || r.Failed > 0
		case r.Only != "" || !r.From.IsZero():
		case r.State == state.RunSucceeded, r.Waiting > 0 && r.Failed == 0 && !left && !failed:
			return r.Started
		default:
			left, failed = true, false
		}
	}
	return time.Time{}
}
