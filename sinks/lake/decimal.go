package lake

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// A Numeric is DECIMAL(38,9): 16 bytes, two's complement, big-endian, of billionths.
const (
	decimalBytes  = 16
	decimalScale  = 9
	decimalDigits = 38
	scaleFactor   = 1e9 // of decimalScale digits
)

// putDecimal writes a canonical decimal, false if it would have to be rounded or cut.
func putDecimal(dst, d []byte) bool {
	neg := len(d) > 0 && d[0] == '-'
	if neg {
		d = d[1:]
	}
	var hi, lo uint64
	digits, fraction, point := 0, 0, false
	for _, c := range d {
		switch {
		case c == '.':
			point = true
			continue
		case point && fraction == decimalScale:
			if c != '0' {
				return false
			}
			continue
		case point:
			fraction++
		}
		if digits > 0 || c != '0' {
			digits++
		}
		if digits > decimalDigits {
			return false
		}
		hi, lo = times10(hi, lo, uint64(c-'0'))
	}
	for ; fraction < decimalScale; fraction++ {
		if digits > 0 {
			digits++
		}
		hi, lo = times10(hi, lo, 0)
	}
	if digits > decimalDigits {
		return false
	}
	if neg {
		hi, lo = negate(hi, lo)
	}
	binary.BigEndian.PutUint64(dst, hi)
	binary.BigEndian.PutUint64(dst[8:], lo)
	return true
}

// putInteger writes an integer, which always has room.
func putInteger(dst []byte, n int64) {
	hi, lo := bits.Mul64(magnitude(n), scaleFactor)
	if n < 0 {
		hi, lo = negate(hi, lo)
	}
	binary.BigEndian.PutUint64(dst, hi)
	binary.BigEndian.PutUint64(dst[8:], lo)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func negate(hi, lo uint64) (h, l uint64) {
	l, carry := bits.Add64(^lo, 1, 0)
	return ^hi + carry, l
}

// times10 returns 10·x + digit of a 128-bit x. Most amounts fit into 64 bits.
func times10(hi, lo, digit uint64) (h, l uint64) {
	if hi == 0 && lo < 1<<60 {
		return 0, lo*10 + digit
	}
	over, l := bits.Mul64(lo, 10)
	l, carry := bits.Add64(l, digit, 0)
	return hi*10 + over + carry, l
}

// decimal is the library's type with an index of pages that tells no lies: the
// library compares the bytes without their sign, and a reader that trusted such
// bounds would skip pages that have what it looks for.
type decimal struct{ parquet.Type }

var decimalNode = parquet.Leaf(decimal{parquet.Decimal(decimalScale, decimalDigits, parquet.FixedLenByteArrayType(decimalBytes)).Type()})

// NewColumnIndexer implements parquet.Type.
func (decimal) NewColumnIndexer(int) parquet.ColumnIndexer { return new(anyDecimal) }

// anyDecimal says of every page that it may have every value.
type anyDecimal struct{ index format.ColumnIndex }

var least, greatest = decimalBounds()

func decimalBounds() (least, greatest []byte) {
	n := new(big.Int).Exp(big.NewInt(10), big.NewInt(decimalDigits), nil)
	greatest = n.Sub(n, big.NewInt(1)).FillBytes(make([]byte, decimalBytes))
	least = make([]byte, decimalBytes)
	for i, b := range greatest {
		least[i] = ^b // one less than the least value, which is a bound as well
	}
	return least, greatest
}

// Reset implements parquet.ColumnIndexer.
func (a *anyDecimal) Reset() { a.index = format.ColumnIndex{} }

// IndexPage implements parquet.ColumnIndexer.
func (a *anyDecimal) IndexPage(values, nulls int64, _, _ parquet.Value) {
	empty := values == nulls
	low, high := least, greatest
	if empty {
		low, high = []byte{}, []byte{}
	}
	a.index.NullPages = append(a.index.NullPages, empty)
	a.index.NullCounts = append(a.index.NullCounts, nulls)
	a.index.MinValues = append(a.index.MinValues, low)
	a.index.MaxValues = append(a.index.MaxValues, high)
}

// ColumnIndex implements parquet.ColumnIndexer.
func (a *anyDecimal) ColumnIndex() format.ColumnIndex {
	index := a.index
	index.BoundaryOrder = format.Unordered
	return index
}
