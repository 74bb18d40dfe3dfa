package main

import (
	"cmp"
	"slices"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/sources"
	"exporter/state"
)

// missing is the state of a slice that a job owes and nobody has seen.
const missing = "missing"

// withOwed adds to what is known of a job's slices the closed intervals that it
// owes in [from, to) and of which nothing is known, for every part that is known.
// The result is in order of time.
func withOwed(job *config.Job, known []jobs.SliceView, from, to, now time.Time) []jobs.SliceView {
	if job.Interval.IsZero() {
		return known
	}
	var oldest time.Time
	parts := []string{}
	seen := map[sliceID]bool{}
	for _, v := range known {
		if oldest.IsZero() || v.Start.Before(oldest) {
			oldest = v.Start
		}
		if !slices.Contains(parts, v.Part) {
			parts = append(parts, v.Part)
		}
		seen[sliceID{part: v.Part, start: v.Start.UnixMicro()}] = true
	}
	if len(parts) == 0 {
		parts = []string{""}
	}
	all := slices.Clone(known)
	for _, i := range owed(job, oldest, now) {
		if i.Start.Before(from) || !to.IsZero() && !i.Start.Before(to) {
			continue
		}
		for _, part := range parts {
			if !seen[sliceID{part: part, start: i.Start.UnixMicro()}] {
				all = append(all, jobs.SliceView{Slice: state.Slice{
					Job: job.Name, Part: part, Start: i.Start, End: i.End, State: missing, Announced: sources.Unknown,
				}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b jobs.SliceView) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Part, b.Part))
	})
	return all
}

// owed are the closed intervals a job would export if it had none: those since
// its start (or the oldest it has) and its lookback.
func owed(job *config.Job, oldest, now time.Time) []sources.Interval {
	p := plan.Job{Grid: plan.Grid{Length: job.Interval, Zone: job.DataZone}, Lookback: job.Lookback, Start: job.Start, Settle: job.Settle}
	var all []sources.Interval
	for _, s := range p.Firing(now, oldest, func(sources.Interval) bool { return false }) {
		all = append(all, s.Interval)
	}
	return all
}
