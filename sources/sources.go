// Package sources is the contract every source fulfils: what it can be asked
// for, how pages and checkpoints flow out of it, and what a driver tells the
// configuration about itself.
//
// A source extracts and types; it knows nothing of sinks, schedules or retries.
// Order of calls: a driver opens a source for one job (source settings plus the
// job's options); Streams is called first; Parts, where implemented, before
// planning; Read once per slice and attempt, concurrently for different slices.
// Every request goes through the limiter of the source's credential.
//
// Intervals are half open and in UTC; their zone is where their bounds are
// midnights.
package sources

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"time"

	"exporter/ratelimit"
	"exporter/record"
	"exporter/settings"
	"exporter/sources/httpapi"
)

// Stream is one pass over an API. It fills one table or several.
type Stream struct {
	Name   string
	Doc    string
	Tables []record.Table
}

// Interval is the half-open data interval [Start, End).
type Interval struct{ Start, End time.Time }

// String returns the bounds in RFC 3339, UTC, with a slash between; the zero
// interval is that of streams without any.
func (i Interval) String() string {
	if i.Start.IsZero() && i.End.IsZero() {
		return "current state"
	}
	return i.Start.UTC().Format(time.RFC3339) + "/" + i.End.UTC().Format(time.RFC3339)
}

// CheckpointKind tells how long a checkpoint is good.
type CheckpointKind string

const (
	// Keyset checkpoints stay valid for ever: "everything up to this key was read".
	Keyset CheckpointKind = "keyset"
	// Position checkpoints count pages. Resuming one re-reads the last durable page;
	// if it or the announced total differ, Read fails with class fault.Drift.
	Position CheckpointKind = "position"
)

// Checkpoint is a position inside a slice, from which Read can go on. Cursor is
// the source's own JSON, opaque to everybody else and free of secrets. The zero
// Checkpoint is the beginning.
type Checkpoint struct {
	Kind   CheckpointKind  `json:"kind"`
	Cursor json.RawMessage `json:"cursor"`
}

// Request asks for one slice.
type Request struct {
	// Stream is one of Streams, with the job's column settings applied: dropped
	// columns are gone, types are overridden, masks are set. The source delivers
	// exactly these columns.
	Stream   Stream
	Part     string   // one of Parts, "" where a stream has none
	Interval Interval // zero for streams without intervals
	Zone     *time.Location
	After    Checkpoint
	// Limit, when positive, lets the source stop after about so many rows: a preview.
	Limit int
}

// Page is a bounded batch of one table, or the end of a page of the API. Its batches
// are good until the loop over a Read goes on: the source uses their memory again.
type Page struct {
	Batch   record.Batch
	Rejects record.Batch // rows of the same table that could not be typed
	// Next is where Read can go on when everything up to and including this Page
	// is durable. It is nil until the last batch of an API page.
	Next *Checkpoint
	// Announced is how many rows of the stream's first table the vendor says this
	// slice has, all pages together, rows outside the interval taken off. It counts
	// where Next is set, the last value decides; Unknown (-1) skips the comparison.
	Announced int64
	// Provisional marks a slice whose count would not settle; it counts where Next is set.
	Provisional bool
	// Warning, when not empty, is for the operator; the read goes on.
	Warning string
}

// Unknown is the Announced of a vendor that does not say.
const Unknown int64 = -1

// Source reads streams. Implementations are safe for concurrent use. One that
// holds connections is an io.Closer as well; it is closed when its reads have ended.
type Source interface {
	// Streams discovers the streams with their tables. It may use the network.
	Streams(ctx context.Context) ([]Stream, error)
	// Read yields the pages of a slice in order. The sequence ends after the last
	// page; after an error it yields no more; it stops when the loop stops.
	// Errors carry a class of package fault.
	Read(ctx context.Context, req Request) iter.Seq2[Page, error]
}

// Parted is implemented by sources whose slices are about a customer, site or
// location: the runner plans every interval once per part.
type Parted interface {
	Parts(ctx context.Context, stream string) ([]string, error)
}

// Changer is implemented by sources whose vendor says which past intervals were
// edited since an instant; the runner exports the slices they touch again.
type Changer interface {
	// Changed returns nothing where the job's options do not ask for it. An interval
	// without a Start is the whole past: since the job's first day or, where it has
	// none, since its oldest slice.
	Changed(ctx context.Context, stream string, since time.Time) ([]Interval, error)
}

// Checker is implemented by sources that can prove their login without reading data.
type Checker interface {
	Check(ctx context.Context) error
}

// Memory keeps small facts of a source over restarts, such as probed column types.
type Memory interface {
	Recall(ctx context.Context, key string) (value []byte, ok bool, err error)
	Remember(ctx context.Context, key string, value []byte) error
}

// Config is the settings of one source in a configuration file: a pointer to a
// struct with toml tags whose defaults are set before decoding.
type Config interface {
	// Validate reports every problem that shows without the network.
	Validate() []settings.Problem
	// Credential names what a quota and a token belong to, and its default limits.
	Credential() Credential
	// Zone is where the vendor's wall times and days belong, nil if it has none.
	Zone() *time.Location
	// Identity distinguishes the account the data comes from; part of a slice's
	// definition. It holds no secret.
	Identity() string
}

// Credential is what several sources may share.
type Credential struct {
	Name   string // stable, without secrets
	Limits ratelimit.Limits
}

// Options is the options table of one job: a pointer to a struct with toml tags.
type Options interface {
	Validate() []settings.Problem
	// Fingerprint is the canonical form of those options that change rows.
	Fingerprint() string
}

// Paged is implemented by options that set how many rows a request asks for; 0
// means the stream's default. Plans estimate calls with it.
type Paged interface{ Rows() int }

// Kind is what a driver knows of a stream without asking the vendor.
type Kind struct {
	Name       string
	Doc        string
	Settle     time.Duration // default time after an interval's end before it counts as closed
	DayGrained bool          // intervals under a day are refused
	Windowed   bool          // has data intervals; otherwise one slice is the current state
	// Lookback is the default of the job's lookback where it is longer than the
	// interval: as long as the vendor goes on changing what is past. An append has none.
	Lookback settings.Duration
	PageSize int    // default rows per request, for estimates
	Class    string // of the requests for pages, for estimates; "" = none of its own
	Options  func() Options
}

// Deps is what the runner gives a source it opens.
type Deps struct {
	Name    string // of the source in the configuration
	Limiter *ratelimit.Limiter
	Tokens  httpapi.TokenStore
	Auths   *httpapi.Auths // shared by all sources of the process; nil shares nothing
	Memory  Memory         // nil remembers nothing
	Log     *slog.Logger
	Now     func() time.Time // nil = time.Now
	// OnRequest is called for every request on the wire, status 0 = no answer; may be nil.
	OnRequest func(status int, took time.Duration)
}

// Driver is one adapter in the list of sources.
type Driver struct {
	Name   string
	Sample string // commented block for jobs.example.toml
	Config func() Config
	Kinds  []Kind
	Open   func(deps Deps, config Config, options Options) (Source, error)
}

// Kind returns the driver's stream of that name.
func (d Driver) Kind(stream string) (Kind, bool) {
	for _, k := range d.Kinds {
		if k.Name == stream {
			return k, true
		}
	}
	return Kind{}, false
}
