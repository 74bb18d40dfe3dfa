package main

import (
	"cmp"
	"slices"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

// mostOwed is how many slices of which nothing is known a command shows: a job of hours
// with a thousand parts owes millions.
const mostOwed = 100_000

// withOwed adds to what is known of a job's slices the closed intervals in [from,
// to) of which nothing is known, for every part that is known: what the job owes,
// and gaps behind that, which a run exports only when it is told to. It adds no more
// than most, the newest; of intervals before cut, zero if there are none, it adds none.
// The result is in order of time.
func withOwed(job *config.Job, known []jobs.SliceView, from, to, now time.Time, most int) (all []jobs.SliceView, cut time.Time) {
	if job.Interval.IsZero() {
		return known, cut
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
	all = slices.Clone(known)
	for _, i := range jobs.Expected(job, oldest, now) { // newest first
		if i.Start.Before(from) || !to.IsZero() && !i.Start.Before(to) {
			continue
		}
		had := len(all)
		for _, part := range parts {
			if !seen[sliceID{part: part, start: i.Start.UnixMicro()}] {
				all = append(all, jobs.SliceView{Slice: state.Slice{
					Job: job.Name, Part: part, Start: i.Start, End: i.End, State: jobs.Missing, Announced: sources.Unknown,
				}})
			}
		}
		if len(all)-len(known) > most {
			all, cut = all[:had], i.End
			break
		}
	}
	slices.SortStableFunc(all, func(a, b jobs.SliceView) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Part, b.Part))
	})
	return all, cut
}
