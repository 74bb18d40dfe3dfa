package owapro

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"exporter/sources/jsonbody"
)

// row holds the cells of one row as text, by slot. It is reused for the next.
type row struct {
	cells [][]byte // nil for none: null and "" mean the same here
	text  []byte   // memory for those that are not as the vendor sent them
}

func newRow(slots int) *row { return &row{cells: make([][]byte, slots)} }

func (r *row) reset() {
	r.text = r.text[:0]
	clear(r.cells)
}

// added makes what was appended to the text since from the cell of a slot. The cell
// stays where it is when the text grows out of its memory.
func (r *row) added(slot, from int) {
	r.cells[slot] = nil
	if from < len(r.text) {
		r.cells[slot] = r.text[from:len(r.text):len(r.text)]
	}
}

// setJSON fills a slot with a raw JSON value. A list becomes its elements with
// commas between, as CSV has it.
func (r *row) setJSON(slot int, value []byte) {
	from := len(r.text)
	r.appendJSON(value)
	r.added(slot, from)
}

func (r *row) appendJSON(value []byte) {
	switch {
	case len(value) == 0 || value[0] == 'n':
	case value[0] == '"':
		plain := true
		for _, c := range value {
			plain = plain && c != '\\'
		}
		if plain {
			r.text = append(r.text, value[1:len(value)-1]...)
			return
		}
		// Bad UTF-8 is reported and replaced; replacing is what is wanted.
		r.text, _ = jsontext.AppendUnquote(r.text, value)
	case value[0] == '[':
		r.appendList(value)
	default:
		r.text = append(r.text, value...)
	}
}

func (r *row) appendList(list []byte) {
	d := newDecoder(bytes.NewReader(list))
	first := true
	// The list was read as one whole value before: it is valid.
	_ = d.List(func() error {
		element, err := d.ReadValue()
		if err != nil {
			return err
		}
		if !first {
			r.text = append(r.text, ',')
		}
		first = false
		r.appendJSON(element)
		return nil
	})
}

// slots finds the slot of a column by its name. Rows come with the same members in
// the same order, mostly, so the n-th is first compared with the n-th of the row before.
type slots struct {
	index map[string]int
	names [][]byte // n-th member of the last row, with quotes
	found []int    // and its slot
}

func newSlots(names []string) *slots {
	s := &slots{index: make(map[string]int, len(names))}
	for i, n := range names {
		s.index[n] = i
	}
	return s
}

// find returns the slot of a quoted name, -1 if there is none.
func (s *slots) find(nth int, quoted []byte) int {
	if nth < len(s.names) && string(s.names[nth]) == string(quoted) {
		return s.found[nth]
	}
	var scratch []byte
	slot, ok := s.index[string(jsonbody.Plain(&scratch, quoted))]
	if !ok {
		slot = -1
	}
	for len(s.names) <= nth {
		s.names, s.found = append(s.names, nil), append(s.found, -1)
	}
	s.names[nth], s.found[nth] = append(s.names[nth][:0], quoted...), slot
	return slot
}
