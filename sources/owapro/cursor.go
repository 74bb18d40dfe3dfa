package owapro

import (
	"encoding/json"

	"exporter/fault"
	"exporter/sources"
)

// cursor is how far a slice was read: what a checkpoint holds.
type cursor struct {
	Limit   int          `json:"limit"`          // rows per page
	JSON    bool         `json:"json,omitempty"` // the last page was read as JSON
	Decimal string       `json:"decimal,omitempty"`
	Trimmed int64        `json:"trimmed,omitempty"` // rows of other days in the first block
	Blocks  []blockPlace `json:"blocks"`            // by name
}

// blockPlace is how far a block was read.
type blockPlace struct {
	Name string `json:"name,omitempty"`
	place
	Totals map[string]total `json:"totals,omitempty"`
	Whole  bool             `json:"whole,omitempty"` // a page's sums were not those of its rows: they are of all pages
}

// resume returns the cursor of the request's checkpoint, or that of the beginning.
func (r *reader) resume(names []string) (*cursor, error) {
	c := &cursor{Limit: r.limit}
	for _, name := range names {
		c.Blocks = append(c.Blocks, blockPlace{Name: name})
	}
	if r.req.After.Kind == "" { // a spool without a page keeps the cursor null
		return c, nil
	}
	var at cursor
	if err := json.Unmarshal(r.req.After.Cursor, &at); err != nil {
		return nil, fault.New(fault.Drift, "checkpoint cannot be read: %w", err)
	}
	same := len(at.Blocks) == len(names)
	for i, name := range names {
		same = same && at.Blocks[i].Name == name
	}
	if !same || at.Limit < 1 {
		return nil, fault.New(fault.Drift, "checkpoint belongs to another reading")
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

// done tells whether every block was read.
func (c *cursor) done() bool {
	for _, b := range c.Blocks {
		if !b.Done {
			return false
		}
	}
	return true
}

// announced returns how many rows the vendor said the first table has, once that
// is known.
func (c *cursor) announced() int64 {
	first := c.Blocks[0]
	if !first.Done || first.Items < 0 {
		return sources.Unknown
	}
	return first.Items - c.Trimmed
}
