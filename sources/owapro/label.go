package owapro

// label fills in labels and ids of dimensions that have both. JSON gives ids, and
// labels for most of them; CSV gives either.
func (t *typer) label(c *cells) error {
	for i, s := range t.slots {
		if s.id < 0 || c.text[i] == nil && c.text[s.id] == nil {
			continue
		}
		d := t.dicts.of(s.name)
		if c.text[s.id] == nil {
			if err := t.identify(c, i, d); err != nil {
				return err
			}
		} else if known, ok := d.labels[string(c.text[s.id])]; c.text[i] != nil && t.marks != nil && (!ok || known != string(c.text[i])) {
			t.grown = d.add(string(c.text[s.id]), string(c.text[i])) || t.grown
		}
		if c.text[i] != nil {
			continue
		}
		label, ok := d.labels[string(c.text[s.id])]
		if !ok && t.marks != nil { // in JSON an id is simply not in the dict
			return &unsure{reason: "no label is known for the id " + string(c.text[s.id]) + " of " + s.name, usual: true}
		}
		c.set(i, label)
	}
	return nil
}

// identify finds the id of a cell that holds a label, or the id itself.
func (t *typer) identify(c *cells, i int, d *dict) error {
	s, text := t.slots[i], c.text[i]
	_, isID := d.labels[string(text)]
	id, isLabel := d.ids[string(text)]
	switch {
	case isID && isLabel && id != string(text) && t.marks != nil:
		return &unsure{reason: string(text) + " is an id of " + s.name + " and the label of another", usual: true}
	case isID || s.id == t.account && string(text) == t.customer:
		c.set(s.id, string(text))
		c.text[i] = nil
	case s.id == t.account: // there is but one
		c.set(s.id, t.customer)
	case id != "":
		c.set(s.id, id)
	case t.marks != nil:
		return &unsure{reason: "no id is known for the label " + string(text) + " of " + s.name, usual: true}
	}
	return nil
}
