package hubrise

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
	"exporter/record"
	"exporter/sources/jsonbody"
)

// What a member of a document is, besides a slot.
const (
	slotUnknown = -1 // goes to _extra
	slotKnown   = -2 // says nothing new
)

// table turns documents into rows of one of the stream's tables.
type table struct {
	build *record.Builder
	shape shape
	cells []cell // of the columns that the job wants, in their order
	slots map[string]int
	names finder
	inner map[int]*finder // of members that are objects with columns

	hidden  []bool         // by slot: it may not stand in a reject
	extras  bool           // nor what goes to _extra
	parts   map[int]*table // of members that have tables of their own
	partial bool           // something of it or of its parts may not stand there

	values  [][]byte // of the document at hand, by slot; nil = not there
	extra   []byte
	around  [arounds][]byte // nil = null
	keep    bool            // unknown members are wanted
	scratch []byte
	number  []byte
}

// cell is a column of the job with its field.
type cell struct {
	field
	slot  int
	typed bool // the column still has the field's own type
}

// newTable returns the writer of a table of the request, which has some of the columns of
// its shape.
func newTable(index int, want record.Table, s shape) (*table, error) {
	t := &table{build: record.NewBuilder(index, want, nil), shape: s, slots: map[string]int{}, inner: map[int]*finder{}}
	byName := map[string]field{}
	for _, f := range s.fields {
		byName[f.column.Name] = f
		if f.member != "" {
			t.slot(f.member)
		}
	}
	for _, member := range s.apart {
		t.slot(member)
	}
	for _, member := range s.known {
		t.slots[member] = slotKnown
	}
	t.values = make([][]byte, len(t.slots))
	t.names.slots = t.slots
	for _, column := range want.Columns {
		f, ok := byName[column.Name]
		if !ok {
			return nil, fault.New(fault.Config, "table %s has no column %s", want.Name, column.Name)
		}
		c := cell{field: f, slot: slotUnknown, typed: column.Type == f.column.Type && column.Mask == nil}
		if f.member != "" {
			c.slot = t.slots[f.member]
		}
		t.keep = t.keep || f.kind == kindExtra
		t.cells = append(t.cells, c)
	}
	t.hide(want)
	return t, nil
}

// slot makes room for a member.
func (t *table) slot(member string) int {
	if n, ok := t.slots[member]; ok {
		return n
	}
	if outer, _, nested := strings.Cut(member, "."); nested {
		group := t.slot(outer)
		if t.inner[group] == nil {
			t.inner[group] = &finder{slots: t.slots, prefix: outer + "."}
		}
	}
	n := len(t.slots)
	t.slots[member] = n
	return n
}

// read takes a document in. Its values are good until the next one.
func (t *table) read(document []byte) {
	clear(t.values)
	clear(t.around[:])
	t.extra = t.extra[:0]
	if isObject(document) {
		t.members(document, &t.names)
	}
}

func (t *table) members(object []byte, names *finder) {
	w := jsonbody.WalkOver(object)
	for nth := 0; w.Next(); nth++ {
		slot := names.find(nth, w.Name)
		switch {
		case slot >= 0:
			t.values[slot] = w.Value
			if inner := t.inner[slot]; inner == nil {
				continue
			} else if w.Value[0] == '{' {
				t.members(w.Value, inner)
			} else if w.Value[0] != 'n' {
				t.unplanned(names.prefix, w)
			}
		case slot == slotUnknown:
			t.unplanned(names.prefix, w)
		}
	}
}

// unplanned keeps a member for _extra.
func (t *table) unplanned(prefix string, w jsonbody.Walk) {
	if !t.keep {
		return
	}
	t.extra = append(t.extra, `,"`...)
	t.extra = append(t.extra, prefix...)
	t.extra = append(t.extra, w.Name[1:]...)
	t.extra = append(t.extra, ':')
	t.extra = append(t.extra, w.Value...)
}

// plain returns the text of a raw JSON value, nothing for null. The result may be in scratch.
func plain(scratch *[]byte, value []byte) []byte {
	if isNull(value) {
		return nil
	}
	return jsonbody.Plain(scratch, value)
}

// value returns a member of the document as it stands, nil if it is not there.
func (t *table) value(member string) []byte { return t.values[t.slots[member]] }

// plain returns a copy of a scalar member's text, nil where there is none.
func (t *table) plain(member string) []byte {
	text := plain(&t.scratch, t.value(member))
	if len(text) == 0 {
		return nil
	}
	return bytes.Clone(text)
}

// within says what the rows of the table belong to.
func (t *table) within(a around, text []byte) { t.around[a] = text }

// nth says which of its list an element is.
func (t *table) nth(n int) {
	t.number = strconv.AppendInt(t.number[:0], int64(n), 10)
	t.around[theNumber] = t.number
}

// write makes the document a row, or a reject, and reports whether it is a row.
func (t *table) write(document []byte) bool {
	if isObject(document) { // else the row has no cells, and is a reject
		for i := range t.cells {
			t.cell(&t.cells[i], document)
		}
	}
	return t.build.EndRow(func() []byte { return t.reject(document) })
}

func (t *table) cell(c *cell, document []byte) {
	switch c.kind {
	case kindAround:
		t.text(t.around[c.around])
	case kindExtra:
		if len(t.extra) == 0 {
			t.build.Null()
			return
		}
		t.extra[0] = '{'
		t.build.Raw(append(t.extra, '}'))
	case kindRaw:
		t.build.Raw(document)
	case kindJSON:
		if value := t.values[c.slot]; isNull(value) {
			t.build.Null()
		} else {
			t.build.Raw(value)
		}
	case kindFlag:
		if text := plain(&t.scratch, t.values[c.slot]); len(text) > 0 {
			t.build.Raw(text)
		} else {
			t.build.Raw([]byte("false"))
		}
	case kindMoney, kindCurrency:
		t.money(c)
	case kindTime:
		t.time(c)
	default:
		t.text(plain(&t.scratch, t.values[c.slot]))
	}
}

func (t *table) text(text []byte) {
	if len(text) == 0 {
		t.build.Null()
		return
	}
	t.build.Raw(text)
}

// money splits "9.80 EUR". An amount without a currency is not an amount.
func (t *table) money(c *cell) {
	text := plain(&t.scratch, t.values[c.slot])
	if len(text) == 0 {
		t.build.Null()
		return
	}
	amount, currency := splitMoney(text)
	switch {
	case c.kind == kindCurrency:
		t.text(currency)
	case currency == nil && c.typed:
		t.build.Raw(append(bytes.Clone(text), " (no currency)"...)) // which no number is
	case currency == nil:
		t.build.Raw(text)
	default:
		t.build.Raw(amount)
	}
}

// splitMoney returns no currency where the text has none.
func splitMoney(text []byte) (amount, currency []byte) {
	blank := bytes.LastIndexByte(text, ' ')
	if blank < 0 || len(text)-blank != 4 {
		return text, nil
	}
	for _, c := range text[blank+1:] {
		if c < 'A' || c > 'Z' {
			return text, nil
		}
	}
	return text[:blank], text[blank+1:]
}

func (t *table) time(c *cell) {
	text := plain(&t.scratch, t.values[c.slot])
	if len(text) > 0 && c.typed {
		if at, _, ok := parseTime(text); ok {
			t.build.Timestamp(at)
			return
		}
		if !hasOffset(text) && !bytes.HasPrefix(text, []byte("0000-00-00")) { // which is no time in any zone
			t.build.Raw(append(bytes.Clone(text), " (no offset)"...)) // which no time is
			return
		}
	}
	t.text(text)
}

func hasOffset(text []byte) bool {
	const least = len("2006-01-02T15:04:05")
	return len(text) > least && bytes.ContainsAny(text[least:], "Z+-")
}

// parseTime reads ISO 8601 with an offset; wall is the reading of the clock it was
// printed from, in microseconds since 1970.
func parseTime(text []byte) (at time.Time, wall int64, ok bool) {
	const least = len("2006-01-02T15:04:05")
	if len(text) <= least {
		return at, 0, false
	}
	sign := bytes.LastIndexAny(text[least:], "Z+-")
	if sign < 0 {
		return at, 0, false
	}
	wall, err := record.ParseWall(text[:least+sign])
	if err != nil {
		return at, 0, false
	}
	seconds, ok := parseOffset(text[least+sign:])
	return time.UnixMicro(wall - int64(seconds)*1e6).UTC(), wall, ok
}

// parseOffset reads Z, +02:00 and +0200.
func parseOffset(text []byte) (seconds int, ok bool) {
	if string(text) == "Z" {
		return 0, true
	}
	if len(text) == 6 && text[3] == ':' {
		text = []byte{text[0], text[1], text[2], text[4], text[5]}
	}
	if len(text) != 5 || text[0] == 'Z' {
		return 0, false
	}
	for _, c := range text[1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	seconds = (int(text[1]-'0')*10+int(text[2]-'0'))*3600 + (int(text[3]-'0')*10+int(text[4]-'0'))*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// finder finds the slot of a member. Documents have the same members in the same
// order, mostly, so the n-th is first compared with the n-th of the one before.
type finder struct {
	slots  map[string]int
	prefix string // of the members of an object inside
	names  [][]byte
	found  []int
}

func (f *finder) find(nth int, quoted []byte) int {
	if nth < len(f.names) && bytes.Equal(f.names[nth], quoted) {
		return f.found[nth]
	}
	var scratch []byte
	slot, ok := f.slots[f.prefix+string(plain(&scratch, quoted))]
	if !ok {
		slot = slotUnknown
	}
	for len(f.names) <= nth {
		f.names, f.found = append(f.names, nil), append(f.found, slotUnknown)
	}
	f.names[nth], f.found[nth] = append(f.names[nth][:0], quoted...), slot
	return slot
}
