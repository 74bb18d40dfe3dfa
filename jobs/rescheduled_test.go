package jobs_test

import "testing"

// A schedule that was changed while the serve was away (at 02:00 UTC of 4 May, the last
// firing was at 00:30 of the 3rd): firings that only the new one would have had are
// neither missed nor made up nor late; those that the old one had are one catch-up.
func TestAnotherSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		is     string // after `30 2 * * *` of Berlin
		back   string // when the serve is there again
		lines  []string
		runs   int // at once
		missed int64
		next   string // firing
	}{
		"as it was":                  {`30 2 * * *`, "2028-05-03T12:00:00Z", nil, 0, 0, "2028-05-04T00:30:05Z"},
		"later, before the old one":  {`0 4 * * *`, "2028-05-03T12:00:00Z", nil, 0, 0, "2028-05-04T02:00:05Z"},
		"earlier in the day":         {`0 8 * * *`, "2028-05-03T12:00:00Z", nil, 0, 0, "2028-05-04T06:00:05Z"},
		"every hour":                 {`0 * * * *`, "2028-05-03T12:10:00Z", nil, 0, 0, "2028-05-03T13:00:05Z"},
		"every while":                {`@every 1h`, "2028-05-03T12:10:00Z", nil, 0, 0, "2028-05-03T13:10:05Z"},
		"two that are not made up":   {`0 * * * *`, "2028-05-05T12:10:00Z", []string{`missed = "skip"`}, 0, 2, "2028-05-05T13:00:05Z"},
		"two of the old were missed": {`0 * * * *`, "2028-05-05T12:10:00Z", nil, 1, 2, "2028-05-05T13:00:05Z"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNights(t, "2028-05-02T12:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
			n.look(n.now)
			if got := n.night(n.at("2028-05-03T00:30:05Z"), ""); len(got) != 1 {
				t.Fatalf("%d runs on the first night", len(got))
			}
			n.stop()
			n.configure(nightly("orders", append(c.lines, `schedule = "`+c.is+`"`)...))
			n.set(n.at(c.back))
			n.start()
			n.look(n.now)
			if h := n.health("orders"); h.Owed.IsZero() != (c.runs == 0) {
				t.Errorf("with %d runs to make up, owed %s", c.runs, h.Owed)
			}
			if got := n.night(n.now, ""); len(got) != c.runs {
				t.Errorf("%d runs at once, want %d", len(got), c.runs)
			}
			if last, _, err := n.LastFiring(t.Context(), "orders"); err != nil || name == "as it was" && !last.Equal(n.at("2028-05-03T00:30:00Z")) {
				t.Errorf("the last firing is of %s (%v), though the schedule is what it was", last, err)
			}
			if h := n.health("orders"); h.MissedFirings != c.missed || h.Late {
				t.Errorf("missed %d, late %t; want %d and not late", h.MissedFirings, h.Late, c.missed)
			}
			if got := n.night(n.at(c.next), ""); len(got) != 1 {
				t.Errorf("%d runs at the next firing", len(got))
			}
			n.stop()
			n.start() // it is known now
			if got := n.night(n.now, ""); len(got) != 0 {
				t.Errorf("%d runs after another start", len(got))
			}
		})
	}
}
