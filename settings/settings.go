// Package settings holds the types that the settings of adapters and jobs are
// made of: secrets that do not print, durations that know days and months, sizes,
// and the problems a configuration is refused for.
package settings

import (
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"time"
)

// Redacted is what a secret prints as.
const Redacted = "REDACTED"

// Secret is a string that prints as REDACTED in fmt, slog and JSON. Convert it
// with Reveal where the value itself is needed; the empty secret prints as "".
type Secret string

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) masked() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// String implements fmt.Stringer.
func (s Secret) String() string { return s.masked() }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return strconv.Quote(s.masked()) }

// Format keeps every verb from showing the value.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		fmt.Fprint(f, strconv.Quote(s.masked()))
		return
	}
	fmt.Fprint(f, s.masked())
}

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.masked()) }

// MarshalText keeps JSON and every other text encoding from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.masked()), nil }

// Problem is one reason to refuse a configuration. Key is relative to the table
// whose settings report it ("client_secret", "limits[1]").
type Problem struct {
	Key  string
	Text string // what is wrong and what to write instead
}

// Problemf returns a problem of a key.
func Problemf(key, format string, args ...any) Problem {
	return Problem{Key: key, Text: fmt.Sprintf(format, args...)}
}

// Unit is the unit of a [Duration].
type Unit string

// The units. Days and longer are calendar units: their length depends on the
// date and the zone.
const (
	Second Unit = "s"
	Minute Unit = "m"
	Hour   Unit = "h"
	Day    Unit = "d"
	Week   Unit = "w"
	Month  Unit = "mo"
)

// Duration is an integer and a unit: "90s", "36h", "30d", "1mo".
// The zero Duration is unset.
type Duration struct {
	N    int
	Unit Unit
}

var duration = regexp.MustCompile(`^([0-9]{1,9})(s|m|h|d|w|mo)$`)

// ParseDuration reads a duration.
func ParseDuration(s string) (Duration, error) {
	m := duration.FindStringSubmatch(s)
	if m == nil {
		return Duration{}, fmt.Errorf("%q is not a duration; write an integer and one of s, m, h, d, w, mo, such as \"36h\" or \"30d\"", s)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return Duration{}, fmt.Errorf("%q is not a duration: %w", s, err)
	}
	return Duration{N: n, Unit: Unit(m[2])}, nil
}

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the duration as it is written in a configuration, "" if unset.
func (d Duration) String() string {
	if d.Unit == "" {
		return ""
	}
	return strconv.Itoa(d.N) + string(d.Unit)
}

// IsZero reports whether the duration is unset or of no length.
func (d Duration) IsZero() bool { return d.N == 0 }

// Std returns the duration with a day as 24 hours, a week as 7 days and a month
// as 30: for waits and timeouts, never for data intervals.
func (d Duration) Std() time.Duration {
	n := time.Duration(d.N)
	switch d.Unit {
	case Second:
		return n * time.Second
	case Minute:
		return n * time.Minute
	case Hour:
		return n * time.Hour
	case Day:
		return n * 24 * time.Hour
	case Week:
		return n * 7 * 24 * time.Hour
	case Month:
		return n * 30 * 24 * time.Hour
	}
	return 0
}
