package settings

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Size is a number of bytes, written as an integer and a unit: "20GiB".
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
}

var size = regexp.MustCompile(`^([0-9]{1,18})([KMGT]i?B|B)$`)

// UnmarshalText reads a size in KiB, MiB, GiB, TiB (powers of 1024), KB, MB, GB, TB
// (powers of 1000) or B.
func (s *Size) UnmarshalText(b []byte) error {
	m := size.FindSubmatch(b)
	if m == nil {
		return fmt.Errorf("%q is not a size; write an integer and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, such as \"20GiB\"", b)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a size: %w", b, err)
	}
	for _, u := range sizeUnits {
		if u.name != string(m[2]) {
			continue
		}
		if n > math.MaxInt64/u.bytes {
			return fmt.Errorf("%q is more than 8388607TiB", b)
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q has an unknown unit", b)
}

// MarshalText writes the size.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size in the unit that makes the shortest number exactly.
func (s Size) String() string {
	best := sizeUnits[len(sizeUnits)-1]
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 && u.bytes > best.bytes {
			best = u
		}
	}
	return strconv.FormatInt(int64(s)/best.bytes, 10) + best.name
}
