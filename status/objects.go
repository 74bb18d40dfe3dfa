package status

import "time"

// Objects of the --json contract that commands print and the API answers with;
// cmd/exporter/JSON.md documents their keys.

// Job is one job and where it stands.
type Job struct {
	Type          string      `json:"type"` // job
	Name          string      `json:"name"`
	Source        string      `json:"source"`
	Stream        string      `json:"stream"`
	Sinks         []string    `json:"sinks"`
	Schedule      string      `json:"schedule"`
	Timezone      string      `json:"timezone"` // of the schedule
	Paused        bool        `json:"paused"`
	Late          bool        `json:"late"`
	Due           time.Time   `json:"due_at,omitzero"` // the oldest firing that has not succeeded, where one is known
	Next          []time.Time `json:"next_at"`
	CompleteStart time.Time   `json:"newest_complete_start,omitzero"`
	CompleteEnd   time.Time   `json:"newest_complete_end,omitzero"`
	LastState     string      `json:"last_run_state,omitempty"`
	LastRequested time.Time   `json:"last_run_requested_at,omitzero"`
	LastError     string      `json:"last_run_error,omitempty"`
	Offset        float64     `json:"start_offset_seconds,omitempty"` // from the first of Next to its start
	Waiting       int         `json:"waiting_slices,omitempty"`       // for quota
	WaitUntil     time.Time   `json:"wait_until,omitzero"`            // when the first of them goes on at the earliest
	WaitReason    string      `json:"wait_reason,omitempty"`

	Interval     string           `json:"interval,omitempty"` // length of a slice; absent: the stream has none
	Condition    string           `json:"condition"`          // the worst that holds, see the constants
	Why          string           `json:"why,omitempty"`      // it is not ok
	Hint         string           `json:"hint,omitempty"`     // what to do about it
	Command      string           `json:"command,omitempty"`  // what to press
	Running      string           `json:"running_run,omitempty"`
	Queued       int              `json:"queued_runs,omitempty"`
	LastSuccess  time.Time        `json:"last_success_at,omitzero"` // when the newest run began that did all of what was due
	Failed       int              `json:"failed_firings,omitempty"` // since then
	FirstFailure time.Time        `json:"first_failure_at,omitzero"`
	Flagged      bool             `json:"flagged"`           // it goes on failing until a person acts
	RetryAt      time.Time        `json:"retry_at,omitzero"` // when what failed is tried again by itself
	Deadline     time.Time        `json:"deadline_at,omitzero"`
	LateSince    time.Time        `json:"late_since_at,omitzero"`
	Slices       map[string]int64 `json:"slices,omitempty"` // how many are in which state
}

// Conditions of a job, the worst first.
const (
	JobLate    = "late"    // a firing has not succeeded by when it had to
	JobFailing = "failing" // firing after firing fails, or a person has to act
	JobFailed  = "failed"  // the last firing failed, in whole or in part, or slices of a backfill did
	JobWaiting = "waiting" // for quota
	JobRunning = "running"
	JobNew     = "new" // no firing has succeeded or failed yet
	JobOK      = "ok"
	JobPaused  = "paused"
)

// Run is one run.
type Run struct {
	Type      string    `json:"type"` // run
	ID        string    `json:"id"`
	Job       string    `json:"job"`
	Trigger   string    `json:"trigger"`
	From      time.Time `json:"from,omitzero"` // what was asked for; absent: what was due
	To        time.Time `json:"to,omitzero"`
	Only      string    `json:"only,omitempty"` // which of the slices
	Force     bool      `json:"force"`
	State     string    `json:"state"`
	ExitCode  int       `json:"exit_code"` // means something once the run has ended
	Slices    int       `json:"slices"`
	Committed int       `json:"committed"`
	Unchanged int       `json:"unchanged"`
	Failed    int       `json:"failed"`
	Waiting   int       `json:"waiting"`
	WaitUntil time.Time `json:"wait_until,omitzero"` // when what waits goes on at the earliest
	Rows      int64     `json:"rows"`                // loaded
	Calls     int64     `json:"calls"`               // requests sent
	Requested time.Time `json:"requested_at"`
	Started   time.Time `json:"started_at,omitzero"`
	Finished  time.Time `json:"finished_at,omitzero"`
	Took      float64   `json:"took_seconds"`
	Class     string    `json:"class,omitempty"`
	Error     string    `json:"error,omitempty"`
	Hint      string    `json:"hint,omitempty"`
}

// Slice is what is known of one slice.
type Slice struct {
	Type          string          `json:"type"` // slice
	Job           string          `json:"job"`
	Part          string          `json:"part,omitempty"`
	IntervalStart time.Time       `json:"interval_start,omitzero"`
	IntervalEnd   time.Time       `json:"interval_end,omitzero"`
	State         string          `json:"state"`
	Run           string          `json:"run,omitempty"` // that moved it last
	Pages         int64           `json:"pages"`
	Rows          int64           `json:"rows"` // read, rejects among them
	Announced     *int64          `json:"announced,omitempty"`
	Rejected      int64           `json:"rejected"`
	Provisional   bool            `json:"provisional"`
	Outdated      bool            `json:"outdated"`
	WaitUntil     time.Time       `json:"wait_until,omitzero"`
	Updated       time.Time       `json:"updated_at,omitzero"`
	Sinks         map[string]Sink `json:"sinks,omitempty"`
	Class         string          `json:"class,omitempty"`
	Error         string          `json:"error,omitempty"`
	Hint          string          `json:"hint,omitempty"`
}

// Sink is a slice in one sink.
type Sink struct {
	State   string    `json:"state"`
	Rows    int64     `json:"rows"`
	Loaded  time.Time `json:"loaded_at,omitzero"`
	Checked time.Time `json:"checked_at,omitzero"`
	Error   string    `json:"error,omitempty"`
}
