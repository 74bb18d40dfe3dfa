package hasoffers

import (
	"fmt"
	"slices"
	"time"
)

// DriftKind is a way in which rows change after they were made (§7).
type DriftKind string

// The kinds of drift.
const (
	Restate  DriftKind = "restate"  // status, payout and revenue of rows of the day change; findUpdated tells
	Arrive   DriftKind = "arrive"   // new rows with new ids in the last minutes of the day
	Backdate DriftKind = "backdate" // new rows with new ids anywhere in the day, made by a person; findAdded tells
	Delete   DriftKind = "delete"   // rows of the day are gone
)

// Drift is one change of a network's rows.
type Drift struct {
	Kind       DriftKind `json:"kind"`
	Network    string    `json:"network"`     // "" = the first one
	Day        string    `json:"day"`         // YYYY-MM-DD, local
	Rows       int       `json:"rows"`        // default 1; restate and delete take no more than the day has
	AfterCalls int       `json:"after_calls"` // happens when so many findAll calls of the network have been read from the data; 0 = at once
	At         string    `json:"at"`          // RFC 3339 moment of the edit; "" = now
}

func (d Drift) validate() error {
	switch d.Kind {
	case Restate, Arrive, Backdate, Delete:
	default:
		return fmt.Errorf("unknown kind of drift %q", d.Kind)
	}
	if _, err := time.Parse(time.DateOnly, d.Day); err != nil {
		return fmt.Errorf("drift %s: day: %w", d.Kind, err)
	}
	if d.Rows < 0 || d.AfterCalls < 0 {
		return fmt.Errorf("drift %s: negative number", d.Kind)
	}
	if d.At != "" {
		if _, err := time.Parse(time.RFC3339, d.At); err != nil {
			return fmt.Errorf("drift %s: at: %w", d.Kind, err)
		}
	}
	return nil
}

// drifter makes a view's next overlay.
type drifter struct {
	view
	next *overlay
	day  span // instants
	at   int64
	rows int64
}

// drifted returns the overlay after d and the ids it touched, ascending.
func (v view) drifted(d Drift) (*overlay, []int64) {
	first, err := time.Parse(time.DateOnly, d.Day)
	if err != nil {
		return v.ov, nil // validate has been asked before
	}
	m := &drifter{view: v, next: v.ov.clone(), at: v.now, rows: int64(max(d.Rows, 1))}
	wall := span{first.Unix(), first.AddDate(0, 0, 1).Unix()}
	for i, part := range v.cal.instants(wall) {
		if i == 0 {
			m.day = part
		}
		m.day.to = part.to
	}
	if v.firstSlot(m.day.to) > v.end { // the day is not over
		m.day.to = min(m.day.to, v.now+1)
	}
	if at, err := time.Parse(time.RFC3339, d.At); err == nil {
		m.at = at.Unix()
	}
	var ids []int64
	switch d.Kind {
	case Restate:
		ids = m.restate()
	case Delete:
		ids = m.remove()
	case Arrive:
		ids = m.add(false, max(m.day.to-300, m.day.from))
	case Backdate:
		ids = m.add(true, m.day.from)
	}
	slices.Sort(ids)
	return m.next, ids
}

// pick returns rows spread over the day, other ones at every drift.
func (m *drifter) pick() []int64 {
	all := m.byTime(m.day)
	total := m.countIn([]span{m.day}, everything.ids)
	want := min(m.rows, total)
	if want == 0 {
		return nil
	}
	step := total / want
	all.skip(m.ov.marks % step)
	var ids []int64
	for int64(len(ids)) < want {
		r, ok := all.next()
		if !ok {
			break
		}
		ids = append(ids, r.id)
		all.skip(step - 1)
	}
	return ids
}

func (m *drifter) restate() []int64 {
	ids := m.pick()
	for _, id := range ids {
		m.next.edits[id] = edit{version: m.ov.edits[id].version + 1, at: m.at}
	}
	return ids
}

func (m *drifter) remove() []int64 {
	ids := m.pick()
	for _, id := range ids {
		m.next.gone[id] = true
	}
	return ids
}

// add makes rows between from and the end of the day. Each takes an unused id of
// an ordinal behind all rows there are, so a new id is always the largest.
func (m *drifter) add(manual bool, from int64) []int64 {
	var ids []int64
	length := m.day.to - from
	for i := range m.rows {
		n := max(m.next.cells, (m.end+blockSize-1)/blockSize*blockSize)
		m.next.cells = n + 1
		id := m.id(n) + 1
		if id == m.firstID+(n+1)*m.gap {
			id = m.firstID + n*m.gap
		}
		at := from + i*length/m.rows
		m.next.added = append(m.next.added, addition{ref: ref{id, at}, manual: manual, made: m.at})
		ids = append(ids, id)
	}
	return ids
}
