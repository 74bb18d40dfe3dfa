package hasoffers

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/record"
)

// span is where a value stands in the bytes of its row; the empty span is none.
type span struct{ from, to int }

// row holds the raw JSON values of one row, by slot. It is reused for the next.
type row struct {
	key []byte // what the row was keyed by, empty in a list
	raw []byte
	at  []span

	scratch []byte
}

func (r *row) reset(key []byte) {
	r.key, r.raw = append(r.key[:0], key...), r.raw[:0]
	clear(r.at)
}

func (r *row) set(slot int, value []byte) {
	from := len(r.raw)
	r.raw = append(r.raw, value...)
	r.at[slot] = span{from, len(r.raw)}
}

// value returns the raw JSON of a slot, nil if the row has none or it stands for
// no value: null and "" mean the same, depending on how the row was made.
func (r *row) value(slot int) []byte {
	v := r.raw[r.at[slot].from:r.at[slot].to]
	if len(v) == 0 || string(v) == "null" || string(v) == `""` {
		return nil
	}
	return v
}

// plain returns the text of a raw JSON value: strings without quotes and
// escapes, everything else as it stands. The result may be in scratch.
func plain(scratch *[]byte, value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return value
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1]
	}
	// Bad UTF-8 is reported and replaced; replacing is what is wanted.
	*scratch, _ = jsontext.AppendUnquote((*scratch)[:0], value)
	return *scratch
}

// id returns the row's number: its key or else the value of the slot of id.
func (r *row) id(slot int) (int64, bool) {
	if n, err := record.ParseInteger(r.key); err == nil {
		return n, true
	}
	n, err := record.ParseInteger(plain(&r.scratch, r.value(slot)))
	return n, err == nil
}

// slots finds the slot of a field by its name. Rows come with the same fields in
// the same order, so the n-th name is first compared with the n-th of the row before.
type slots struct {
	index map[string]int
	names [][]byte // n-th name of the last row, with quotes
	found []int    // and its slot
}

func newSlots(names []string) slots {
	s := slots{index: make(map[string]int, len(names))}
	for i, n := range names {
		s.index[n] = i
	}
	return s
}

// find returns the slot of a quoted name, -1 if there is none.
func (s *slots) find(nth int, quoted []byte) int {
	if nth < len(s.names) && bytes.Equal(s.names[nth], quoted) {
		return s.found[nth]
	}
	slot, ok := s.index[string(quoted[1:len(quoted)-1])]
	if !ok {
		slot = -1
	}
	for len(s.names) <= nth {
		s.names, s.found = append(s.names, nil), append(s.found, -1)
	}
	s.names[nth], s.found[nth] = append(s.names[nth][:0], quoted...), slot
	return slot
}
