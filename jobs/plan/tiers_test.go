package plan_test

import (
	"fmt"
	"testing"
	"time"

	"exporter/jobs/plan"
	"exporter/sources"
)

// A job that fires every hour with three tiers: each day is compared with the vendor's
// rows as often as its tier says while it is in it, and then no more.
func TestTiersAreExportedAsOftenAsTheySay(t *testing.T) {
	z := zone(t, "Europe/Berlin")
	j := plan.Job{
		Grid: plan.Grid{Length: length(t, "1d"), Zone: z}, Lookback: length(t, "90d"),
		Tiers: []plan.Tier{
			{Span: length(t, "2d"), Every: time.Hour}, {Span: length(t, "7d"), Every: 24 * time.Hour}, {Span: length(t, "90d"), Every: 7 * 24 * time.Hour},
		},
	}
	checked, times := map[int64]time.Time{}, map[int64]int{}
	var since time.Time
	first := at(t, "2026-01-01T00:05:00Z")
	most, total, firings := 0, 0, 0
	for now := first; now.Before(at(t, "2026-08-01T00:00:00Z")); now = now.Add(time.Hour) {
		due := j.Firing(now.Add(time.Duration(now.Hour())*time.Second), since, plan.Known{
			Complete: func(i sources.Interval) bool { return !checked[i.Start.Unix()].IsZero() },
			Checked:  func(i sources.Interval) time.Time { return checked[i.Start.Unix()] },
		})
		for _, s := range due.Slices {
			checked[s.Start.Unix()], times[s.Start.Unix()] = now, times[s.Start.Unix()]+1
		}
		if got := len(due.Slices) + len(due.Fresh); got != 90 {
			t.Fatalf("%s: %d intervals of the lookback", now, got)
		}
		if now.After(first) {
			most, total, firings = max(most, len(due.Slices)), total+len(due.Slices), firings+1
		}
		since = j.Newest(now).Start
	}
	// 2 days hourly, 5 days daily, 83 days weekly.
	day := j.Containing(at(t, "2026-03-10T12:00:00Z")).Start.Unix()
	if got := times[day]; got < 48+5+10 || got > 48+7+15 {
		t.Errorf("a day was compared %d times", got)
	}
	if perDay := float64(total) / float64(firings) * 24; perDay < 48+5+11 || perDay > 48+6+15 {
		t.Errorf("%.1f slices a day, all of the lookback would be %d", perDay, 90*24)
	}
	t.Logf("at most %d slices in a firing, %.1f in a day, a day %d times", most, float64(total)/float64(firings)*24, times[day])
}

// With a nightly firing that begins a minute earlier or later each time, a daily tier
// is exported every night.
func TestADailyTierEveryNight(t *testing.T) {
	j := plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: time.UTC}, Lookback: length(t, "3d"), Tiers: []plan.Tier{{Span: length(t, "3d"), Every: 24 * time.Hour}}}
	checked := time.Time{}
	for night := range 10 {
		now := at(t, "2026-05-01T03:30:00Z").AddDate(0, 0, night).Add(time.Duration(night%2) * time.Minute)
		due := j.Firing(now, time.Time{}, plan.Known{
			Complete: func(sources.Interval) bool { return true },
			Checked:  func(sources.Interval) time.Time { return checked },
		})
		if len(due.Slices) != 3 {
			t.Errorf("night %d: %v", night, due)
		}
		checked = now
	}
}

// What a tier would leave out is exported all the same where it is not complete, and
// where the clock was set back since it was compared.
func TestTiersLeaveNoGap(t *testing.T) {
	j := plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: time.UTC}, Lookback: length(t, "4d"), Tiers: []plan.Tier{{Span: length(t, "4d"), Every: 7 * 24 * time.Hour}}}
	now := at(t, "2026-05-10T03:30:00Z")
	due := j.Firing(now, time.Time{}, plan.Known{
		Complete: func(i sources.Interval) bool { return i.Start.Day() != 8 },
		Checked: func(i sources.Interval) time.Time {
			if i.Start.Day() == 7 {
				return now.AddDate(0, 1, 0)
			}
			return now.Add(-time.Hour)
		},
	})
	if got := fmt.Sprint(starts(due.Slices)); got != "[2026-05-08T00:00:00Z 2026-05-07T00:00:00Z]" || len(due.Fresh) != 2 {
		t.Errorf("exports %s, leaves %v", got, due.Fresh)
	}
}

// Gaps are closed so many in a firing, the newest first, and all of them in the end.
func TestGapsAreClosedSoManyInAFiring(t *testing.T) {
	j := plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: time.UTC}, Lookback: length(t, "2d"), Start: at(t, "2026-01-01T00:00:00Z"), Heal: 10}
	done := map[int64]bool{}
	for night := range 11 {
		now := at(t, "2026-04-11T03:30:00Z").AddDate(0, 0, night)
		due := j.Firing(now, time.Time{}, plan.Known{Complete: func(i sources.Interval) bool { return done[i.Start.Unix()] }})
		if want := min(12, 98-10*night+2); len(due.Slices) != max(want, 2) || len(due.Left) != max(0, 88-10*night) {
			t.Errorf("night %d: %d slices, %d left", night, len(due.Slices), len(due.Left))
		}
		for k, s := range due.Slices {
			done[s.Start.Unix()] = true
			if k > 0 && s.Start.After(due.Slices[k-1].Start) {
				t.Errorf("night %d: %s after %s", night, s, due.Slices[k-1])
			}
		}
	}
	if len(done) != 110 {
		t.Errorf("%d days are there", len(done))
	}
}

// BenchmarkPlanning plans a firing of 100 jobs that owe two years of days.
func BenchmarkPlanning(b *testing.B) {
	j := plan.Job{Grid: plan.Grid{Length: length(b, "1d"), Zone: zone(b, "Europe/Berlin")}, Lookback: length(b, "30d"), Start: at(b, "2026-01-01T00:00:00Z")}
	now := at(b, "2028-01-01T03:30:00Z")
	for b.Loop() {
		for range 100 {
			if got := j.Firing(now, time.Time{}, plan.Known{Complete: none}); len(got.Slices) != 730 {
				b.Fatalf("%d slices", len(got.Slices))
			}
		}
	}
}
