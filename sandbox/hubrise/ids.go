package hubrise

import "hash/fnv"

// mix is the finalizer of SplitMix64: every bit of the result depends on every bit of a and b.
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func hashText(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash takes everything
	return h.Sum64()
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

func base36(v uint64, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = alphabet[v%36]
		v /= 36
	}
	return string(b)
}

// pickID is an id of five signs that nothing is read from.
func pickID(seed, n uint64) string { return base36(mix(seed, n), 5) }

// idSpace gives every number below 1<<bits an id that looks like chance and can be read back.
type idSpace struct {
	bits  uint
	width int
	salt  uint64
}

const (
	odd     = 0x9e3779b97f4a7c15 // any odd number has an inverse
	inverse = 0xf1de83e19937733d // odd * inverse == 1
)

func (s idSpace) mask() uint64 { return 1<<s.bits - 1 }

func (s idSpace) id(n uint64) string {
	x := (n ^ s.salt) & s.mask()
	x = x * odd & s.mask()
	x ^= x >> ((s.bits + 1) / 2)
	return base36(x, s.width)
}

// number reads an id back; ok is false for what no number has as its id.
func (s idSpace) number(id string) (n uint64, ok bool) {
	if len(id) != s.width {
		return 0, false
	}
	var x uint64
	for i := range len(id) {
		switch c := id[i]; {
		case c >= '0' && c <= '9':
			x = x*36 + uint64(c-'0')
		case c >= 'a' && c <= 'z':
			x = x*36 + uint64(c-'a') + 10
		default:
			return 0, false
		}
	}
	if x > s.mask() {
		return 0, false
	}
	x ^= x >> ((s.bits + 1) / 2)
	return (x*inverse ^ s.salt) & s.mask(), true
}

// dice are choices that depend on nothing but their seed and how many came before.
type dice struct{ seed, thrown uint64 }

func (d *dice) next() uint64 {
	d.thrown++
	return mix(d.seed, d.thrown)
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// one reports true for one of n.
func (d *dice) one(n int) bool { return d.next()%uint64(n) == 0 }

func choose[T any](d *dice, from ...T) T { return from[d.below(len(from))] }
