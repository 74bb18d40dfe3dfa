// Package pageprint tells whether the rows of a page are those that came before, in
// whatever order they come.
package pageprint

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// Sum is the sum of the 128-bit hashes of rows: their order does not matter, a row that
// comes twice does. The zero value is that of no rows.
type Sum struct{ hi, lo uint64 }

// Of returns the fingerprint of one row.
func Of(row []byte) Sum {
	h := xxh3.Hash128(row)
	return Sum{h.Hi, h.Lo}
}

// Add adds the fingerprint of other rows.
func (s *Sum) Add(rows Sum) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, rows.lo, 0)
	s.hi, _ = bits.Add64(s.hi, rows.hi, carry)
}

// Short is half of it, for lists of many.
func (s Sum) Short() uint64 { return s.lo }

// String returns it as checkpoints hold it. Those of older programs are read too, so
// that it stays as it is.
func (s Sum) String() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], s.hi)
	binary.LittleEndian.PutUint64(b[8:], s.lo)
	return hex.EncodeToString(b[:])
}
