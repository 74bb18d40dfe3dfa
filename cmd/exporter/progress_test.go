package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sources"
	"exporter/state"
)

// What a person sees of waits for quota, on the clock of the job.
func TestProgressOfWaits(t *testing.T) {
	zone := time.FixedZone("WALL", 2*3600)
	next := time.Date(2026, 11, 22, 1, 14, 5, 0, time.UTC)
	var screen bytes.Buffer // written to by one goroutine that close waits for
	p := newProgress(&screen, 120, &config.Config{Exporter: config.Exporter{Zone: zone}}, time.Now)
	run := state.Run{ID: "r", Job: "conversions"}
	day := sources.Interval{Start: next.AddDate(0, 0, -1), End: next}
	p.notify(jobs.Event{Kind: jobs.RunPlanned, Run: run, Slices: 1})
	p.notify(jobs.Event{Kind: jobs.QuotaWaits, Run: run, Until: next})
	p.notify(jobs.Event{Kind: jobs.SliceBegan, Run: run, Interval: day})
	p.notify(jobs.Event{Kind: jobs.SliceEnded, Run: run, Interval: day, State: state.SliceWaiting, Until: next, Err: errors.New("no quota")})
	p.close()
	for _, want := range []string{"conversions: waiting for quota, next page at 03:14:05 WALL\n", "conversions waiting until 03:14:05 WALL", "not loaded"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("the screen does not show %q:\n%s", want, screen.String())
		}
	}
}
