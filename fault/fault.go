// Package fault sorts every failure of the exporter into a class, because the
// class and nothing else decides three things: whether an attempt is repeated,
// who is told, and with which exit code the process ends.
//
// A class travels inside an error chain and is found with [ClassOf]; code wraps
// freely with %w and never loses it. An error without a class is permanent:
// an unknown failure is shown to a person, not repeated.
//
// Times are durations; messages are lower case without a final stop; hints are
// whole sentences that tell an operator what to do next.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Class is the kind of a failure.
type Class string

// The classes, from the most to the least hopeful.
const (
	// Throttled: the vendor asked for patience. Repeated after [WaitOf], never counted as an error.
	Throttled Class = "throttled"
	// Transient: network, 5xx, a database restarting. Repeated with backoff, a bounded number of times.
	Transient Class = "transient"
	// Drift: rows moved while they were paged. The slice starts again from its first page.
	Drift Class = "drift"
	// Mismatch: rows do not add up to what the vendor announced or totals. The slice starts again;
	// what stays so is a failed check of the data.
	Mismatch Class = "mismatch"
	// Parked: the wait for quota is longer than allowed. The slice keeps its place and goes on in a later run.
	Parked Class = "parked"
	// Check: the data arrived but may not replace what is there (failed check, empty answer kept out).
	Check Class = "check"
	// Auth: a login is refused or lacks a permission. Not repeated; a person must act.
	Auth Class = "auth"
	// Data: an answer cannot be understood. Not repeated.
	Data Class = "data"
	// Config: the configuration or the command line is wrong. Not repeated.
	Config Class = "config"
	// Permanent: refused for good, or unknown. Not repeated.
	Permanent Class = "permanent"
	// Interrupted: the operator or a shutdown stopped the work. What is durable stays durable.
	Interrupted Class = "interrupted"
)

// Error is a failure with its class. The zero Hint and Wait mean none.
type Error struct {
	Class Class
	Msg   string        // what failed; "" prints only Err
	Hint  string        // what an operator can do about it
	Wait  time.Duration // for Throttled: how long the vendor asked to wait; 0 = not said
	Err   error         // cause
}

// Error implements error.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Msg
	case e.Msg == "":
		return e.Err.Error()
	default:
		return e.Msg + ": " + e.Err.Error()
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of class c. Format verbs, %w among them, work as in [fmt.Errorf].
func New(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Err: fmt.Errorf(format, args...)}
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithWait sets the wait and returns e.
func (e *Error) WithWait(d time.Duration) *Error {
	e.Wait = d
	return e
}

// ClassOf returns the class of the outermost classified error in err's chain.
// A cancelled context is Interrupted, an exceeded deadline Transient, anything
// unclassified Permanent, and nil the empty class.
func ClassOf(err error) Class {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Class
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, context.DeadlineExceeded):
		return Transient
	default:
		return Permanent
	}
}

// HintOf returns the first non-empty hint in err's chain, outermost first.
func HintOf(err error) string {
	var e *Error
	for errors.As(err, &e) {
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// WaitOf returns how long a throttled error asks to wait, 0 if it does not say.
func WaitOf(err error) time.Duration {
	var e *Error
	for errors.As(err, &e) {
		if e.Wait > 0 {
			return e.Wait
		}
		err = e.Err
	}
	return 0
}
