package record

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is returned for bytes that no AppendBinary wrote.
var ErrCorrupt = errors.New("batch is corrupt")

// AppendBinary appends the batch's lasting form: four counts (flags and table,
// rows, columns, arena bytes) as varints, the length of every cell as a varint,
// the null bits, the arena. It holds no schema: whoever stores it stores that.
func (b *Batch) AppendBinary(dst []byte) []byte {
	flag := uint64(b.Table) << 1
	if b.Rejects {
		flag |= 1
	}
	dst = binary.AppendUvarint(dst, flag)
	dst = binary.AppendUvarint(dst, uint64(b.rows))
	dst = binary.AppendUvarint(dst, uint64(b.cols))
	dst = binary.AppendUvarint(dst, uint64(len(b.arena)))
	prev := uint32(0)
	for _, e := range b.ends {
		dst = binary.AppendUvarint(dst, uint64(e-prev))
		prev = e
	}
	dst = append(dst, b.nulls...)
	return append(dst, b.arena...)
}

// Decode reads a batch that AppendBinary wrote, into b, reusing its memory. The
// batch keeps no reference to data.
func (b *Batch) Decode(data []byte) error {
	var head [4]uint64
	for i := range head {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			return fmt.Errorf("%w: short head", ErrCorrupt)
		}
		head[i], data = v, data[n:]
	}
	cells := head[1] * head[2]
	const most = 1 << 31
	if head[1] > most || head[2] > most || cells > uint64(len(data)) || head[3] > uint64(len(data)) {
		return fmt.Errorf("%w: %d rows of %d cells in %d bytes", ErrCorrupt, head[1], head[2], len(data))
	}
	b.reset(int(head[2]))
	b.Table, b.Rejects, b.rows = int(head[0]>>1), head[0]&1 != 0, int(head[1])
	end := uint64(0)
	for range cells {
		v, n := binary.Uvarint(data)
		if n <= 0 || v > head[3] {
			return fmt.Errorf("%w: bad cell length", ErrCorrupt)
		}
		data, end = data[n:], end+v
		b.ends = append(b.ends, uint32(end))
	}
	bitmap := (int(cells) + 7) / 8
	if end != head[3] || len(data) != bitmap+int(head[3]) {
		return fmt.Errorf("%w: cells end at byte %d of %d", ErrCorrupt, end, head[3])
	}
	b.nulls = append(b.nulls, data[:bitmap]...)
	b.arena = append(b.arena, data[bitmap:]...)
	return nil
}
