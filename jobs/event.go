package jobs

import (
	"time"

	"exporter/sources"
	"exporter/state"
)

// Event is a change that a person watching a run may want to see. Kind says
// which of the fields mean something.
type Event struct {
	Kind     EventKind
	Run      state.Run        // always
	Part     string           // slice events
	Interval sources.Interval // slice events
	State    string           // of the slice
	Pages    int64            // of the API, read so far
	Rows     int64            // read so far, or loaded
	Expected int64            // rows announced; -1 = unknown
	Slices   int              // RunPlanned: how many
	Sink     string           // SliceLoaded; Warning of a sink that does not answer
	Until    time.Time        // QuotaWaits, SliceRetries; SliceEnded of a slice that waits
	Text     string           // Warning, Follows
	Err      error            // SliceEnded, SliceRetries
}

// EventKind is the kind of an Event.
type EventKind string

// The kinds.
const (
	RunBegan     EventKind = "run_began" // in this process
	RunPlanned   EventKind = "run_planned"
	RunProgress  EventKind = "run_progress" // slices ended, here or in the process that works on the run
	RunEnded     EventKind = "run_ended"
	SliceBegan   EventKind = "slice_began"
	SliceRead    EventKind = "slice_read"    // a page became durable
	SliceRetries EventKind = "slice_retries" // reading or loading failed and is repeated
	QuotaWaits   EventKind = "quota_waits"   // requests of the job wait until Until
	SliceLoaded  EventKind = "slice_loaded"
	SliceEnded   EventKind = "slice_ended"
	Warning      EventKind = "warning"
	Follows      EventKind = "follows" // another process works on the state: it does the work, or is waited for
)
