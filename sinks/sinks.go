// Package sinks is the contract every sink fulfils: it makes a slice visible
// entirely or not at all, effectively once.
//
// Order of calls for one slice: Begin, any number of Write (table after table,
// in the order of Load.Tables, a table's rejects after its rows), then Commit or
// Abort. Begin takes the slice's fence: of two writers of one slice only the one
// that began last can commit. Abort after a failure, also after a failed Commit,
// is always safe. Different slices are written concurrently.
//
// Rows were typed and rejected before; a sink never rejects. Errors carry a
// class of package fault.
package sinks

import (
	"context"
	"time"

	"exporter/record"
	"exporter/settings"
)

// Slice identifies a unit of load: job × part × data interval.
type Slice struct {
	Job, Part  string
	Start, End time.Time // zero for a snapshot; of a load in the zone of the job's days
}

// Interval returns the bounds in RFC 3339, UTC, with a slash between.
func (s Slice) Interval() string {
	return s.Start.UTC().Format(time.RFC3339) + "/" + s.End.UTC().Format(time.RFC3339)
}

// Mode is how a slice's rows meet those that are there. By key ([record.Table.Key])
// go Merge and Snapshot: several rows of one key in a load, and nulls in a key, are
// errors of class data; a table without a key is refused by Begin, class config.
type Mode string

const (
	// Replace makes the slice's rows the only ones that carry its identity.
	Replace Mode = "replace"
	// Merge inserts rows and replaces those of the same key, unless they came with a
	// slice that starts later: whatever the order of loads, the row of the newest
	// interval stays, and belongs to it. Rows that would not change are left alone,
	// and so are columns that the load does not have. Rows that are missing in a
	// load stay.
	Merge Mode = "merge"
	// Append adds the rows once: Begin refuses a slice that is committed.
	Append Mode = "append"
	// Snapshot makes the rows of job and part the current state: it merges by key
	// among them, and a row that is no longer there gets _absent_since (the time of
	// the load), or is removed where Load.Absent is "drop". A row that comes back
	// loses it. Other jobs and parts may have rows of the same key in the table.
	Snapshot Mode = "snapshot"
)

// AbsentDrop is the Load.Absent that removes rows which are no longer there.
const AbsentDrop = "drop"

// Table is one table of a load.
type Table struct {
	Name     string // final name in the sink
	Shape    record.Table
	Tally    *record.Tally // of the rows to come
	Rejected int64         // rows for <Name>_rejects, of shape Shape.Rejects()
}

// Load describes a finished slice before its first row is sent.
type Load struct {
	Slice       Slice
	Run         string // id of the run, for the ledger
	Trigger     string // what caused the run
	RunStarted  time.Time
	LoadID      string // unique per attempt; decides after a lost commit reply
	Mode        Mode
	Absent      string // of a Snapshot: "" or AbsentDrop
	Tables      []Table
	Definition  string // fingerprint of what the slice is a slice of
	Provisional bool
	Announced   int64 // rows of the first table; -1 = unknown
	Read        int64 // rows of all tables, rejects included

	Freeze bool         // no column may be added to a table that is there: Begin refuses, class config
	Notice func(Notice) // told by Begin, at once and whatever comes of the load; nil = nobody wants to know
}

// Receipt says what a commit did.
type Receipt struct {
	Rows int64 // of the slice, rejects not counted; those of a merge that were there as well
	At   time.Time
}

// Writer takes the rows of one load.
type Writer interface {
	// Write takes a batch of one table. The batch may be reused afterwards.
	Write(ctx context.Context, b *record.Batch) error
	// Commit makes the slice visible. Called twice it commits once and returns the same receipt.
	Commit(ctx context.Context) (Receipt, error)
	// Abort leaves the sink as it was before Begin, except for a raised fence and added columns.
	Abort(ctx context.Context) error
}

// Sink takes loads. Implementations are safe for concurrent use.
type Sink interface {
	// Begin fences the slice, fits the tables and opens the load.
	Begin(ctx context.Context, load Load) (Writer, error)
	// Committed returns the ledger's slices of a job that start in [from, to),
	// oldest first; zero bounds are open. This ledger is the truth.
	Committed(ctx context.Context, job string, from, to time.Time) ([]Committed, error)
	// Checked records that a slice was read again at an instant and had not changed,
	// and whether it is provisional still.
	Checked(ctx context.Context, slice Slice, at time.Time, provisional bool) error
	// Check proves that the sink can be reached and written to, without leaving a trace.
	Check(ctx context.Context) error
	// Close gives up connections. Open writers are aborted first by their owners.
	Close() error
}

// Committed is a slice as the ledger of a sink has it.
type Committed struct {
	Slice       Slice
	Definition  string
	Tables      map[string]TableState // by final table name
	Announced   int64
	Read        int64
	Rejected    int64
	Written     int64
	Provisional bool
	LoadedAt    time.Time
	CheckedAt   time.Time
}

// TableState is what was committed into one table.
type TableState struct {
	Rows   int64             `json:"rows"`
	Hash   string            `json:"hash"`   // content hash, see record.Tally
	Schema string            `json:"schema"` // fingerprint, see record.Table
	Sums   map[string]string `json:"sums,omitempty"`
}

// Same reports whether loading l would leave the sink as c says it is.
func (c Committed) Same(l Load) bool {
	if c.Definition != l.Definition || len(c.Tables) != len(l.Tables) {
		return false
	}
	var rejected int64
	for _, t := range l.Tables {
		s, ok := c.Tables[t.Name]
		if !ok || s.Rows != t.Tally.Rows || s.Hash != t.Tally.Hash() || s.Schema != t.Shape.Fingerprint() {
			return false
		}
		rejected += t.Rejected
	}
	return c.Rejected == rejected && rejected == 0
}

// Relative is a Config that names files. Paths that are relative start at dir;
// called once, after decoding and before Validate, with an absolute folder.
type Relative interface {
	Resolve(dir string)
}

// Config is the settings of one sink in a configuration file: a pointer to a
// struct with toml tags whose defaults are set before decoding.
type Config interface {
	Validate() []settings.Problem
	// Target distinguishes where the rows go (server, database, schema) without
	// secrets: two jobs that write to one Target and table share the table.
	Target() string
}

// Driver is one adapter in the list of sinks.
type Driver struct {
	Name   string
	Sample string // commented block for jobs.example.toml
	Modes  []Mode // write modes it supports
	Config func() Config
	Open   func(ctx context.Context, config Config) (Sink, error)
}
