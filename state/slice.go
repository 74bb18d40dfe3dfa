package state

import (
	"encoding/json"
	"fmt"
	"time"
)

// States of a slice; the package comment draws how they follow each other.
const (
	SlicePlanned     = "planned"
	SliceExtracting  = "extracting"
	SliceExtracted   = "extracted"
	SliceLoading     = "loading"
	SliceWaiting     = "waiting" // for quota until WaitUntil, or, if that is zero, for room in the spool
	SliceCommitted   = "committed"
	SliceUnchanged   = "unchanged"
	SliceFailed      = "failed"
	SliceCheckFailed = "check_failed"
	SliceInterrupted = "interrupted"
)

// Slice is what the state knows of one unit of work. Job, Part and Start are its
// identity.
type Slice struct {
	Job, Part  string
	Start, End time.Time // data interval, zero for streams without intervals
	State      string
	Definition string // fingerprint
	Run        string // the run that moved it last; "" = taken from a sink's ledger
	Attempts   int
	Page       int64 // pages durable in the spool
	Rows       int64
	Announced  int64 // -1 = unknown
	Rejected   int64

	Provisional bool
	Class       string // fault class of Error
	Error       string
	Hint        string
	WaitUntil   time.Time // of a slice that waits for quota, or did before its run took it up
	Updated     time.Time // set by the state
	Sinks       map[string]SinkState
}

// SinkState is how far a slice has come in one sink.
type SinkState struct {
	State     string    `json:"state"` // a state of slices
	Rows      int64     `json:"rows"`
	LoadedAt  time.Time `json:"loaded_at,omitzero"`
	CheckedAt time.Time `json:"checked_at,omitzero"`
	Error     string    `json:"error,omitempty"`
}

// SliceCount is how many slices of a job are in a state.
type SliceCount struct {
	Job   string
	State string
	N     int64
}

// atRest are the states in which a slice belongs to nobody.
var atRest = []string{SliceWaiting, SliceCommitted, SliceUnchanged, SliceFailed, SliceCheckFailed, SliceInterrupted}

// inWork are the states in which a slice belongs to its run.
var inWork = []string{SlicePlanned, SliceExtracting, SliceExtracted, SliceLoading}

// before lists the states a run may move a slice from, by the state it moves to.
// Where "" is listed the slice may be new.
var before = map[string][]string{
	SlicePlanned: {"", SlicePlanned, SliceWaiting, SliceCommitted, SliceUnchanged, SliceFailed, SliceCheckFailed, SliceInterrupted},
	SliceExtracting: {
		SlicePlanned, SliceExtracting, SliceExtracted, SliceLoading, SliceWaiting, SliceFailed, SliceInterrupted,
	},
	SliceExtracted:   {SlicePlanned, SliceExtracting, SliceExtracted},
	SliceLoading:     {SliceExtracted, SliceLoading, SliceFailed, SliceInterrupted},
	SliceWaiting:     {SlicePlanned, SliceExtracting, SliceExtracted, SliceLoading, SliceWaiting},
	SliceCommitted:   {SliceLoading, SliceCommitted},
	SliceUnchanged:   {SliceExtracted, SliceLoading, SliceUnchanged},
	SliceCheckFailed: {SliceExtracting, SliceExtracted, SliceLoading, SliceCheckFailed},
	SliceFailed:      {SlicePlanned, SliceExtracting, SliceExtracted, SliceLoading, SliceWaiting, SliceFailed},
	SliceInterrupted: {SlicePlanned, SliceExtracting, SliceExtracted, SliceLoading, SliceWaiting, SliceInterrupted},
}

const sliceColumns = `job, interval_start, part, run, state, interval_end, definition, attempts, page, rows,
	announced, rejected, provisional, class, error, hint, wait_until, updated, sinks`

func scanSlice(row scanner) (Slice, error) {
	var v Slice
	var sinks []byte
	err := row.Scan(&v.Job, (*instant)(&v.Start), &v.Part, &v.Run, &v.State, (*instant)(&v.End), &v.Definition,
		&v.Attempts, &v.Page, &v.Rows, &v.Announced, &v.Rejected, &v.Provisional, &v.Class, &v.Error, &v.Hint,
		(*instant)(&v.WaitUntil), (*instant)(&v.Updated), &sinks)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(sinks, &v.Sinks); err != nil {
		return v, fmt.Errorf("read the sinks of slice %s: %w", v.name(), err)
	}
	return v, nil
}

func (v Slice) values() ([]any, error) {
	sinks, err := json.Marshal(v.Sinks)
	if err != nil {
		return nil, fmt.Errorf("write the sinks of slice %s: %w", v.name(), err)
	}
	return []any{
		v.Job, micros(v.Start), v.Part, v.Run, v.State, micros(v.End), v.Definition,
		v.Attempts, v.Page, v.Rows, v.Announced, v.Rejected, v.Provisional, v.Class, v.Error, v.Hint,
		micros(v.WaitUntil), micros(v.Updated), string(sinks),
	}, nil
}

// name is how messages name a slice.
func (v Slice) name() string {
	return fmt.Sprintf("%s %q %s", v.Job, v.Part, v.Start.UTC().Format(time.RFC3339))
}
