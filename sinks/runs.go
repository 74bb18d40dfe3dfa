package sinks

import (
	"context"
	"time"
)

// RunRecorder is a Sink whose ledger has a history of runs. A load writes the row of
// its run, as running, in the transaction of its data; the end of a run is recorded
// here.
type RunRecorder interface {
	// RecordRuns records how runs ended. A run whose end is recorded stays as it is,
	// so runs may be handed in again. Where nothing was ever loaded there is no ledger
	// and none is made. Runs of the same jobs that are older than RunsKept go, see
	// [Forget]; slices and restatements keep their ids.
	RecordRuns(ctx context.Context, runs []Run) error
}

// RunsKept is how long before the end of a job's latest run its ledgers' runs begin: a
// year, so that a month can be held against that of the year before.
const RunsKept = 400 * 24 * time.Hour

// Forget returns which of the runs handed in are to be recorded, and per job the instant
// whose earlier runs are not kept.
func Forget(runs []Run) (keep []Run, before map[string]time.Time) {
	before = make(map[string]time.Time)
	for _, r := range runs {
		if at := r.Finished.Add(-RunsKept); at.After(before[r.Job]) {
			before[r.Job] = at
		}
	}
	for _, r := range runs {
		if !r.Started.Before(before[r.Job]) {
			keep = append(keep, r)
		}
	}
	return keep, before
}

// RunRunning is the state of a run that has not ended.
const RunRunning = "running"

// Run is a run of a job that has ended, as a ledger has it. Rows are counted once,
// whatever the number of sinks.
type Run struct {
	ID        string    `json:"id"`
	Job       string    `json:"job"`
	Trigger   string    `json:"trigger"` // what caused it
	State     string    `json:"state"`
	Started   time.Time `json:"started_at"`
	Finished  time.Time `json:"finished_at"`
	Committed int       `json:"slices_committed"`
	Unchanged int       `json:"slices_unchanged"`
	Failed    int       `json:"slices_failed"`
	Waiting   int       `json:"slices_waiting"`
	Rows      int64     `json:"rows"`     // of the slices that were committed
	Calls     int64     `json:"calls"`    // requests sent to the vendor
	Error     string    `json:"error"`    // "" = none
	Warnings  []string  `json:"warnings"` // each once
}
