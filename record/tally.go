package record

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// Tally is what a table's rows amount to: their number, an order-independent
// 128-bit hash of their content, and the exact sums of its Integer and Numeric
// columns. Two tallies of one table are equal if and only if (up to the
// strength of the hash) they were taken over the same rows, in any order.
type Tally struct {
	Rows   int64
	hi, lo uint64
	sums   []Sum // parallel to columns; only those that can be summed are used

	columns []Column
	lens    []byte
}

// NewTally returns the empty tally of a table.
func NewTally(t Table) *Tally {
	return &Tally{columns: t.Columns, sums: make([]Sum, len(t.Columns))}
}

// Add counts the rows of a batch of the tally's table.
func (t *Tally) Add(b *Batch) {
	if b.cols != len(t.columns) {
		panic(fmt.Sprintf("record: tally of %d columns got a batch of %d", len(t.columns), b.cols))
	}
	for row := range b.rows {
		t.addRow(b, row)
	}
	t.Rows += int64(b.rows)
	for col, c := range t.columns {
		switch c.Type {
		case Integer:
			for row := range b.rows {
				if cell, null := b.Cell(row, col); !null {
					t.sums[col].AddInt(Int(cell))
				}
			}
		case Numeric:
			for row := range b.rows {
				if cell, null := b.Cell(row, col); !null {
					t.sums[col].AddDecimal(cell)
				}
			}
		default:
		}
	}
}

// addRow hashes the row's bytes, seeded with its cell lengths and nulls so that
// moving a byte from one cell to its neighbour changes the hash, and adds it up
// modulo 2^128: the order does not matter, a doubled row does.
func (t *Tally) addRow(b *Batch, row int) {
	first := row * b.cols
	start := uint32(0)
	if first > 0 {
		start = b.ends[first-1]
	}
	t.lens = t.lens[:0]
	prev := start
	for i := first; i < first+b.cols; i++ {
		n := b.ends[i] - prev
		prev = b.ends[i]
		if b.nulls[i>>3]&(1<<(i&7)) != 0 {
			n = 1<<32 - 1
		}
		t.lens = binary.LittleEndian.AppendUint32(t.lens, n)
	}
	h := xxh3.Hash128Seed(b.arena[start:prev], xxh3.Hash(t.lens))
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, h.Lo, 0)
	t.hi, _ = bits.Add64(t.hi, h.Hi, carry)
}

// Hash returns the content hash as 32 hex digits.
func (t *Tally) Hash() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], t.hi)
	binary.BigEndian.PutUint64(b[8:], t.lo)
	return hex.EncodeToString(b[:])
}

// Sums returns the exact sums by column name, as canonical decimals.
func (t *Tally) Sums() map[string]string {
	m := make(map[string]string)
	for i, c := range t.columns {
		if c.Type == Integer || c.Type == Numeric {
			m[c.Name] = t.sums[i].String()
		}
	}
	return m
}

type tallyJSON struct {
	Rows int64             `json:"rows"`
	Hash string            `json:"hash"`
	Sums map[string]string `json:"sums,omitempty"`
}

// MarshalJSON writes {"rows", "hash", "sums"}.
func (t *Tally) MarshalJSON() ([]byte, error) {
	return json.Marshal(tallyJSON{Rows: t.Rows, Hash: t.Hash(), Sums: t.Sums()})
}

// Restore sets a tally of a known table to what MarshalJSON wrote, so that
// counting goes on where it was.
func (t *Tally) Restore(data []byte) error {
	var j tallyJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("restore tally: %w", err)
	}
	h, err := hex.DecodeString(j.Hash)
	if err != nil || len(h) != 16 {
		return fmt.Errorf("restore tally: hash %q is not 32 hex digits", j.Hash)
	}
	t.Rows, t.hi, t.lo = j.Rows, binary.BigEndian.Uint64(h[:8]), binary.BigEndian.Uint64(h[8:])
	for i, c := range t.columns {
		t.sums[i] = Sum{}
		if s, ok := j.Sums[c.Name]; ok {
			canonical, err := appendDecimal(nil, []byte(s), math.MaxInt) // a sum may have more digits than a cell
			if err != nil {
				return fmt.Errorf("restore tally: sum of %s: %q: %w", c.Name, s, err)
			}
			t.sums[i].AddDecimal(canonical)
		}
	}
	return nil
}
