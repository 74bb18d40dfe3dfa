package main

import (
	"fmt"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/settings"
	"exporter/state"
)

// What a job of hours with a thousand parts owes since ten years is millions of slices:
// the newest are shown, and from where on.
func TestWhatIsOwedIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	job := &config.Job{Name: "j", Interval: settings.Duration{N: 1, Unit: settings.Hour}, DataZone: time.UTC, Zone: time.UTC, Start: now.AddDate(-10, 0, 0).Truncate(time.Hour)}
	var known []jobs.SliceView
	newest := now.Truncate(time.Hour).Add(-time.Hour)
	for part := range 1000 {
		known = append(known, jobs.SliceView{Slice: state.Slice{Job: "j", Part: fmt.Sprint(part), Start: newest, End: newest.Add(time.Hour), State: state.SliceCommitted}})
	}
	all, cut := withOwed(job, known, time.Time{}, time.Time{}, now, mostOwed)
	if want := newest.Add(-100 * time.Hour); len(all) != 1000+mostOwed || !cut.Equal(want) || !all[0].Start.Equal(want) {
		t.Errorf("%d slices from %s on, cut at %s; want %d from %s", len(all), all[0].Start, cut, 1000+mostOwed, want)
	}
	day := newest.AddDate(-1, 0, 0)
	if all, cut := withOwed(job, known, day, day.Add(24*time.Hour), now, mostOwed); len(all) != 1000+24_000 || !cut.IsZero() {
		t.Errorf("%d slices of a day, cut at %s", len(all), cut)
	}
}
