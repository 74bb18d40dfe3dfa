package main

import (
	"fmt"
	"slices"
	"strings"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
	"exporter/status"
)

// troubles is how many slices a calendar names one by one.
const troubles = 10

// showCalendar shows a sign for each interval, the parts one by one where there are
// several, then what failed or waits and what to do about what is not complete.
func (p *program) showCalendar(job *config.Job, all []jobs.SliceView) {
	slots := make([]status.Slot, len(all))
	kinds, parts := map[string]int{}, map[string]map[string]int{}
	for i, v := range all {
		slots[i] = status.Slot{Start: v.Start, State: v.State, Provisional: v.Provisional, Outdated: v.Outdated}
		kind := kindOf(job, v)
		kinds[kind]++
		if parts[v.Part] == nil {
			parts[v.Part] = map[string]int{}
		}
		parts[v.Part][kind]++
	}
	p.out.text("%s, %s in %s: %s\n\n%s", job.Name, job.Interval, job.DataZone, tally(kinds), status.Calendar(job.Interval, job.DataZone, slots))
	if len(parts) > 1 {
		var rows [][]string
		for part, n := range parts {
			rows = append(rows, []string{part, tally(n)})
		}
		slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		p.out.text("\n")
		p.out.table([]string{"part", "slices"}, rows)
	}
	p.showTroubles(job, all)
	for _, line := range p.advice(job, kinds) {
		p.out.note("%s", line)
	}
}

func (p *program) showTroubles(job *config.Job, all []jobs.SliceView) {
	var rows [][]string
	for _, v := range slices.Backward(all) { // the newest first
		if v.Error != "" && len(rows) < troubles {
			rows = append(rows, []string{span(sources.Interval{Start: v.Start, End: v.End}, job.DataZone), v.Part, stateOf(v, job.Zone), v.Error})
		}
	}
	if len(rows) > 0 {
		p.out.text("\n")
		p.out.table([]string{"interval", "part", "state", "error"}, rows)
	}
}

// The kinds in which a calendar counts slices.
const (
	kindComplete    = "complete"
	kindProvisional = "provisional"
	kindOutdated    = "outdated"
	kindWorking     = "being worked on"
)

// kindOf is where a slice stands, in one word.
func kindOf(job *config.Job, v jobs.SliceView) string {
	switch v.State {
	case state.SliceCommitted, state.SliceUnchanged:
		switch {
		case v.Provisional:
			return kindProvisional
		case v.Outdated:
			return kindOutdated
		case !v.Complete(job):
			return jobs.Missing
		}
		return kindComplete
	case state.SlicePlanned, state.SliceExtracting, state.SliceExtracted, state.SliceLoading:
		return kindWorking
	case state.SliceCheckFailed:
		return "check failed"
	default:
		return v.State
	}
}

// advice is what to press.
func (p *program) advice(job *config.Job, kinds map[string]int) []string {
	var lines []string
	command := commandOf(p.flags.config)
	if n := kinds[state.SliceFailed] + kinds["check failed"] + kinds[state.SliceInterrupted]; n > 0 {
		lines = append(lines, fmt.Sprintf("to try again what failed: %s retry %s", command, job.Name))
	}
	if kinds[jobs.Missing] > 0 {
		lines = append(lines, fmt.Sprintf("to load what is missing: %s backfill %s --from DAY", command, job.Name))
	}
	if kinds[kindOutdated] > 0 {
		lines = append(lines, fmt.Sprintf("to renew what is outdated: %s backfill %s --outdated --from DAY", command, job.Name))
	}
	return lines
}
