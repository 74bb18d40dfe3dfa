package hasoffers

import (
	"encoding/hex"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// print is the order-independent fingerprint of a page's rows. The order is left
// out because rows are members of an object.
type print struct {
	hi, lo uint64
	buf    []byte
}

func (p *print) add(r *row) {
	p.buf = append(p.buf[:0], r.key...)
	for _, at := range r.at {
		p.buf = append(append(p.buf, 0), r.raw[at.from:at.to]...) // JSON holds no bare zero byte
	}
	h := xxh3.Hash128(p.buf)
	var carry uint64
	p.lo, carry = bits.Add64(p.lo, h.Lo, 0)
	p.hi, _ = bits.Add64(p.hi, h.Hi, carry)
}

func (p *print) hash() string {
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(p.hi>>(8*i)), byte(p.lo>>(8*i))
	}
	return hex.EncodeToString(b[:])
}
