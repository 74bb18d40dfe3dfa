package hasoffers

import (
	"encoding/json"

	"exporter/fault"
	"exporter/sources"
)

// cursor is how far a slice was read: what a checkpoint holds.
type cursor struct {
	Passes      int   `json:"passes"` // a different number makes the cursor worthless
	Pass        int   `json:"pass"`   // the one at work, from 0
	Before      int64 `json:"before"` // rows the finished passes announced, -1 = unknown
	Read        int64 `json:"read"`   // rows of this pass, trimmed ones included
	Announced   int64 `json:"announced"`
	Trimmed     int64 `json:"trimmed"` // of all passes
	Pages       int   `json:"pages"`   // of this pass
	Provisional bool  `json:"provisional,omitempty"`

	LastID int64 `json:"last_id,omitempty"` // keyset: everything up to it was read

	Done     bool   `json:"done,omitempty"`  // position: the page was the pass's last
	Limit    int    `json:"limit,omitempty"` // position: rows per page
	Page     int    `json:"page,omitempty"`  // position: the last page that was read, and what it was
	Hash     string `json:"hash,omitempty"`
	Datetime string `json:"datetime,omitempty"` // greatest (datetime, id) so far
	ID       int64  `json:"id,omitempty"`
}

// resume returns the cursor of the request's checkpoint, or that of the beginning.
func (r *reader) resume(passes int) (cursor, error) {
	c := cursor{Passes: passes}
	if len(r.req.After.Cursor) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(r.req.After.Cursor, &c); err != nil {
		return c, fault.New(fault.Drift, "checkpoint cannot be read: %w", err)
	}
	if c.Passes != passes || c.Pass >= max(passes, 1) {
		return c, fault.New(fault.Drift, "checkpoint belongs to a reading in %d passes, not %d", c.Passes, passes)
	}
	return c, nil
}

// checkpoint returns where to go on after c.
func (c cursor) checkpoint(kind sources.CheckpointKind) (*sources.Checkpoint, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fault.New(fault.Data, "write checkpoint: %w", err)
	}
	return &sources.Checkpoint{Kind: kind, Cursor: text}, nil
}

// announced returns how many rows the slice has when this pass has total ones.
func (c cursor) announced(total int64) int64 {
	if total < 0 || c.Before < 0 {
		return sources.Unknown
	}
	return c.Before + total - c.Trimmed
}

// next moves to the beginning of the next pass.
func (c cursor) next() cursor {
	before := sources.Unknown
	if c.Before >= 0 && c.Announced >= 0 {
		before = c.Before + c.Announced
	}
	return cursor{Passes: c.Passes, Pass: c.Pass + 1, Before: before, Trimmed: c.Trimmed, Provisional: c.Provisional}
}
