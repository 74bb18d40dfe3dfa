package jobs

import (
	"slices"

	"exporter/fault"
	"exporter/state"
)

// Exit codes of the process, see design.md §5 and `exporter --help`.
const (
	ExitOK          = 0   // all slices committed or unchanged
	ExitFailed      = 1   // all failed, for reasons other than the following
	ExitConfig      = 2   // configuration or usage
	ExitAuth        = 3   // a login was refused
	ExitPartial     = 4   // some slices, or some sinks of a slice, are fine, some are not
	ExitCheck       = 5   // a check failed, rows did not add up, or an empty answer was kept out
	ExitParked      = 6   // waiting for quota at the end
	ExitInterrupted = 130 // stopped by SIGINT or SIGTERM
)

// ExitCode returns the exit code of a single failure; nil is ExitOK.
func ExitCode(err error) int {
	switch fault.ClassOf(err) {
	case "":
		return ExitOK
	case fault.Config:
		return ExitConfig
	case fault.Auth:
		return ExitAuth
	case fault.Check, fault.Mismatch:
		return ExitCheck
	case fault.Parked:
		return ExitParked
	case fault.Interrupted:
		return ExitInterrupted
	default:
		return ExitFailed
	}
}

// combineSlices returns the exit code of a run: the common one of its slices;
// ExitPartial where some are fine and some are not, else ExitFailed.
func combineSlices(codes []int) int {
	code := Combine(codes)
	if code == ExitPartial && !slices.Contains(codes, ExitOK) && !slices.Contains(codes, ExitPartial) {
		return ExitFailed
	}
	return code
}

// Combine returns the exit code of several runs: the common one, else
// ExitPartial; an interruption outweighs everything.
func Combine(codes []int) int {
	if len(codes) == 0 {
		return ExitOK
	}
	code := codes[0]
	for _, c := range codes {
		switch {
		case c == ExitInterrupted:
			return ExitInterrupted
		case c != code:
			code = ExitPartial
		}
	}
	return code
}

// runState returns the state a run with this exit code ends in.
func runState(code int) string {
	switch code {
	case ExitOK:
		return state.RunSucceeded
	case ExitPartial:
		return state.RunPartial
	case ExitParked:
		return state.RunParked
	case ExitInterrupted:
		return state.RunInterrupted
	default:
		return state.RunFailed
	}
}

// sliceState returns the state in which a slice stays after err.
func sliceState(err error) string {
	switch fault.ClassOf(err) {
	case fault.Check:
		return state.SliceCheckFailed
	case fault.Parked:
		return state.SliceWaiting
	case fault.Interrupted:
		return state.SliceInterrupted
	default:
		return state.SliceFailed
	}
}
