package piwikpro

import (
	"encoding/json"

	"exporter/fault"
	"exporter/sources"
)

// cursor is how far a slice was read: what a checkpoint holds.
type cursor struct {
	Read    int64  `json:"read"`              // rows of all pages, trimmed ones included
	Count   int64  `json:"count"`             // as the vendor says
	Trimmed int64  `json:"trimmed,omitempty"` // of other times than the slice's
	Twice   int64  `json:"twice,omitempty"`   // rows whose key the row before had too
	Rows    int64  `json:"rows"`              // of the last page
	Hash    string `json:"hash"`              // of these
	Last    string `json:"last,omitempty"`    // hash of the last one of these
	Done    bool   `json:"done,omitempty"`
}

// resume returns the cursor of the request's checkpoint, or that of the beginning.
func (r *reader) resume() (cursor, error) {
	c := cursor{Count: unknown}
	if r.req.After.Kind == "" { // a spool without a page keeps the cursor null
		return c, nil
	}
	var at cursor
	if err := json.Unmarshal(r.req.After.Cursor, &at); err != nil {
		return c, fault.New(fault.Drift, "checkpoint cannot be read: %w", err)
	}
	if at.Count < 0 || at.Rows < 0 || at.Read < at.Rows || at.Hash == "" {
		return c, fault.New(fault.Drift, "checkpoint belongs to another reading")
	}
	return at, nil
}

// checkpoint returns where to go on after c.
func (c cursor) checkpoint() (*sources.Checkpoint, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fault.New(fault.Data, "write checkpoint: %w", err)
	}
	return &sources.Checkpoint{Kind: sources.Position, Cursor: text}, nil
}
