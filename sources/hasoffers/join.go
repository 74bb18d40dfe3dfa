package hasoffers

import (
	"slices"

	"exporter/fault"
	"exporter/record"
)

// held is a page that is read in several parts, each with some of the fields,
// joined by the key of the rows.
type held struct {
	rows  []heldRow
	index map[string]int
	bytes []byte
	part  int // number of the part that is being read, from 1
	seen  int // its rows
	slots []int
}

type heldRow struct {
	key  string
	at   []span
	part int // the last one that had it
}

// begin starts the next part, with the fields of the given slots.
func (h *held) begin(slots []int) {
	h.part, h.seen, h.slots = h.part+1, 0, slots
	if h.index == nil {
		h.index = make(map[string]int)
	}
}

func (h *held) add(r *row) error {
	key := string(r.key)
	i, found := h.index[key]
	switch {
	case key == "":
		return fault.New(fault.Data, "rows have no key to join the parts of a split request by").
			WithHint("Ask for fewer fields, or raise url_max of the source.")
	case found && h.rows[i].part == h.part:
		return fault.New(fault.Data, "row %s is twice on one page", key)
	case h.part == 1:
		i = len(h.rows)
		h.index[key] = i
		h.rows = append(h.rows, heldRow{key: key, at: make([]span, len(r.at))})
	case !found:
		return errParts
	}
	h.seen++
	h.rows[i].part = h.part
	for _, slot := range h.slots {
		from, at := len(h.bytes), r.at[slot]
		h.bytes = append(h.bytes, r.raw[at.from:at.to]...)
		h.rows[i].at[slot] = span{from, len(h.bytes), at.escaped}
	}
	return nil
}

// complete tells whether the part had all rows of the first one.
func (h *held) complete() error {
	if h.seen != len(h.rows) {
		return errParts
	}
	return nil
}

var errParts = fault.New(fault.Drift, "rows changed between the parts of a split request").
	WithHint("The slice starts again. If that happens often, ask for fewer fields or raise url_max of the source, so that requests need no splitting.")

// last returns the greatest key of the first part, 0 if it is not wanted.
func (h *held) last(wanted bool) int64 {
	var most int64
	for _, joined := range h.rows {
		if id, err := record.ParseInteger([]byte(joined.key)); wanted && err == nil {
			most = max(most, id)
		}
	}
	return most
}

// each hands the joined rows to a function.
func (h *held) each(do func(*row) error) error {
	var r row
	for _, joined := range h.rows {
		r.key = append(r.key[:0], joined.key...)
		r.raw, r.at = h.bytes, joined.at
		if err := do(&r); err != nil {
			return err
		}
	}
	return nil
}

// slotsOf returns the slots of the named fields.
func slotsOf(names, part []string) []int {
	slots := make([]int, len(part))
	for i, name := range part {
		slots[i] = slices.Index(names, name)
	}
	return slots
}
