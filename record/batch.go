package record

import (
	"encoding/binary"
	"math"
	"slices"
)

// Batch is a bounded number of typed rows of one table. A batch is written by
// one [Builder] and then only read, for as long as the builder says, see
// [Builder.Take] and [Builder.Lend].
type Batch struct {
	// Table is the index of the batch's table in the stream's list of tables.
	Table int
	// Rejects marks a batch of the table's rejects ([Table.Rejects]).
	Rejects bool

	rows, cols int
	ends       []uint32 // end of every cell in the arena, row after row
	nulls      []byte   // one bit per cell, row after row; 1 = null
	arena      []byte
}

// Rows returns the number of rows.
func (b *Batch) Rows() int { return b.rows }

// Columns returns the number of columns.
func (b *Batch) Columns() int { return b.cols }

// Size returns the number of bytes the batch holds in memory.
func (b *Batch) Size() int { return len(b.arena) + 4*len(b.ends) + len(b.nulls) }

// Cell returns the bytes of a cell; a null cell has none and null is true.
// The bytes belong to the batch.
func (b *Batch) Cell(row, col int) (cell []byte, null bool) {
	i := row*b.cols + col
	if b.nulls[i>>3]&(1<<(i&7)) != 0 {
		return nil, true
	}
	start := uint32(0)
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.arena[start:b.ends[i]:b.ends[i]], false
}

// Int reads an Integer, Timestamp or LocalTime cell.
func Int(cell []byte) int64 { return int64(binary.LittleEndian.Uint64(cell)) }

// Days reads a Date cell.
func Days(cell []byte) int32 { return int32(binary.LittleEndian.Uint32(cell)) }

// Float64 reads a Float cell.
func Float64(cell []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(cell)) }

// reset empties the batch for reuse with the given number of columns.
func (b *Batch) reset(cols int) {
	b.rows, b.cols = 0, cols
	b.ends, b.nulls, b.arena = b.ends[:0], b.nulls[:0], b.arena[:0]
}

func (b *Batch) endCell(null bool) {
	i := len(b.ends)
	if i&7 == 0 {
		b.nulls = append(b.nulls, 0)
	}
	if null {
		b.nulls[i>>3] |= 1 << (i & 7)
	}
	b.ends = append(b.ends, uint32(len(b.arena)))
}

// handedOn is about how large batches are when they are handed on.
const handedOn = 1 << 20

// makeRoom sees to it that another row like the last one, of so many bytes, fits: a batch
// that is full grows to twice its size and not, as append has it, by a quarter. A larger
// one is not likely to get another row.
func (b *Batch) makeRoom(row int) {
	if cap(b.arena)-len(b.arena) < row && len(b.arena) < handedOn {
		b.arena = slices.Grow(b.arena, len(b.arena))
	}
	if cap(b.ends)-len(b.ends) < b.cols {
		b.ends = slices.Grow(b.ends, len(b.ends))
	}
}

// truncate drops the cells after the given mark of an unfinished row.
func (b *Batch) truncate(cells int, arena int) {
	b.ends = b.ends[:cells]
	b.arena = b.arena[:arena]
	b.nulls = b.nulls[:(cells+7)/8]
	if cells&7 != 0 {
		b.nulls[cells>>3] &= 1<<(cells&7) - 1
	}
}
