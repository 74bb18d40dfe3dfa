package postgres

import (
	"encoding/binary"
	"strconv"
	"time"

	"exporter/fault"
	"exporter/record"
)

// Epoch of PostgreSQL, 2000-01-01, counted from 1970-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86400 * 1e6
)

// header starts a binary COPY: signature, no flags, no extension; trailer ends it.
var (
	header  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	trailer = []byte{0xff, 0xff}
)

// encoder turns the rows of one table's batches into binary COPY rows. The
// lineage columns come after those of the table and are the same in every row.
type encoder struct {
	columns []record.Column
	decimal []bool // columns of integers that the table has as numeric
	fields  uint16
	lineage []byte
	scratch []byte
}

// newEncoder returns the encoder of cells of columns, from, for the table's, to.
func newEncoder(from, to []record.Column, slice int64, loadedAt time.Time) *encoder {
	e := &encoder{columns: from, fields: uint16(len(from) + 2), decimal: make([]bool, len(from))}
	for i := range from {
		e.decimal[i] = from[i].Type == record.Integer && to[i].Type == record.Numeric
	}
	e.lineage = appendInt64(e.lineage, slice)
	e.lineage = appendInt64(e.lineage, loadedAt.UnixMicro()-epochMicros)
	return e
}

// appendRow appends one row. A row is encoded entirely or not at all.
func (e *encoder) appendRow(dst []byte, b *record.Batch, row int) ([]byte, error) {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, e.fields)
	for col := range e.columns {
		cell, null := b.Cell(row, col)
		if null {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		switch e.columns[col].Type {
		case record.Text:
			dst = binary.BigEndian.AppendUint32(dst, uint32(len(cell)))
			dst = append(dst, cell...)
		case record.Integer, record.Float:
			if e.decimal[col] {
				e.scratch = strconv.AppendInt(e.scratch[:0], record.Int(cell), 10)
				var err error
				if dst, err = e.appendSized(dst, e.scratch, col); err != nil {
					return dst[:start], err
				}
				continue
			}
			dst = appendInt64(dst, record.Int(cell)) // the bits of a float are bytes in the same order
		case record.Timestamp, record.LocalTime:
			dst = appendInt64(dst, record.Int(cell)-epochMicros)
		case record.Date:
			dst = append(dst, 0, 0, 0, 4)
			dst = binary.BigEndian.AppendUint32(dst, uint32(record.Days(cell)-epochDays))
		case record.Boolean:
			dst = append(dst, 0, 0, 0, 1, cell[0])
		case record.Numeric, record.JSON:
			var err error
			if dst, err = e.appendSized(dst, cell, col); err != nil {
				return dst[:start], err
			}
		}
	}
	return append(dst, e.lineage...), nil
}

// appendSized appends a cell whose length is known only afterwards.
func (e *encoder) appendSized(dst, cell []byte, col int) ([]byte, error) {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if e.columns[col].Type == record.JSON {
		const version = 1
		dst = append(append(dst, version), cell...)
	} else {
		var err error
		if dst, err = appendNumeric(dst, cell); err != nil {
			return dst, fault.New(fault.Data, "number of %d bytes in column %s %w", len(cell), e.columns[col].Name, err).
				WithHint(`Load the column as "text": set it in [jobs.NAME.columns].`)
		}
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst, nil
}

func appendInt64(dst []byte, v int64) []byte {
	dst = append(dst, 0, 0, 0, 8)
	return binary.BigEndian.AppendUint64(dst, uint64(v))
}
