package plan_test

import (
	"archive/zip"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"exporter/jobs/plan"
	"exporter/record"
	"exporter/settings"
	"exporter/sources"
)

// changing returns every zone of Go's own list whose clock changes between two
// instants; in -short some of them. Links to a zone are there as well: an equal
// sequence of changes is looked at once.
func changing(t *testing.T, from, to time.Time, always ...string) map[string]*time.Location {
	t.Helper()
	list, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip")) //nolint:staticcheck // tests run where they are built
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := list.Close(); err != nil {
			t.Error(err)
		}
	}()
	found, seen := map[string]*time.Location{}, map[string]bool{}
	for i, f := range list.File {
		if strings.HasSuffix(f.Name, "/") || testing.Short() && i%8 != 0 && !slices.Contains(always, f.Name) {
			continue
		}
		z := zoneIn(t, f)
		var changes strings.Builder
		for at := record.NextShift(from.In(z)); !at.IsZero() && !at.After(to); at = record.NextShift(at) {
			changes.WriteString(at.UTC().Format(time.RFC3339) + at.Format(" -0700,"))
		}
		if changes.Len() > 0 && (!seen[changes.String()] || slices.Contains(always, f.Name)) {
			seen[changes.String()] = true
			found[f.Name] = z
		}
	}
	for _, name := range always {
		if found[name] == nil {
			t.Errorf("%s does not change its clock", name)
		}
	}
	return found
}

// zoneIn reads a zone from Go's own list, which has rules where those of most systems
// have tables.
func zoneIn(t *testing.T, f *zip.File) *time.Location {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	z, err := time.LoadLocationFromTZData(f.Name, data)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var peculiar = []string{
	"Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "Africa/Casablanca", "Europe/Berlin",
}

// For ten years in every zone that has changed its clock: a job exports each interval
// once; nothing is left out and nothing comes twice, and a local date has at most one
// interval of a day. It fires every night around changes of the clock, else every two
// weeks, which plans the days in between as well.
func TestTenYearsOfEveryZone(t *testing.T) {
	years := func(from, to string, always ...string) {
		first, last := at(t, from), at(t, to)
		zones := changing(t, first, last, always...)
		if !testing.Short() && len(always) > 1 && len(zones) < 100 {
			t.Errorf("only %d zones change their clocks", len(zones))
		}
		for name, z := range zones {
			tenYears(t, name, plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: z}}, first, last)
			if slices.Contains(always, name) {
				tenYears(t, name, plan.Job{Grid: plan.Grid{Length: length(t, "6h"), Zone: z}}, first, last)
			}
		}
		t.Logf("%d zones", len(zones))
	}
	years("2010-01-01T00:00:00Z", "2020-01-01T00:00:00Z", peculiar...)
	years("1993-01-01T00:00:00Z", "1994-01-01T00:00:00Z", "Pacific/Kwajalein") // it skipped 21 August 1993
}

func tenYears(t *testing.T, name string, j plan.Job, first, last time.Time) {
	t.Helper()
	g := j.Grid
	done, owed := g.Containing(first).Start, time.Time{} // exported until, and what the last firing had
	days := map[string]bool{}
	for now := first.AddDate(0, 0, 3); now.Before(last); now = now.Add(untilNext(now, g.Zone)) {
		if owed.IsZero() {
			owed = done
		}
		due := j.Firing(now, owed, plan.Known{Complete: func(i sources.Interval) bool { return !i.End.After(done) }})
		for k := len(due.Slices) - 1; k >= 0; k-- {
			s := due.Slices[k]
			if s.End.Equal(done) && !s.Owed {
				continue // the newest one is read again, if nothing has closed since
			}
			if !s.Start.Equal(done) || !s.Start.Before(s.End) || s.End.After(now) {
				t.Fatalf("%s %s: at %s, complete until %s, comes %s", name, g.Length, now, done, s)
			}
			if g.Length.Unit == settings.Day {
				date := s.Start.In(g.Zone).Format(time.DateOnly)
				if days[date] {
					t.Fatalf("%s: %s twice", name, date)
				}
				days[date] = true
			}
			done = s.End
		}
		owed = j.Newest(now).Start
	}
	if last.Sub(done) > 17*24*time.Hour {
		t.Fatalf("%s %s: complete until %s only", name, g.Length, done)
	}
}

// untilNext is a night where the clock changes within days, else two weeks.
func untilNext(now time.Time, z *time.Location) time.Duration {
	const day = 24 * time.Hour
	before, after := record.LastShift(now.In(z)), record.NextShift(now.In(z))
	if !before.IsZero() && now.Sub(before) < 3*day || !after.IsZero() && after.Sub(now) < 17*day {
		return day
	}
	return 14 * day
}
