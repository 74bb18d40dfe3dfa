package jobs_test

import (
	"fmt"
	"testing"
	"time"
)

// Through a whole year, both nights on which the clock changes and a leap day, every
// local date has one firing.
func TestAYearOfNights(t *testing.T) {
	n := newNights(t, "2027-12-31T12:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	berlin := n.cfg.Jobs[0].Zone
	firings := map[string]int{}
	n.look(n.now)
	for day := n.at("2028-01-01T00:00:00Z"); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		looks := []int{90} // 02:30 in winter
		if _, offset := day.In(berlin).Zone(); offset > 3600 {
			looks = []int{30}
		}
		if m := day.Month(); day.Day() >= 24 && (m == time.March || m == time.October) {
			looks = []int{0, 30, 60, 90, 120, 150, 180}
		}
		for _, m := range looks {
			n.look(day.Add(time.Duration(m)*time.Minute + time.Second))
			for _, r := range n.begin() {
				n.done(r)
				last, _, err := n.LastFiring(t.Context(), "orders")
				if err != nil {
					t.Fatal(err)
				}
				local := last.In(berlin)
				firings[local.Format(time.DateOnly)]++
				if want := map[bool]string{false: "02:30", true: "03:00"}[local.Format(time.DateOnly) == "2028-03-26"]; local.Format("15:04") != want {
					t.Errorf("fired at %s", local)
				}
			}
		}
	}
	for day := n.at("2028-01-01T00:00:00Z"); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		if got := firings[day.Format(time.DateOnly)]; got != 1 {
			t.Errorf("%s has %d firings", day.Format(time.DateOnly), got)
		}
	}
	if h := n.health("orders"); h.MissedFirings != 0 || len(firings) != 366 || h.Late || h.FailedInARow != 0 {
		t.Errorf("%d days fired, %+v", len(firings), h)
	}
}

// Three days without a process: one catch-up, or none, and the night after as ever.
func TestDownForThreeDays(t *testing.T) {
	for missed, want := range map[string]int{"run": 1, "skip": 0} {
		t.Run(missed, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`, fmt.Sprintf("missed = %q", missed)))
			n.look(n.now)
			if got := n.night(n.at("2028-05-01T00:30:00Z"), ""); len(got) != 1 {
				t.Fatalf("%d runs on the first night", len(got))
			}
			n.stop()
			n.set(n.at("2028-05-04T12:00:00Z"))
			n.start()
			if got := n.night(n.now, ""); len(got) != want {
				t.Errorf("%d runs to catch up, want %d", len(got), want)
			}
			if got := n.night(n.now.Add(time.Hour), ""); len(got) != 0 {
				t.Errorf("%d more", len(got))
			}
			if got := n.night(n.at("2028-05-05T00:30:05Z"), ""); len(got) != 1 {
				t.Errorf("%d runs on the next night", len(got))
			}
			if h := n.health("orders"); h.MissedFirings != 3 || h.Late {
				t.Errorf("%+v", h)
			}
		})
	}
}

// A hundred jobs of one minute and one login: each is requested once, within a minute.
func TestAHundredJobsAtThree(t *testing.T) {
	n := hundred(t)
	n.look(n.now)
	seen, most := map[string]int{}, 0
	for at := n.at("2028-05-01T01:00:00Z"); at.Before(n.at("2028-05-01T01:01:04Z")); at = at.Add(5 * time.Second) {
		n.look(at)
		runs := n.begin()
		most = max(most, len(runs))
		for _, r := range runs {
			seen[r.Job]++
		}
	}
	for job, times := range seen {
		if times != 1 {
			t.Errorf("%s was requested %d times", job, times)
		}
	}
	if len(seen) != 100 || most > 30 {
		t.Errorf("%d jobs were requested, %d of them in 5 seconds", len(seen), most)
	}
}

// A clock that jumps a day ahead and back again: no firing comes twice, none is lost
// for longer than the next.
func TestTheClockJumps(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	if got := n.night(n.at("2028-05-01T01:00:01Z"), ""); len(got) != 1 {
		t.Fatal(got)
	}
	if got := n.night(n.at("2028-05-02T01:30:00Z"), ""); len(got) != 1 {
		t.Errorf("ahead: %d runs", len(got))
	}
	if got := n.night(n.at("2028-05-01T01:30:00Z"), ""); len(got) != 0 {
		t.Errorf("back again: %d runs", len(got))
	}
	if got := n.night(n.at("2028-05-01T02:00:01Z"), ""); len(got) != 1 {
		t.Errorf("the next firing: %d runs", len(got))
	}
}
