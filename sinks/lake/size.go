package lake

import (
	"fmt"
	"regexp"
	"strconv"
)

// Size is a number of bytes, written as an integer and a unit: "1GiB".
type Size int64

var sizePattern = regexp.MustCompile(`^([1-9][0-9]{0,6})(KiB|MiB|GiB)$`)

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	m := sizePattern.FindStringSubmatch(string(text))
	if m == nil {
		return fmt.Errorf("%q is not a size; write an integer and one of KiB, MiB, GiB, such as \"1GiB\"", text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a size: %w", text, err)
	}
	*s = Size(n * map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[m[2]])
	return nil
}
