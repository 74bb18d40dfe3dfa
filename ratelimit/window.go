package ratelimit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"exporter/fault"
)

// Window is a limit of N requests in any interval of length Per. Fixed says that
// the vendor's counter starts anew at the round minute, hour or day (UTC).
type Window struct {
	N     int
	Per   time.Duration
	Fixed bool
}

const example = `write it like "20/10s" or "500/1m fixed"`

var units = []struct {
	name string
	d    time.Duration
}{
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

// ParseWindow reads "N/duration" with an optional " fixed"; a duration is a whole
// number with one of the units ms, s, m, h, d.
func ParseWindow(s string) (Window, error) {
	spec, suffix, hasSuffix := strings.Cut(strings.TrimSpace(s), " ")
	if hasSuffix && strings.TrimSpace(suffix) != "fixed" {
		return Window{}, badWindow(s, fmt.Sprintf("%q is not known after the duration, only \"fixed\" is", strings.TrimSpace(suffix)))
	}
	count, per, ok := strings.Cut(spec, "/")
	if !ok {
		return Window{}, badWindow(s, "there is no \"/\" between the number of requests and the duration")
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return Window{}, badWindow(s, fmt.Sprintf("%q is not a whole number of requests", count))
	}
	if n < 1 {
		return Window{}, badWindow(s, "the number of requests must be at least 1")
	}
	d, err := parsePer(per)
	if err != nil {
		return Window{}, badWindow(s, err.Error())
	}
	return Window{N: n, Per: d, Fixed: hasSuffix}, nil
}

func parsePer(s string) (time.Duration, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration, which is a whole number and s, m, h or d", s)
	}
	for _, u := range units {
		if u.name != s[len(digits):] {
			continue
		}
		if n < 1 || n > int64(366*24*time.Hour/u.d) {
			return 0, fmt.Errorf("the duration %q must be more than 0 and at most 366d", s)
		}
		return time.Duration(n) * u.d, nil
	}
	return 0, fmt.Errorf("the duration %q needs a unit: s, m, h or d", s)
}

func badWindow(s, why string) error {
	return fault.New(fault.Config, "limit %q: %s; %s", s, why, example)
}

// String returns the shortest form that [ParseWindow] reads as w.
func (w Window) String() string {
	s := strconv.Itoa(w.N) + "/"
	for _, u := range units {
		if w.Per%u.d == 0 && w.Per > 0 {
			s += strconv.FormatInt(int64(w.Per/u.d), 10) + u.name
			break
		}
	}
	if w.Fixed {
		s += " fixed"
	}
	return s
}

// UnmarshalText implements encoding.TextUnmarshaler with [ParseWindow].
func (w *Window) UnmarshalText(text []byte) error {
	parsed, err := ParseWindow(string(text))
	if err != nil {
		return err
	}
	*w = parsed
	return nil
}

// MarshalText implements encoding.TextMarshaler with [Window.String].
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }
