package owapro

import "slices"

// mark adds a row to the fingerprints of the page.
func (t *typer) mark(c *cells) {
	t.line = t.line[:0]
	for pass := range 2 { // what identifies rows, then the rest
		for i, s := range t.slots {
			if t.keyed[i] != (pass == 0) {
				continue
			}
			if s.id < 0 || c.text[s.id] == nil { // an id says more than its label
				t.line = append(t.line, c.text[i]...)
			}
			t.line = append(t.line, 0)
		}
		if pass == 0 {
			t.rowKeys = append(t.rowKeys, t.keys.add(t.line))
		}
	}
	t.print.add(t.line)
}

// repeats reports whether a row of the page identifies itself like one of the page
// before, and makes the page the one before.
func (t *typer) repeats() bool {
	slices.Sort(t.rowKeys)
	twice := false
	for i, j := 0, 0; i < len(t.before) && j < len(t.rowKeys) && !twice; {
		switch a, b := t.before[i], t.rowKeys[j]; {
		case a < b:
			i++
		case b < a:
			j++
		default:
			twice = true
		}
	}
	t.before, t.rowKeys = t.rowKeys, t.before[:0]
	return twice
}
