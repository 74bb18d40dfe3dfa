package owapro

import (
	"bytes"

	"exporter/fault"
	"exporter/record"
	"exporter/sources/pageprint"
)

// kind is how the text of a slot is read.
type kind int

const (
	asText kind = iota
	asNumber
	asPercent
	asMoney
	asDate
)

// slot is a column of the vendor's answer.
type slot struct {
	name   string
	kind   kind
	dim    bool // a dimension that was asked for, not an id beside one
	id     int  // of a dimension with labels: the slot of its ids; else -1
	masked bool // its text may not stand in a reject
}

// unsure is a page that CSV does not determine.
type unsure struct {
	reason string
	usual  bool  // nothing an operator has to know of
	lines  int64 // that were read, where only the end of the last is in doubt
}

// Error implements error.
func (u *unsure) Error() string { return u.reason }

// cells are the texts of a row in their canonical form, which is the same in both formats.
type cells struct {
	text  [][]byte // by slot, nil = none; good until the next row is read
	buf   [][]byte // the memory of those that differ from what came
	wrong []bool   // it would pass for a number, but not with the marks of this CSV
	read  []read   // what text says, where that is known already
	doubt int      // slot of a number that is ambiguous, -1 = none
}

// read is a number, value / 10^scale, or a date, as days since 1970.
type read struct {
	value int64
	scale int8
	ok    bool
}

func newCells(slots int) cells {
	c := cells{text: make([][]byte, slots), buf: make([][]byte, slots), wrong: make([]bool, slots), read: make([]read, slots)}
	for i := range c.buf {
		c.buf[i] = make([]byte, 0, plainest)
	}
	return c
}

// keep makes c a copy of a row that lasts.
func (c *cells) keep(row *cells) {
	for i, text := range row.text {
		c.text[i] = nil
		if text != nil {
			c.buf[i] = append(c.buf[i][:0], text...)
			c.text[i] = c.buf[i]
		}
	}
	copy(c.wrong, row.wrong)
	copy(c.read, row.read)
	c.doubt = row.doubt
}

func (c *cells) set(slot int, text string) {
	c.buf[slot] = append(c.buf[slot][:0], text...)
	c.text[slot] = c.buf[slot]
	if text == "" {
		c.text[slot] = nil
	}
}

// typer turns the rows of one block into batches.
type typer struct {
	build    *record.Builder
	slots    []slot
	cells    []cell
	probed   bool // which columns have ids is known, so that no two rows are identified alike
	date     int  // slots, -1 = none
	account  int
	customer string
	within   dayRange
	marks    *marks // of CSV; nil reads JSON
	money    string // currency of amounts, "" if not known
	dicts    dicts
	said     members[dimensionMetadata] // what the page of JSON says of its labels
	grown    bool                       // labels were learned
	labelled []labelled
	current  *cells
	raw      func() []byte // of current

	// of the page at work
	rows, trimmed   int64
	print, keys     pageprint.Sum // of all cells, and of those that identify a row
	rowKeys, before []uint64      // hashes of the latter, row by row, and those of the page before
	sums            sums
	skip            int64 // rows that were handed on by another try, and what they were
	skipped         pageprint.Sum
	row, pending    cells
	waiting         bool
	line, amount    []byte
	identifying     []int // slots that tell rows apart
	others          []int // and those that do not
}

// labelled is a dimension that has labels and ids.
type labelled struct {
	slot, id int
	dict     *dict // nil until it is asked
}

// begin forgets the page before. Rows that another try of the page has handed on
// already are skipped, and have to be the same.
func (t *typer) begin(skip int64, skipped pageprint.Sum) {
	t.rows, t.trimmed, t.print, t.keys, t.waiting = 0, 0, pageprint.Sum{}, pageprint.Sum{}, false
	t.rowKeys = t.rowKeys[:0]
	t.skip, t.skipped, t.said = skip, skipped, nil
	t.sums.begin()
}

// add takes a row of the answer and types it, unless it looks like sums: then it waits
// until another row follows, since the last one of a page may be no row.
func (t *typer) add(r *row) error {
	t.row.doubt = -1
	for i, text := range r.cells {
		t.canonical(i, text)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if t.summary(&t.row) {
		t.pending.keep(&t.row)
		t.waiting = true
		return nil
	}
	return t.commit(&t.row)
}

// flush types the row that waits.
func (t *typer) flush() error {
	if !t.waiting {
		return nil
	}
	t.waiting = false
	return t.commit(&t.pending)
}

// end types the last row of a page unless it is a summary, and reports whether it was.
func (t *typer) end(summaries bool) (summary bool, err error) {
	if t.waiting && summaries {
		t.waiting = false
		return true, nil
	}
	return false, t.flush()
}

// summary tells a row of sums: it is of no day and has no other dimensions, but
// perhaps a word like Total in the first.
func (t *typer) summary(c *cells) bool {
	if t.date < 0 || c.read[t.date].ok {
		return false
	}
	first := true
	for i, s := range t.slots {
		switch {
		case i == t.date:
			if _, err := record.ParseDays(c.text[i]); err == nil {
				return false
			}
		case s.dim && !first && c.text[i] != nil:
			return false
		}
		first = first && !s.dim
	}
	return true
}

// canonical reads a cell of the row that came.
func (t *typer) canonical(i int, text []byte) {
	c, k := &t.row, t.slots[i].kind
	c.wrong[i], c.read[i] = false, read{}
	if k == asText {
		if t.marks == nil { // which is what CSV leaves of them
			text = newlines(text)
		}
		c.text[i] = text
		return
	}
	if k == asDate {
		if d, err := record.ParseDays(text); err == nil {
			c.text[i], c.read[i] = text, read{value: int64(d), ok: true}
			return
		}
	} else {
		mark := byte('.')
		if t.marks != nil {
			mark = t.marks.decimal
		}
		if out, v, scale, ok := quick(c.buf[i][:0], text, mark); ok {
			c.text[i], c.read[i] = out, read{v, int8(scale), true}
			return
		}
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		c.text[i] = nil
		return
	}
	c.buf[i] = t.unusual(c.buf[i][:0], i, text)
	c.text[i] = c.buf[i]
	if k == asDate || c.wrong[i] || c.doubt == i {
		return
	}
	if _, v, scale, ok := quick(nil, c.buf[i], '.'); ok { // what it is now
		c.read[i] = read{v, int8(scale), true}
	}
}

// unusual appends what a number or a date is that is not written in the shortest way.
func (t *typer) unusual(dst []byte, i int, text []byte) []byte {
	k := t.slots[i].kind
	var v verdict
	switch {
	case k == asDate:
		var within *dayRange
		if i == t.date {
			within = &t.within
		}
		if d, err := record.ParseDays(text); err == nil {
			t.row.read[i] = read{value: int64(d), ok: true}
		}
		return isoDate(dst, text, within)
	case t.marks == nil:
		dst, _ = jsonNumber(dst, text, k == asPercent)
		return dst
	case k == asMoney:
		dst, v = t.marks.canonical(dst, text, false, t.money)
	default:
		dst, v = t.marks.canonical(dst, text, k == asPercent, "")
	}
	switch {
	case v == ambiguous && t.row.doubt < 0:
		t.row.doubt = i
	case v == notNumber:
		_, err := record.AppendDecimal(nil, text)
		t.row.wrong[i] = err == nil
	}
	return dst
}

// newlines makes one sign of every line end of two.
func newlines(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
}

// commit counts a row and types it if it is of the slice.
func (t *typer) commit(c *cells) error {
	if c.doubt >= 0 {
		return &unsure{reason: "nothing tells the decimal mark of " + string(c.text[c.doubt]) + " in " + t.slots[c.doubt].name}
	}
	if err := t.label(c); err != nil {
		return err
	}
	t.mark(c)
	t.rows++
	t.sums.add(c)
	if t.account >= 0 && c.text[t.account] != nil && string(c.text[t.account]) != t.customer {
		return fault.New(fault.Data, "a row is of customer %s, not %s", c.text[t.account], t.customer).
			WithHint("The vendor does not heed the filter on customerid. Its rows would be counted for the wrong customer; report it to Hurra.")
	}
	if t.date >= 0 {
		d, err := int32(c.read[t.date].value), error(nil)
		if !c.read[t.date].ok {
			d, err = record.ParseDays(c.text[t.date])
		}
		if err == nil && !t.within.has(d) {
			t.trimmed++
			return nil
		}
	}
	if t.rows <= t.skip {
		if t.rows == t.skip && t.print != t.skipped {
			return fault.New(fault.Drift, "the page has other rows than a moment ago").WithHint("The slice starts again.")
		}
		return nil
	}
	t.fill(c)
	return nil
}
