package hubrise

import (
	"encoding/json"

	"exporter/fault"
	"exporter/sources"
)

// cursor is how far a slice was read: what a checkpoint holds.
//
// Resuming reads the last durable page again, and goes on only if it is what it was.
// Its rows are known then; of the pages before it the span of creation is. A row of
// that span may be one of theirs, so that it restarts the slice: after a resume no
// row comes twice either.
type cursor struct {
	Plan  string `json:"plan"`           // of the steps
	Step  int    `json:"step"`           // of the last page
	Page  int    `json:"page"`           // its number in the step, from 1
	At    string `json:"at,omitempty"`   // the vendor's cursor that it was asked for with
	Next  string `json:"next,omitempty"` // that of the page after it; "" = the step has ended
	Print string `json:"print"`          // of the page
	Span  span   `json:"span,omitzero"`  // of the pages of the step before it
	Idle  int    `json:"idle,omitempty"` // pages without a new row, up to it
}

// span is from when to when rows were created, in microseconds since 1970.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
	Set  bool  `json:"set"`
}

func (s *span) add(at int64) {
	if !s.Set {
		*s = span{at, at, true}
		return
	}
	s.From, s.To = min(s.From, at), max(s.To, at)
}

func (s *span) join(o span) {
	if o.Set {
		s.add(o.From)
		s.add(o.To)
	}
}

func (s span) holds(at int64) bool { return s.Set && s.From <= at && at <= s.To }

// resume returns the cursor of the request's checkpoint, or that of the beginning.
func (r *reader) resume(plan string) (*cursor, error) {
	c := &cursor{Plan: plan}
	if r.req.After.Kind == "" { // a spool without a page keeps the cursor null
		return c, nil
	}
	var at cursor
	if err := json.Unmarshal(r.req.After.Cursor, &at); err != nil {
		return nil, fault.New(fault.Drift, "checkpoint cannot be read: %w", err)
	}
	if at.Plan != plan || at.Page < 1 || at.Step < 0 || at.Step >= len(r.steps) {
		return nil, fault.New(fault.Drift, "checkpoint belongs to another reading").
			WithHint("There are other lists or catalogs than before. The slice starts again.")
	}
	return &at, nil
}

// checkpoint returns where to go on after c.
func (c *cursor) checkpoint() (*sources.Checkpoint, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fault.New(fault.Data, "write checkpoint: %w", err)
	}
	return &sources.Checkpoint{Kind: sources.Position, Cursor: text}, nil
}
