package state

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// States of a run; the package comment draws how they follow each other.
const (
	RunQueued      = "queued"
	RunRunning     = "running"
	RunSucceeded   = "succeeded"
	RunFailed      = "failed"
	RunPartial     = "partial"
	RunParked      = "parked"
	RunInterrupted = "interrupted"
)

// What caused a run.
const (
	TriggerCLI      = "cli"
	TriggerSchedule = "schedule"
	TriggerBackfill = "backfill"
	TriggerRetry    = "retry"
	TriggerQuota    = "quota" // quota is back that slices waited for
	TriggerAgain    = "again" // a while has passed since a run failed for reasons that pass
	TriggerPurge    = "purge" // rows are removed, none is read
)

// What a run is bounded to, besides all that is due.
const (
	OnlyWaiting = "waiting" // slices that wait for quota and whose time has come
	OnlyFailed  = "failed"  // slices whose last attempt failed, failed a check or was interrupted

	// Of those in [From, To):
	OnlyMissing  = "missing"  // slices that are not complete in every sink
	OnlyOutdated = "outdated" // slices that some sink has under an older definition
)

// Priorities of a run.
const (
	PriorityScheduled = "scheduled"
	PriorityBackfill  = "backfill"
)

// Run is one firing of a job: first a request, then work, then history.
type Run struct {
	ID      string // made by Enqueue; sorts by time of request
	Job     string
	Trigger string
	// From and To are what was asked for; both zero means what a firing at
	// Requested is due to export.
	From, To time.Time
	Only     string // of the job's slices only these; "" = everything due
	Force    bool   // load unchanged slices too
	Priority string // default scheduled
	Parallel int    // slices at work at once; 0 = as many as there is room for
	// Since is when the work was first asked for that a backfill goes on with: what runs
	// with the same did is not done again. Zero = nothing counts as done.
	Since time.Time
	Note  string // what a person should know of the run: who purged what

	State    string
	ExitCode int
	Error    string // of the run as a whole, "" if none
	Hint     string
	Class    string // fault class of Error

	Requested, Started, Finished time.Time // made by Enqueue, NextQueued, Finish
	Epoch                        int64     // of the lease it runs under
	Behind                       int64     // number of the newest request when it began; by NextQueued and Claim, not stored

	// Counts of slices. Of a run of the waiting slices, Waiting is what of the job
	// waits at its end.
	Slices, Committed, Unchanged, Failed, Waiting int
	WaitUntil                                     time.Time // when the first that waits may go on; zero = none does, or nobody knows

	Rows  int64
	Calls int64 // requests sent to the vendor

	Cancelled bool // somebody asked it to stop, see Cancel
}

// Done reports whether the run is history.
func (r Run) Done() bool { return r.State != RunQueued && r.State != RunRunning }

// Ended is how many of the run's slices have had their turn.
func (r Run) Ended() int { return r.Committed + r.Unchanged + r.Failed + r.Waiting }

const runColumns = `id, job, triggered_by, interval_from, interval_to, only, force, priority,
	state, exit_code, error, hint, class, requested, started, finished, epoch,
	slices, committed, unchanged, failed, waiting, wait_until, rows, calls, parallel, since, note, cancelled`

func scanRun(row scanner) (Run, error) {
	var r Run
	err := row.Scan(&r.ID, &r.Job, &r.Trigger, (*instant)(&r.From), (*instant)(&r.To), &r.Only, &r.Force, &r.Priority,
		&r.State, &r.ExitCode, &r.Error, &r.Hint, &r.Class,
		(*instant)(&r.Requested), (*instant)(&r.Started), (*instant)(&r.Finished), &r.Epoch,
		&r.Slices, &r.Committed, &r.Unchanged, &r.Failed, &r.Waiting, (*instant)(&r.WaitUntil), &r.Rows, &r.Calls,
		&r.Parallel, (*instant)(&r.Since), &r.Note, &r.Cancelled)
	return r, err
}

func (r Run) values() []any {
	return []any{
		r.ID, r.Job, r.Trigger, micros(r.From), micros(r.To), r.Only, r.Force, r.Priority,
		r.State, r.ExitCode, r.Error, r.Hint, r.Class,
		micros(r.Requested), micros(r.Started), micros(r.Finished), r.Epoch,
		r.Slices, r.Committed, r.Unchanged, r.Failed, r.Waiting, micros(r.WaitUntil), r.Rows, r.Calls,
		r.Parallel, micros(r.Since), r.Note, r.Cancelled,
	}
}

// idAlphabet is Crockford's: it sorts like the bytes and has no letters that are
// read as digits.
var idAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newID returns 26 characters: 48 bits of milliseconds, 80 of chance.
func newID(t time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails: see its documentation
	return idAlphabet.EncodeToString(b[:])
}
