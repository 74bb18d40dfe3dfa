package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Builder appends the rows of one table, cell after cell in the order of its
// columns, and turns each raw cell into its typed bytes. A cell that cannot be
// typed makes its row a reject; nothing is ever guessed or rounded.
//
// Use: for each row, one append per column, then [Builder.EndRow].
type Builder struct {
	table   Table
	batch   Batch
	rejects Batch
	clock   clock

	cells, arena int    // marks at the start of the row
	extra        int    // cells of the row beyond its columns
	bad          int    // first column of the row that cannot be typed, -1 = none
	reason       string // why
	mask         []byte
}

// NewBuilder returns a builder for the table at the given index of a stream.
// Zone is where timestamps without an offset belong; nil means UTC.
func NewBuilder(index int, table Table, zone *time.Location) *Builder {
	if zone == nil {
		zone = time.UTC
	}
	b := &Builder{table: table, clock: clock{zone: zone}, bad: -1}
	b.batch.Table, b.rejects.Table, b.rejects.Rejects = index, index, true
	b.batch.reset(len(table.Columns))
	b.rejects.reset(len(table.Rejects().Columns))
	return b
}

// Table returns the table the builder was made for.
func (b *Builder) Table() Table { return b.table }

// Rows returns the finished rows that [Builder.Take] would hand out, rejects included.
func (b *Builder) Rows() int { return b.batch.rows + b.rejects.rows }

// Size returns the bytes of the rows so far.
func (b *Builder) Size() int { return b.batch.Size() + b.rejects.Size() }

// Take hands out the finished rows and begins anew with fresh memory. Either
// batch may be empty. An unfinished row is dropped.
func (b *Builder) Take() (batch, rejects Batch) {
	b.Discard()
	batch, rejects = b.batch, b.rejects
	b.batch = Batch{Table: batch.Table, cols: batch.cols}
	b.rejects = Batch{Table: rejects.Table, Rejects: true, cols: rejects.cols}
	if batch.rows == 0 { // and what there is room for is kept
		b.batch, batch = batch, b.batch
	} else { // the next batch is likely to be about as large as this one
		b.batch.ends = make([]uint32, 0, roomy(len(batch.ends)))
		b.batch.nulls = make([]byte, 0, roomy(len(batch.nulls)))
		b.batch.arena = make([]byte, 0, roomy(len(batch.arena)))
	}
	b.cells, b.arena = 0, 0
	return batch, rejects
}

// roomiest is how large memory grows that is kept for the next batch.
const roomiest = 4 << 20

// Lend calls f with the finished rows, either batch may be empty, and begins anew with
// the same memory: they are good until f returns. An unfinished row is dropped.
func (b *Builder) Lend(f func(batch, rejects Batch) error) error {
	b.Discard()
	err := f(b.batch, b.rejects)
	b.cells, b.arena = 0, 0
	for _, batch := range []*Batch{&b.batch, &b.rejects} {
		if batch.reset(batch.cols); cap(batch.arena) > roomiest {
			batch.arena = nil
		}
	}
	if cap(b.mask) > roomiest {
		b.mask = nil
	}
	return err
}

func roomy(n int) int { return n + n/8 }

// Discard drops the cells of the unfinished row.
func (b *Builder) Discard() {
	b.batch.truncate(b.cells, b.arena)
	b.bad, b.reason, b.extra = -1, "", 0
}

// column returns the index of the column the next append fills.
func (b *Builder) column() int { return len(b.batch.ends) - b.cells }

// full reports whether the row has all its cells, and counts one too many.
func (b *Builder) full() bool {
	if b.column() < b.batch.cols {
		return false
	}
	b.extra++
	return true
}

// Null appends a null cell.
func (b *Builder) Null() {
	if b.full() {
		return
	}
	if b.table.Columns[b.column()].Required {
		b.reject("required, but empty")
		return
	}
	b.batch.endCell(true)
}

// Integer appends v. Into a column of another type, or a masked one, it goes as
// its text.
func (b *Builder) Integer(v int64) {
	if b.differs(Integer) {
		b.Raw(strconv.AppendInt(nil, v, 10))
		return
	}
	b.fixed(v)
}

// Timestamp appends an instant, cut to microseconds; into a column of another
// type as RFC 3339.
func (b *Builder) Timestamp(t time.Time) {
	if b.differs(Timestamp) {
		b.Raw(t.AppendFormat(nil, time.RFC3339Nano))
		return
	}
	b.moment(t.UnixMicro())
}

// LocalTime appends the wall clock reading of t; into a column of another type as text.
func (b *Builder) LocalTime(t time.Time) {
	if b.differs(LocalTime) {
		b.Raw(t.AppendFormat(nil, "2006-01-02 15:04:05.999999"))
		return
	}
	_, offset := t.Zone()
	b.moment(t.UnixMicro() + int64(offset)*1e6)
}

// Float appends v; into a column of another type as its shortest text.
func (b *Builder) Float(v float64) {
	if b.differs(Float) {
		b.Raw(strconv.AppendFloat(nil, v, 'g', -1, 64))
		return
	}
	b.finite(v)
}

// Boolean appends v; into a column of another type as 1 or 0.
func (b *Builder) Boolean(v bool) {
	c := byte(0)
	if v {
		c = 1
	}
	if b.differs(Boolean) {
		b.Raw([]byte{'0' + c})
		return
	}
	b.truth(c)
}

// Days appends a day, in days since 1970-01-01; into a column of another type as
// YYYY-MM-DD.
func (b *Builder) Days(d int32) {
	if b.differs(Date) {
		b.Raw(time.Unix(int64(d)*86400, 0).UTC().AppendFormat(nil, time.DateOnly))
		return
	}
	b.day(d)
}

// Decimal appends the canonical decimal s (see [AppendDecimal]), which is v / 10^scale,
// without reading it again; into a column of another type as its text.
func (b *Builder) Decimal(s []byte, v int64, scale int) {
	switch {
	case !b.differs(Numeric):
		b.batch.arena = append(b.batch.arena, s...)
		b.batch.endCell(false)
	case scale == 0 && !b.differs(Integer):
		b.fixed(v)
	default:
		b.Raw(s)
	}
}

// differs reports whether the next column wants something else than plain cells of a type.
func (b *Builder) differs(t Type) bool {
	i := b.column()
	return i >= len(b.table.Columns) || b.table.Columns[i].Type != t || b.table.Columns[i].Mask != nil
}

func (b *Builder) truth(c byte) {
	b.batch.arena = append(b.batch.arena, c)
	b.batch.endCell(false)
}

func (b *Builder) day(d int32) {
	if d < firstDay || d > lastDay {
		b.reject(outOfRange, "the date")
		return
	}
	b.batch.arena = binary.LittleEndian.AppendUint32(b.batch.arena, uint32(d))
	b.batch.endCell(false)
}

// fixed appends a cell of 8 bytes.
func (b *Builder) fixed(v int64) {
	b.batch.arena = binary.LittleEndian.AppendUint64(b.batch.arena, uint64(v))
	b.batch.endCell(false)
}

// Text appends s to a Text column, or JSON known to be valid to a JSON column. Invalid UTF-8 becomes U+FFFD and NUL
// is dropped, because no sink can store them; every other byte is kept.
func (b *Builder) Text(s []byte) {
	if b.full() {
		return
	}
	start := len(b.batch.arena)
	if mask := b.table.Columns[b.column()].Mask; mask != nil {
		b.mask = appendText(b.mask[:0], s)
		b.batch.arena = mask(b.batch.arena, b.mask)
	} else {
		if b.table.Columns[b.column()].Type == JSON {
			b.mask = appendJSON(b.mask[:0], s)
			s = b.mask
		}
		b.batch.arena = appendText(b.batch.arena, s)
	}
	if uint64(len(b.batch.arena)) > math.MaxUint32 {
		b.batch.arena = b.batch.arena[:start]
		b.reject("cell of %d bytes does not fit into a batch", len(s))
		return
	}
	b.batch.endCell(false)
}

func appendText(dst, s []byte) []byte {
	if utf8.Valid(s) && bytes.IndexByte(s, 0) < 0 {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r != 0 {
			dst = utf8.AppendRune(dst, r)
		}
		s = s[n:]
	}
	return dst
}

// Raw types the raw text of the next column and appends it. What the text
// means for "no value" is the source's knowledge: it calls Null instead.
func (b *Builder) Raw(s []byte) {
	if b.full() {
		return
	}
	c := &b.table.Columns[b.column()]
	switch c.Type {
	case Text:
		b.Text(s)
	case Integer:
		b.rawInteger(s)
	case Numeric:
		n := len(b.batch.arena)
		arena, err := AppendDecimal(b.batch.arena, s)
		if err != nil {
			b.batch.arena = b.batch.arena[:n]
			b.rejectDecimal(s, err)
			return
		}
		b.batch.arena = arena
		b.batch.endCell(false)
	case Float:
		b.rawFloat(s)
	case Boolean:
		b.rawBoolean(s)
	case Date:
		d, err := ParseDays(s)
		if err != nil && zeroDate(s) {
			b.Null()
			return
		}
		if err != nil {
			b.reject("%q is not a date", clip(s))
			return
		}
		b.day(d)
	case Timestamp, LocalTime:
		b.rawTime(s, c.Type)
	case JSON:
		b.rawJSON(s)
	}
}

// EndRow finishes the row. A row with a cell that could not be typed, or with
// more or fewer cells than columns, goes to the rejects together with raw, its
// form as the vendor sent it (JSON). It reports whether the row was kept.
func (b *Builder) EndRow(raw func() []byte) bool {
	n := b.column() + b.extra
	if n != b.batch.cols && b.bad < 0 {
		b.bad, b.reason = min(n, b.batch.cols), fmt.Sprintf("row has %d cells, table has %d columns", n, b.batch.cols)
	}
	if b.bad < 0 {
		b.batch.rows++
		b.batch.makeRoom(len(b.batch.arena) - b.arena)
		b.cells, b.arena = len(b.batch.ends), len(b.batch.arena)
		return true
	}
	b.rejectRow(raw())
	return false
}
