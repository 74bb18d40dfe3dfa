package piwikpro

import (
	"slices"
	"strings"

	"exporter/fault"
	"exporter/record"
)

const originWebsite = "website_id"

// slot is a place in the vendor's rows.
type slot struct {
	column
	definition
	sent bool // raw rows begin with it, asked for or not
}

// dimension tells whether a report's rows are told apart by it.
func (s slot) dimension() bool { return !s.Metric }

// part is what of a slot goes into a column.
type part int

const (
	whole part = iota
	pairID
	pairLabel
	localTime
	website // nothing: it is the slice's
)

// target is a column with what fills it.
type target struct {
	record.Column
	slot int
	part part
}

// rawDefaults returns what rows of sessions and events begin with.
func rawDefaults(stream string) []slot {
	all := []slot{
		{column{text: "session_id", id: "session_id"}, definition{asWide, false, "Session ID"}, true},
		{column{text: "event_id", id: "event_id"}, definition{asWide, false, "Event ID"}, true},
		{column{text: "visitor_id", id: "visitor_id"}, definition{asText, false, "Visitor ID"}, true},
		{column{text: idTimestamp, id: idTimestamp}, definition{asTime, false, ""}, true},
	}
	switch stream {
	case streamSessions:
		all[3].Name = "When the session began"
		return slices.Delete(all, 1, 2)
	case streamEvents:
		all[3].Name = "When the event happened"
		return all
	}
	return nil
}

// slots returns the places of a row when all columns of the job are asked for.
func (s *source) slots(known map[string]definition) []slot {
	all := rawDefaults(s.stream)
	for _, c := range s.asked.columns {
		if !slices.ContainsFunc(all, func(d slot) bool { return d.sent && d.text == c.text }) {
			all = append(all, slot{column: c, definition: known[c.text]})
		}
	}
	return all
}

// targets returns the columns the slots become, the account's first.
func targets(slots []slot) []target {
	out := []target{{record.Column{Origin: originWebsite, Type: record.Text, Required: true, Description: "Id of the site or app."}, -1, website}}
	add := func(i int, suffix string, typ record.Type, p part, doc string) {
		out = append(out, target{record.Column{Origin: slots[i].text + suffix, Type: typ, Description: doc}, i, p})
	}
	for i, s := range slots {
		doc := s.Name
		if doc != "" {
			doc += "."
		}
		switch {
		case s.Kind.pair():
			add(i, " id", s.Kind.typ(), pairID, strings.TrimSpace("Id of: "+doc))
			add(i, " label", record.Text, pairLabel, doc)
		case s.Kind == asTime:
			add(i, "", record.Timestamp, whole, doc)
			add(i, " local", record.LocalTime, localTime, "The same on the wall clock of the site, as the vendor wrote it.")
		default:
			add(i, "", s.Kind.typ(), whole, doc)
		}
		last := &out[len(out)-1]
		last.Required = s.sent && (s.id == "session_id" || s.id == "event_id")
	}
	originals := make([]string, len(out))
	for i := range out {
		originals[i] = out[i].Origin
	}
	for i, name := range record.ColumnNames(originals) {
		out[i].Name = name
		if out[i].Origin == name {
			out[i].Origin = ""
		}
	}
	return out
}

// table returns the table of the job's stream.
func (s *source) table(known map[string]definition) record.Table {
	slots := s.slots(known)
	t := record.Table{Description: docs[s.stream]}
	for _, c := range targets(slots) {
		key := c.part == website || c.part == pairID || c.part == whole
		if c.slot >= 0 {
			of := slots[c.slot]
			if s.stream == streamQuery {
				key = key && of.dimension()
				c.Required = of.tellsDay() && c.part == whole
			} else {
				key = c.Required
			}
		}
		if key {
			t.Key = append(t.Key, c.Name)
		}
		t.Columns = append(t.Columns, c.Column)
	}
	return t
}

// layout is how the rows of one reading are laid out.
type layout struct {
	slots   []slot
	targets []target // of the table's columns, in their order
	time    int      // slot of the time a row is of
	keys    []int    // slots that identify a raw row, the session first
}

// layoutOf returns the layout for a table, which may lack columns of the job: what
// goes into none of its columns is not asked for, unless rows are told apart by it.
func (s *source) layoutOf(t record.Table, known map[string]definition) (layout, error) {
	l := layout{time: -1}
	all := s.slots(known)
	possible := targets(all)
	needed := make([]bool, len(all))
	for i, one := range all {
		needed[i] = one.sent || s.stream == streamQuery && one.dimension()
	}
	for _, c := range t.Columns {
		i := slices.IndexFunc(possible, func(p target) bool { return p.Name == c.Name })
		if i < 0 {
			return l, fault.New(fault.Config, "stream %s has no column %s", s.stream, c.Name)
		}
		p := possible[i]
		p.Column = c
		l.targets = append(l.targets, p)
		if p.slot >= 0 {
			needed[p.slot] = true
		}
	}
	at := make([]int, len(all)) // where a slot went
	for i, one := range all {
		if !needed[i] {
			continue
		}
		at[i] = len(l.slots)
		if one.sent && (one.id == "session_id" || one.id == "event_id") {
			l.keys = append(l.keys, at[i])
		}
		if l.time < 0 && (one.sent && one.id == idTimestamp || s.stream == streamQuery && one.tellsDay()) {
			l.time = at[i]
		}
		l.slots = append(l.slots, one)
	}
	for i := range l.targets {
		if l.targets[i].slot >= 0 {
			l.targets[i].slot = at[l.targets[i].slot]
		}
	}
	return l, nil
}

// check compares the names an answer gives to its columns with those that were
// asked for. Where it names none, which reports are documented to do, their number
// is all there is.
func (l *layout) check(names []string) error {
	const hint = "The vendor's answer has other columns than were asked for, so nothing of it is loaded. Take the column out of the job, or report the two names."
	for i, s := range l.slots {
		if i >= len(names) {
			return fault.New(fault.Data, "column %d should be %s, and the answer ends before it", i+1, s.key()).WithHint(hint)
		}
		if !s.called(names[i]) {
			return fault.New(fault.Data, "column %d should be %s and is called %s", i+1, s.key(), clip(names[i], 100)).WithHint(hint)
		}
	}
	if len(names) > len(l.slots) {
		return fault.New(fault.Data, "there should be %d columns, and %s comes after them", len(l.slots), clip(names[len(l.slots)], 100)).WithHint(hint)
	}
	return nil
}
