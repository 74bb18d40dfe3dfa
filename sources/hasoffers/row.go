package hasoffers

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/record"
)

// span is where a value stands in the bytes of its row; the empty span is none.
type span struct {
	from, to int
	escaped  bool // a string with escapes
}

// row holds the raw JSON values of one row, by slot. It is reused for the next.
type row struct {
	key []byte // what the row was keyed by, empty in a list
	raw []byte // holds the values
	at  []span
	own []byte // raw of rows that do not lie in the input as they are

	scratch []byte
}

func (r *row) reset(key []byte) {
	r.key = append(r.key[:0], key...)
	clear(r.at)
}

// value returns the raw JSON of a slot, nil if the row has none or it stands for
// no value: null and "" mean the same, depending on how the row was made.
func (r *row) value(slot int) []byte {
	at := &r.at[slot]
	v := r.raw[at.from:at.to]
	if len(v) == 0 || v[0] == 'n' || len(v) == 2 && v[0] == '"' {
		return nil
	}
	return v
}

// text returns the value of a slot: strings without quotes and escapes, everything
// else as it stands. The result may be the row's own, until the next call.
func (r *row) text(slot int) []byte {
	v := r.value(slot)
	switch {
	case v == nil || v[0] != '"':
		return v
	case !r.at[slot].escaped:
		return v[1 : len(v)-1]
	}
	// Bad UTF-8 is reported and replaced; replacing is what is wanted.
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], v)
	return r.scratch
}

// isFalse tells the word from the text of a string.
func (r *row) isFalse(slot int) bool {
	at := &r.at[slot]
	return at.from < at.to && r.raw[at.from] == 'f'
}

// id returns the row's number: its key or else the value of the slot of id.
func (r *row) id(slot int) (int64, bool) {
	if n, err := record.ParseInteger(r.key); err == nil {
		return n, true
	}
	n, err := record.ParseInteger(r.text(slot))
	return n, err == nil
}

// slots finds the slot of a field by its name. Rows come with the same fields in
// the same order, so the n-th name is first compared with the n-th of the row before.
type slots struct {
	index map[string]int
	names [][]byte // n-th name of the last row, with quotes and colon
	found []int    // and its slot
}

func newSlots(names []string) slots {
	s := slots{index: make(map[string]int, len(names))}
	for i, n := range names {
		s.index[n] = i
	}
	return s
}

// next returns the slot of the name that b begins with, -1 if it has none, and how long
// the name is with its quotes and its colon; 0 or less as scan does.
func (s *slots) next(nth int, b []byte) (slot, n int) {
	if nth < len(s.names) && bytes.HasPrefix(b, s.names[nth]) {
		return s.found[nth], len(s.names[nth])
	}
	if len(b) > 0 && b[0] != '"' {
		return 0, notPlain
	}
	if n, _ = scan(b); n <= 0 {
		return 0, n
	}
	if n == len(b) {
		return 0, cutOff
	}
	if b[n] != ':' {
		return 0, notPlain
	}
	slot, ok := s.index[string(b[1:n-1])]
	if !ok {
		slot = -1
	}
	n++
	for len(s.names) <= nth {
		s.names, s.found = append(s.names, nil), append(s.found, -1)
	}
	s.names[nth], s.found[nth] = append(s.names[nth][:0], b[:n]...), slot
	return slot, n
}
