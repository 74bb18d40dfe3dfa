package jobs

import (
	"strings"

	"exporter/fault"
)

// named writes the job's name into a hint of somebody who does not know it: sinks tell of
// keys in [jobs.NAME.columns].
func named(err error, job string) error {
	hint := fault.HintOf(err)
	if !strings.Contains(hint, "[jobs.NAME") {
		return err
	}
	return &fault.Error{Class: fault.ClassOf(err), Hint: strings.ReplaceAll(hint, "[jobs.NAME", "[jobs."+job), Wait: fault.WaitOf(err), Err: err}
}
