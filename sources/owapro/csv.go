package owapro

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"exporter/fault"
)

// newCSV returns a reader that reuses its record and leaves the number of fields to
// its caller.
func newCSV(r io.Reader, delimiter rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = delimiter, -1, true
	return c
}

// table reads a block from CSV.
type table struct {
	options CSV
	dialect dialect
	order   []int
	marks   marks
	money   string // currency of amounts, "" if not known
	broken  string // a cell that was no text in the encoding
	row     *row
}

// read gives the rows of an answer to t, and returns how many lines there were.
func (c *table) read(body response, slots []slot, h header, take func(*row) error) (lines int64, err error) {
	start, err := body.Peek(peekBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if bytes.HasPrefix(start, bom) {
		start = start[len(bom):]
		body.charset = encodingUTF8
		if _, err := body.Discard(len(bom)); err != nil {
			return 0, err
		}
	}
	if len(bytes.TrimSpace(start)) == 0 { // no header: no rows either
		return 0, nil
	}
	if c.dialect, err = c.options.detect(start, body.charset); err != nil {
		return 0, err
	}
	c.row = newRow(len(slots))
	in := newLines(body.Reader, c.dialect.delimiter)
	header, err := in.read()
	if err != nil {
		return 0, c.malformed(err)
	}
	names := make([]string, len(header))
	for i, name := range header {
		text, _ := c.dialect.appendText(nil, name)
		names[i] = string(text)
	}
	if c.order, err = h.order(slots, names); err != nil {
		return 0, err
	}
	c.learn(start, slots)
	for ; ; lines++ {
		record, err := in.read()
		if errors.Is(err, io.EOF) {
			return lines, in.whole(lines, body.openEnd)
		}
		if err != nil {
			return lines, c.malformed(err)
		}
		if len(record) != len(c.order) {
			return lines, &unsure{reason: fmt.Sprintf("line %d of the CSV has %d fields, its header has %d", in.from, len(record), len(c.order))}
		}
		c.fill(record, in.ascii)
		if err := take(c.row); err != nil {
			return lines, err
		}
	}
}

// whole tells a CSV that ends with a line from one that may break off in it: a
// server that gives up in the middle of an answer ends it like any other. Open says
// that this one never ends its last line.
func (l *lines) whole(lines int64, open bool) error {
	if l.last == '\n' || l.last == '\r' || open {
		return nil
	}
	return fault.New(fault.Transient, "%w", &unsure{reason: "the CSV breaks off in its last line", lines: lines}).
		WithHint("The vendor gave up in the middle of its answer; it is asked again. If that stays so, ask for fewer rows with page_size in the job's options.")
}

// fill makes the row that of a record, whose memory it shares where it can.
func (c *table) fill(record [][]byte, ascii bool) {
	r := c.row
	r.reset()
	for i, slot := range c.order {
		switch field := record[i]; {
		case slot < 0 || len(field) == 0:
		case ascii || isASCII(field): // the same in all encodings
			r.cells[slot] = field
		default:
			from := len(r.text)
			var bad bool
			if r.text, bad = c.dialect.appendText(r.text, field); bad && c.broken == "" {
				c.broken = string(r.text[from:])
			}
			r.added(slot, from)
		}
	}
}

// malformed classifies an error of reading: failures of the connection have a class
// of their own, everything else is CSV that is none.
func (c *table) malformed(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &unsure{reason: "the CSV is malformed: " + err.Error()}
	}
	var classified *fault.Error
	if errors.As(err, &classified) {
		return err
	}
	return fault.New(fault.Transient, "read CSV: %w", err)
}

// mostLearned bounds how many lines are searched for a decimal mark.
const mostLearned = 5000

// learn looks for the decimal mark ahead of the rows: the first of them may be the
// ones that are ambiguous.
func (c *table) learn(start []byte, slots []slot) {
	in := newCSV(bytes.NewReader(start), c.dialect.delimiter)
	var scratch []byte
	for range mostLearned {
		record, err := in.Read()
		if err != nil || c.marks.decimal != 0 {
			return
		}
		for i, slot := range c.order {
			if slot < 0 || i >= len(record) || !strings.ContainsAny(record[i], ".,") {
				continue
			}
			text, _ := c.dialect.appendText(nil, []byte(record[i]))
			switch k := slots[slot].kind; k {
			case asNumber, asPercent, asMoney:
				scratch, _ = c.marks.canonical(scratch[:0], text, k == asPercent, c.money)
			default:
			}
		}
	}
}
