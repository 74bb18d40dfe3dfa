package record

import (
	"math/big"
	"math/bits"
	"strings"
)

// Sum adds decimals exactly. Numbers of up to 18 digits are added without
// allocation, in one 128-bit counter per number of fraction digits; larger ones
// go through big.Int. The zero Sum is 0.
type Sum struct {
	small [maxScale + 1]int128
	used  uint32 // bit s: small[s] was added to; the scale of the sum is its highest
	big   *big.Int
	scale int // of big
}

const maxScale = 18

type int128 struct {
	hi int64
	lo uint64
}

func (x *int128) add(v int64) {
	lo, carry := bits.Add64(x.lo, uint64(v), 0)
	x.lo = lo
	x.hi += v>>63 + int64(carry)
}

func (x int128) big() *big.Int {
	v := new(big.Int).Lsh(big.NewInt(x.hi), 64)
	return v.Add(v, new(big.Int).SetUint64(x.lo))
}

// AddInt adds an integer.
func (s *Sum) AddInt(v int64) { s.AddScaled(v, 0) }

// AddScaled adds v / 10^scale; scale is 0 to 18.
func (s *Sum) AddScaled(v int64, scale int) {
	s.small[scale].add(v)
	s.used |= 1 << scale
}

// AddDecimal adds a canonical decimal, see [AppendDecimal].
func (s *Sum) AddDecimal(d []byte) {
	var v int64
	neg := len(d) > 0 && d[0] == '-'
	i := 0
	if neg {
		i = 1
	}
	scale, n, seen := 0, 0, false
	for ; i < len(d); i++ {
		if d[i] == '.' {
			seen = true
			continue
		}
		v = v*10 + int64(d[i]-'0')
		if n++; n > maxScale {
			s.addBig(d)
			return
		}
		if seen {
			scale++
		}
	}
	if neg {
		v = -v
	}
	s.AddScaled(v, scale)
}

func (s *Sum) addBig(d []byte) {
	text := string(d)
	scale := 0
	if dot := strings.IndexByte(text, '.'); dot >= 0 {
		scale = len(text) - dot - 1
		text = text[:dot] + text[dot+1:]
	}
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic("record: sum of a cell that is not a canonical decimal: " + string(d))
	}
	s.big, s.scale = addScaled(s.big, s.scale, v, scale)
}

func addScaled(a *big.Int, as int, b *big.Int, bs int) (*big.Int, int) {
	if a == nil {
		return b, bs
	}
	if as < bs {
		a, as, b, bs = b, bs, a, as
	}
	return new(big.Int).Add(a, new(big.Int).Mul(b, pow10(as-bs))), as
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// String returns the sum as a canonical decimal with as many fraction digits as
// the most precise number that was added.
func (s *Sum) String() string {
	total, scale := s.big, s.scale
	for i := range s.small {
		if s.used&(1<<i) != 0 {
			total, scale = addScaled(total, scale, s.small[i].big(), i)
		}
	}
	if total == nil {
		return "0"
	}
	text := new(big.Int).Abs(total).String()
	if len(text) <= scale {
		text = strings.Repeat("0", scale-len(text)+1) + text
	}
	if scale > 0 {
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if total.Sign() < 0 {
		text = "-" + text
	}
	return text
}
