package owapro

import (
	"slices"

	"exporter/sources/pageprint"
)

// mark adds a row to the fingerprints of the page: what identifies rows, then the rest.
func (t *typer) mark(c *cells) {
	t.line = t.appendCells(t.line[:0], c, t.identifying)
	key := pageprint.Of(t.line)
	t.keys.Add(key)
	if len(t.rowKeys) == cap(t.rowKeys) { // twice the room, not a quarter more
		t.rowKeys = slices.Grow(t.rowKeys, len(t.rowKeys)+1)
	}
	t.rowKeys = append(t.rowKeys, key.Short())
	t.line = t.appendCells(t.line, c, t.others)
	t.print.Add(pageprint.Of(t.line))
}

// appendCells appends the cells of some slots, each with an end.
func (t *typer) appendCells(dst []byte, c *cells, slots []int) []byte {
	for _, i := range slots {
		if id := t.slots[i].id; id < 0 || c.text[id] == nil { // an id says more than its label
			dst = append(dst, c.text[i]...)
		}
		dst = append(dst, 0)
	}
	return dst
}

// repeats reports whether a row of the page identifies itself like one of the page
// before, and makes the page the one before.
func (t *typer) repeats() bool {
	twice := false
	if len(t.before) > 0 && len(t.rowKeys) > 0 { // most slices have but one page
		slices.Sort(t.before) // which costs little where it is sorted already
		slices.Sort(t.rowKeys)
		twice = common(t.before, t.rowKeys)
	}
	t.before, t.rowKeys = t.rowKeys, t.before[:0]
	return twice
}

// common reports whether two sorted lists have an element in common.
func common(a, b []uint64) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case b[0] < a[0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}
