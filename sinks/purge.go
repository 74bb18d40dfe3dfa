package sinks

import (
	"context"
	"time"
)

// Purger is a Sink that can remove what it has of slices.
//
// A purge is all or nothing to readers of a slice, and afterwards its ledger does not
// know the slices: loading them is as if they had never been loaded. A load of one of
// them that had begun before either commits first and is purged too, or fails; it
// leaves nothing behind. Rows of other slices and other jobs stay, in the same tables
// as well; tables stay. A row that a Merge brought in belongs to the slice that
// brought it last, and goes with that one; what it was before does not come back.
//
// The ledger's history of restatements and changes to tables stays; where it has runs,
// that of the purge is among them.
type Purger interface {
	// Purge removes the slices of p. It may be repeated after a failure.
	Purge(ctx context.Context, p Purge) (Purged, error)
	// Affected returns the tables that have rows of the slices of p, rejects aside: also
	// those that a Merge or Snapshot once filled and the job does no longer.
	Affected(ctx context.Context, p Purge) ([]string, error)
}

// Purge names slices: those of a job that start in [From, To); zero bounds are open.
type Purge struct {
	Job      string
	From, To time.Time
	Run      string // id, for the ledger
	Trigger  string
	Started  time.Time
}

// Purged counts what was removed.
type Purged struct {
	Slices  int64 `json:"slices"`
	Rows    int64 `json:"rows"`
	Rejects int64 `json:"rejects"`
	Objects int64 `json:"objects,omitempty"` // of a sink that has objects and not rows
}
