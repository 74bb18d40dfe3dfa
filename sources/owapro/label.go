package owapro

import "strings"

// label fills in labels and ids of dimensions that have both. JSON gives ids, and
// labels for most of them; CSV gives either.
func (t *typer) label(c *cells) error {
	for n := range t.labelled {
		l := &t.labelled[n]
		if c.text[l.slot] == nil && c.text[l.id] == nil {
			continue
		}
		if l.dict == nil {
			l.dict = t.dicts.of(t.slots[l.slot].name)
		}
		if c.text[l.id] == nil {
			if err := t.identify(c, l); err != nil {
				return err
			}
		} else if c.text[l.slot] != nil && t.marks != nil {
			if known, ok := l.dict.label(c.text[l.id]); ok && known != string(c.text[l.slot]) || !ok && !l.dict.full {
				t.grown = l.dict.add(string(c.text[l.id]), string(c.text[l.slot])) || t.grown
			}
		}
		if c.text[l.slot] != nil {
			continue
		}
		label, ok := t.labelOf(l, c.text[l.id])
		if !ok && t.marks != nil { // in JSON an id is simply not in the dict
			return &unsure{reason: "no label is known for the id " + string(c.text[l.id]) + " of " + t.slots[l.slot].name, usual: true}
		}
		c.set(l.slot, label)
	}
	return nil
}

// labelOf returns the label of an id: one that is remembered, or one of the page of JSON
// that there was no room for.
func (t *typer) labelOf(l *labelled, id []byte) (label string, ok bool) {
	if label, ok = l.dict.label(id); ok || t.marks != nil {
		return label, ok
	}
	said := t.said[t.slots[l.slot].name].Dict[string(id)]
	return strings.ReplaceAll(string(said), "\r\n", "\n"), said != ""
}

// identify finds the id of a cell that holds a label, or the id itself.
func (t *typer) identify(c *cells, l *labelled) error {
	name, text := t.slots[l.slot].name, c.text[l.slot]
	_, isID := l.dict.label(text)
	id, isLabel := l.dict.ids[string(text)]
	switch {
	case isID && isLabel && id != string(text) && t.marks != nil:
		return &unsure{reason: string(text) + " is an id of " + name + " and the label of another", usual: true}
	case isID || l.id == t.account && string(text) == t.customer:
		c.buf[l.id] = append(c.buf[l.id][:0], text...)
		c.text[l.id], c.text[l.slot] = c.buf[l.id], nil
	case l.id == t.account: // there is but one
		c.set(l.id, t.customer)
	case id != "":
		c.set(l.id, id)
	case t.marks != nil:
		return &unsure{reason: "no id is known for the label " + string(text) + " of " + name, usual: true}
	}
	return nil
}
