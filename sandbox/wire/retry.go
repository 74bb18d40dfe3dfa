package wire

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// RetryAfter is the form of the Retry-After header of a throttled answer; "" is [RetryAfterOff].
type RetryAfter string

// The forms of Retry-After.
const (
	RetryAfterOff     RetryAfter = "off"
	RetryAfterSeconds RetryAfter = "seconds"
	RetryAfterDate    RetryAfter = "date"
)

// Set says in h how long to wait, if a says it at all.
func (a RetryAfter) Set(h http.Header, wait time.Duration) {
	switch a {
	case RetryAfterSeconds:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	case RetryAfterDate: // a date has whole seconds: rounded up, so that the wait is never too short
		at := time.Now().Add(wait + time.Second - 1).UTC()
		h.Set("Retry-After", at.Format(http.TimeFormat))
	}
}
