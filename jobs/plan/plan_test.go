package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"exporter/jobs/plan"
	"exporter/settings"
	"exporter/sources"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func length(t testing.TB, s string) settings.Duration {
	t.Helper()
	d, err := settings.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// zones change their clocks in every way there is: at 01:00, 02:00, 24:00, by
// half an hour, at midnight so that days begin at 01:00, and by a whole day.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut",
	"Africa/Casablanca", "Pacific/Apia", "Asia/Tehran", "America/Havana", "Asia/Gaza", "Pacific/Chatham",
}

func TestGridTilesTime(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		rapid.Check(t, func(t *rapid.T) {
			l, err := settings.ParseDuration(rapid.SampledFrom(plan.Lengths).Draw(t, "length"))
			if err != nil {
				t.Fatal(err)
			}
			g := plan.Grid{Length: l, Zone: z}
			// 2005 to 2027: Apia skips a day in 2011, Sao Paulo and Beirut change at midnight.
			now := time.Unix(rapid.Int64Range(1104537600, 1800000000).Draw(t, "now"), 0)
			i := g.Containing(now)
			if now.Before(i.Start) || !now.Before(i.End) {
				t.Fatalf("%s: %s is not in %s", name, now.UTC(), i)
			}
			if n := g.Next(i); !n.Start.Equal(i.End) || !n.Start.Before(n.End) {
				t.Fatalf("%s: after %s comes %s", name, i, n)
			}
			if p := g.Previous(i); !p.End.Equal(i.Start) || !p.Start.Before(p.End) {
				t.Fatalf("%s: before %s comes %s", name, i, p)
			}
			for _, edge := range []time.Time{i.Start, i.End.Add(-1)} {
				if again := g.Containing(edge); !again.Start.Equal(i.Start) || !again.End.Equal(i.End) {
					t.Fatalf("%s: %s is in %s and in %s", name, edge, i, again)
				}
			}
		})
	}
}

func TestBetweenEqualsWalking(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		for _, l := range []string{"1h", "6h", "1d", "1w", "1mo"} {
			g := plan.Grid{Length: length(t, l), Zone: z}
			first := g.Containing(at(t, "2025-01-15T12:00:00Z"))
			until := "2026-02-15T12:00:00Z"
			if l == "1h" {
				until = "2025-04-15T12:00:00Z" // the spring changes are enough
			}
			last := g.Containing(at(t, until))
			var want []sources.Interval
			for i := first; i.Start.Before(last.Start); i = g.Next(i) {
				want = append(want, i)
			}
			if d := cmp.Diff(want, g.Between(first.Start, last.Start)); d != "" {
				t.Errorf("%s %s: %s", name, l, d)
			}
		}
	}
}

func TestClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, length, in, want string }{
		{"Europe/Berlin", "1d", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z/2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "1d", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z/2026-10-25T23:00:00Z"},
		{"Europe/Berlin", "1h", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z/2026-10-25T02:00:00Z"}, // doubled hour
		{"Europe/Berlin", "1h", "2026-10-25T01:30:00Z", "2026-10-25T00:00:00Z/2026-10-25T02:00:00Z"},
		{"Europe/Berlin", "1h", "2026-03-29T00:59:00Z", "2026-03-29T00:00:00Z/2026-03-29T01:00:00Z"}, // 01:00, then 03:00
		{"Europe/Berlin", "1h", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z/2026-03-29T02:00:00Z"},
		{"Europe/Berlin", "6h", "2026-03-29T00:00:00Z", "2026-03-28T23:00:00Z/2026-03-29T04:00:00Z"},
		{"America/Sao_Paulo", "1d", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z/2018-11-05T02:00:00Z"}, // no midnight
		{"Pacific/Apia", "1d", "2011-12-30T09:59:00Z", "2011-12-29T10:00:00Z/2011-12-30T10:00:00Z"},      // the 30th is skipped
		{"Pacific/Apia", "1d", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z/2011-12-31T10:00:00Z"},
		{"Europe/Berlin", "1w", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z/2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "1mo", "2026-03-29T12:00:00Z", "2026-02-28T23:00:00Z/2026-03-31T22:00:00Z"},
	} {
		g := plan.Grid{Length: length(t, c.length), Zone: zone(t, c.zone)}
		if got := g.Containing(at(t, c.in)).String(); got != c.want {
			t.Errorf("%s %s at %s: %s, want %s", c.zone, c.length, c.in, got, c.want)
		}
	}
}

func starts(s []plan.Slice) []string {
	var out []string
	for _, i := range s {
		v := i.Start.Format(time.RFC3339)
		if i.Open {
			v += " open"
		}
		out = append(out, v)
	}
	return out
}

func none(sources.Interval) bool { return false }
func all(sources.Interval) bool  { return true }

func TestFiring(t *testing.T) {
	utc := time.UTC
	for _, c := range []struct {
		name     string
		job      plan.Job
		now      string
		oldest   string
		complete func(sources.Interval) bool
		want     []string
	}{
		{
			"lookback includes the newest closed interval",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Lookback: length(t, "3d")},
			"2026-11-22T00:00:00Z", "", all,
			[]string{"2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-19T00:00:00Z"},
		},
		{
			"default lookback is one interval",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}},
			"2026-11-22T03:30:00Z", "", none,
			[]string{"2026-11-21T00:00:00Z"},
		},
		{
			"not settled yet",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Settle: time.Hour},
			"2026-11-22T00:59:59Z", "", none,
			[]string{"2026-11-20T00:00:00Z"},
		},
		{
			"open interval first",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Open: true},
			"2026-11-22T03:30:00Z", "", none,
			[]string{"2026-11-22T00:00:00Z open", "2026-11-21T00:00:00Z"},
		},
		{
			"start owes what is missing",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Start: at(t, "2026-11-18T00:00:00Z")},
			"2026-11-22T03:30:00Z", "", func(i sources.Interval) bool { return i.Start.Day() == 19 },
			[]string{"2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-18T00:00:00Z"},
		},
		{
			"start cuts the lookback",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Start: at(t, "2026-11-21T00:00:00Z"), Lookback: length(t, "30d")},
			"2026-11-22T03:30:00Z", "", none,
			[]string{"2026-11-21T00:00:00Z"},
		},
		{
			"nights that were missed are healed",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}},
			"2026-11-22T03:30:00Z", "2026-11-18T00:00:00Z", func(i sources.Interval) bool { return i.Start.Day() < 20 },
			[]string{"2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z"},
		},
		{
			"start in the future owes nothing",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: utc}, Start: at(t, "2026-12-01T00:00:00Z")},
			"2026-11-22T03:30:00Z", "", none, nil,
		},
		{
			"lookback in months over a clock change",
			plan.Job{Grid: plan.Grid{Length: length(t, "1mo"), Zone: zone(t, "Europe/Berlin")}, Lookback: length(t, "2mo")},
			"2026-04-10T00:00:00Z", "", all,
			[]string{"2026-02-28T23:00:00Z", "2026-01-31T23:00:00Z"},
		},
		{
			"calendar days over a clock change",
			plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: zone(t, "Europe/Berlin")}, Lookback: length(t, "2d")},
			"2026-03-30T12:00:00Z", "", all,
			[]string{"2026-03-28T23:00:00Z", "2026-03-27T23:00:00Z"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var oldest time.Time
			if c.oldest != "" {
				oldest = at(t, c.oldest)
			}
			if d := cmp.Diff(c.want, starts(c.job.Firing(at(t, c.now), oldest, plan.Known{Complete: c.complete}).Slices)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever the job and the clock: a firing plans distinct closed intervals of
// the grid, newest first, all of the lookback among them, and planning again
// gives the same.
func TestFiringProperties(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		rapid.Check(t, func(t *rapid.T) {
			parse := func(s string) settings.Duration {
				d, err := settings.ParseDuration(s)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			j := plan.Job{
				Grid:     plan.Grid{Length: parse(rapid.SampledFrom([]string{"1h", "6h", "1d", "1w"}).Draw(t, "length")), Zone: z},
				Lookback: parse(rapid.SampledFrom([]string{"7d", "1w", "2w", "1mo"}).Draw(t, "lookback")),
				Settle:   time.Duration(rapid.IntRange(0, 600).Draw(t, "settle")) * time.Minute,
			}
			now := time.Unix(rapid.Int64Range(1300000000, 1800000000).Draw(t, "now"), 0)
			got := j.Firing(now, time.Time{}, plan.Known{Complete: none}).Slices
			if len(got) == 0 {
				t.Fatal("nothing planned")
			}
			newest := j.Newest(now)
			if !got[0].Start.Equal(newest.Start) || newest.End.Add(j.Settle).After(now) || !j.Next(newest).End.Add(j.Settle).After(now) {
				t.Fatalf("newest is %s", got[0])
			}
			for k := range got {
				if k > 0 && !got[k].End.Equal(got[k-1].Start) {
					t.Fatalf("gap or overlap between %s and %s", got[k], got[k-1])
				}
			}
			if d := cmp.Diff(got, j.Firing(now, time.Time{}, plan.Known{Complete: none}).Slices); d != "" {
				t.Fatal(d)
			}
		})
	}
}

// Firing every night for a year exports every day, whichever nights are missed.
func TestNightsLeaveNoGap(t *testing.T) {
	z := zone(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		d := settings.Duration{N: 1, Unit: settings.Day}
		j := plan.Job{Grid: plan.Grid{Length: d, Zone: z}}
		done := map[int64]int{}
		var oldest, first time.Time
		for night := range 60 {
			now := time.Date(2026, 3, 1+night, 3, 30, 0, 0, z)
			if night > 0 && night < 59 && rapid.Bool().Draw(t, "missed") {
				continue
			}
			for _, s := range j.Firing(now, oldest, plan.Known{Complete: func(i sources.Interval) bool { return done[i.Start.Unix()] > 0 }}).Slices {
				done[s.Start.Unix()]++
				if oldest.IsZero() || s.Start.Before(oldest) {
					oldest = s.Start
				}
			}
			if first.IsZero() {
				first = oldest
			}
		}
		for i := j.Containing(first); !i.End.After(time.Date(2026, 4, 29, 0, 0, 0, 0, z)); i = j.Next(i) {
			if done[i.Start.Unix()] != 1 {
				t.Fatalf("%s was exported %d times", i, done[i.Start.Unix()])
			}
		}
	})
}

func TestRange(t *testing.T) {
	z := zone(t, "Europe/Berlin")
	j := plan.Job{Grid: plan.Grid{Length: length(t, "1d"), Zone: z}}
	now := at(t, "2026-11-22T12:00:00Z")
	bound := func(s string) time.Time {
		b, err := plan.ParseBound(s, z)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	got, left, err := j.Range(bound("2026-11-20"), bound("2026-11-24"), now)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"2026-11-20T23:00:00Z", "2026-11-19T23:00:00Z"}, starts(got)); d != "" {
		t.Error(d)
	}
	if want := (sources.Interval{Start: bound("2026-11-22"), End: bound("2026-11-24")}); left != want {
		t.Errorf("left out %v, want the 22nd and the 23rd", left)
	}
	j.Open = true
	got, left, err = j.Range(bound("2026-11-21"), bound("9999-01-01"), now)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"2026-11-21T23:00:00Z open", "2026-11-20T23:00:00Z"}, starts(got)); d != "" {
		t.Error(d)
	}
	if want := (sources.Interval{Start: bound("2026-11-23"), End: bound("9999-01-01")}); left != want {
		t.Errorf("left out %v, want one stretch up to the end", left)
	}
	j.Open = false
	if got, left, err = j.Range(bound("2026-12-01"), bound("2026-12-03"), now); len(got) != 0 || left.Start != bound("2026-12-01") || err != nil {
		t.Errorf("of days to come: %v, left out %v, %v", got, left, err)
	}
	for text, f := range map[string]func() error{
		"--from 2026-11-20T01:00:00+01:00 is not a bound of the job's 1d intervals; the nearest are 2026-11-20T00:00:00+01:00 and 2026-11-21T00:00:00+01:00": func() error {
			_, _, err := j.Range(bound("2026-11-20T00:00:00Z"), bound("2026-11-22"), now)
			return err
		},
		"--from 2026-11-20T00:00:00+01:00 is not before --to 2026-11-20T00:00:00+01:00": func() error {
			_, _, err := j.Range(bound("2026-11-20"), bound("2026-11-20"), now)
			return err
		},
		"--from 2026-12-01T00:00:00+01:00 is not before the end of the newest closed interval, 2026-11-22T00:00:00+01:00": func() error {
			_, _, err := j.Range(bound("2026-12-01"), time.Time{}, now)
			return err
		},
		`"yesterday" is neither a date (2026-01-31) nor an RFC 3339 time (2026-01-31T00:00:00Z)`: func() error {
			_, err := plan.ParseBound("yesterday", z)
			return err
		},
	} {
		if err := f(); err == nil || err.Error() != text {
			t.Errorf("got %v\nwant %s", err, text)
		}
	}
}
