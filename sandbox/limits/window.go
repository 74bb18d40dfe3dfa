// Package limits is the server's side of a rate limit: it refuses what a vendor
// would refuse and says why, in numbers from which a vendor's text is made.
//
// Windows are written "50/10s" (sliding) or "50/10s fixed" (aligned to the Unix
// epoch); all windows of a gate hold at once. This package must stay apart from
// the client's limiter: a mistake made twice is a mistake nobody sees.
package limits

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Window allows Limit requests per Per.
type Window struct {
	Limit int
	Per   time.Duration
	Fixed bool // aligned to the epoch instead of sliding
}

// ParseWindow reads "50/10s" or "50/10s fixed".
func ParseWindow(text string) (Window, error) {
	rest, fixed := strings.CutSuffix(strings.TrimSpace(text), " fixed")
	count, per, ok := strings.Cut(rest, "/")
	if !ok {
		return Window{}, fmt.Errorf("window %q: want N/duration, for example 50/10s", text)
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return Window{}, fmt.Errorf("window %q: want a positive count before the slash", text)
	}
	if days, ok := strings.CutSuffix(per, "d"); ok {
		hours, err := strconv.Atoi(days)
		if err != nil {
			return Window{}, fmt.Errorf("window %q: want whole days", text)
		}
		per = strconv.Itoa(hours*24) + "h"
	}
	d, err := time.ParseDuration(per)
	if err != nil || d <= 0 {
		return Window{}, fmt.Errorf("window %q: want a positive duration after the slash", text)
	}
	return Window{Limit: n, Per: d, Fixed: fixed}, nil
}

// ParseWindows reads several windows.
func ParseWindows(texts []string) ([]Window, error) {
	var windows []Window
	for _, text := range texts {
		w, err := ParseWindow(text)
		if err != nil {
			return nil, err
		}
		windows = append(windows, w)
	}
	return windows, nil
}

// String implements fmt.Stringer, in the form [ParseWindow] reads.
func (w Window) String() string {
	s := fmt.Sprintf("%d/%s", w.Limit, w.Per)
	if w.Fixed {
		s += " fixed"
	}
	return s
}
