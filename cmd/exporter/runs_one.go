package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

// showRun tells all of one run: what it was asked for, how it went, and the slices that
// no run has moved since.
func (p *program) showRun(ctx context.Context, s *session, r state.Run) error {
	all, err := s.state.Slices(ctx, r.Job, r.From, r.To)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(v state.Slice) bool { return v.Run != r.ID })
	if p.out.json {
		p.out.object(runOf(r))
		for _, v := range all {
			p.out.object(sliceOf(jobs.SliceView{Slice: v}))
		}
		return nil
	}
	job := s.cfg.Job(r.Job)
	for _, line := range runLines(job, r, zoneFor(s.cfg, r.Job)) {
		if line[1] != "" {
			p.out.text("%-10s %s\n", line[0], p.out.local(oneLine(line[1])))
		}
	}
	if job == nil || len(all) == 0 {
		return nil
	}
	var rows [][]string
	for _, v := range all {
		rows = append(rows, []string{
			span(sources.Interval{Start: v.Start, End: v.End}, job.DataZone), v.Part, stateOf(jobs.SliceView{Slice: v}, job.Zone), number(v.Page), number(v.Rows), v.Error,
		})
	}
	p.out.text("\n")
	p.out.table([]string{"interval", "part", "state", "pages", "rows", "error"}, rows)
	return nil
}

// runLines are what there is to say of a run, name and value.
func runLines(job *config.Job, r state.Run, zone *time.Location) [][2]string {
	asked := "what was due"
	switch {
	case !r.From.IsZero() && job != nil:
		asked = span(sources.Interval{Start: r.From, End: r.To}, job.DataZone)
		if r.To.IsZero() {
			asked = "from " + dayOrClock(r.From, job.DataZone)
		}
	case r.Trigger == state.TriggerPurge:
		asked = "everything"
	}
	if r.Only != "" {
		asked += ", only what is " + r.Only
	}
	ended := clock(r.Finished, zone)
	if ended != "" {
		ended += strings.TrimSuffix(" after "+took(length(r)), " after ")
	}
	return [][2]string{
		{"run", r.ID},
		{"job", r.Job},
		{"state", r.State},
		{"trigger", r.Trigger},
		{"asked for", asked},
		{"note", r.Note},
		{"requested", clock(r.Requested, zone)},
		{"started", clock(r.Started, zone)},
		{"ended", ended},
		{"slices", sliceCounts(r, zone)},
		{"rows", number(r.Rows)},
		{"calls", number(r.Calls)},
		{"error", r.Error},
		{"hint", r.Hint},
	}
}

// dayOrClock is a bound for people: a date where it is a midnight of the zone.
func dayOrClock(t time.Time, zone *time.Location) string {
	if t = t.In(zone); t.Format(time.TimeOnly) == "00:00:00" {
		return t.Format(time.DateOnly)
	}
	return clock(t, zone)
}
