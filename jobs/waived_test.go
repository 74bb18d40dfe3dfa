package jobs_test

import (
	"testing"

	"exporter/fault"
	"exporter/state"
)

// Nobody waits for a firing that was left out for a run that goes on, once that run has
// succeeded. One that fails did its own firing not, nor the one left out for it.
func TestAFiringLeftOutForARunThatGoesOn(t *testing.T) {
	for class, late := range map[fault.Class]bool{"": false, fault.Permanent: true} {
		t.Run("ends "+string(class), func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
			n.look(n.now)
			n.look(n.at("2028-05-01T01:00:00Z"))
			long := n.begin()[0]
			for _, at := range []string{"2028-05-01T02:00:00Z", "2028-05-01T03:00:00Z"} {
				n.look(n.at(at))
				if h := n.health("orders"); h.Owed.IsZero() || !h.Owed.Equal(n.at("2028-05-01T01:00:00Z")) {
					t.Errorf("while the run goes on: owed %s", h.Owed)
				}
			}
			n.set(n.at("2028-05-01T03:30:00Z"))
			n.end(long, class)
			if h := n.health("orders"); h.Late != late || h.Owed.IsZero() == late || late && !h.Owed.Equal(n.at("2028-05-01T01:00:00Z")) {
				t.Errorf("after its end: late %t, owed %s", h.Late, h.Owed)
			}
			// The next one is owed as ever.
			n.look(n.at("2028-05-01T04:00:00Z"))
			next := n.begin()[0]
			if h := n.health("orders"); !late && !h.Owed.Equal(n.at("2028-05-01T04:00:00Z")) || h.Owed.IsZero() {
				t.Errorf("at the next: owed %s", h.Owed)
			}
			n.set(n.at("2028-05-01T04:05:00Z"))
			n.end(next, fault.Permanent)
			if h := n.health("orders"); !h.Late || !late && !h.LateSince.Equal(n.at("2028-05-01T04:01:00Z")) {
				t.Errorf("after it failed: late %t since %s", h.Late, h.LateSince)
			}
		})
	}
}

// Nobody waits for firings that are not made up because the job says so.
func TestMissedFiringsThatAreLeftOut(t *testing.T) {
	for missed, late := range map[string]bool{"run": true, "skip": false} {
		t.Run(missed, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`, `deadline = "06:00"`, `missed = "`+missed+`"`))
			n.look(n.now)
			if got := n.night(n.at("2028-05-01T00:30:00Z"), ""); len(got) != 1 {
				t.Fatalf("%d runs", len(got))
			}
			day := n.at("2028-04-01T00:00:00Z") // what somebody asks for is no firing
			if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI, From: day, To: day.AddDate(0, 0, 1)}); err != nil {
				t.Fatal(err)
			}
			n.set(n.at("2028-05-01T12:00:00Z"))
			n.end(n.begin()[0], fault.Permanent)
			n.stop()
			n.set(n.at("2028-05-04T12:00:00Z"))
			n.start()
			n.look(n.now)
			if h := n.health("orders"); h.Late != late || h.MissedFirings != 3 {
				t.Errorf("late %t with %d missed, owed %s", h.Late, h.MissedFirings, h.Owed)
			}
			n.set(n.at("2028-05-03T12:00:00Z"))
			if h := n.health("orders"); !h.Late {
				t.Errorf("after the clock was set back before what was left out: owed %s", h.Owed)
			}
			n.set(n.at("2028-05-04T12:00:00Z"))
			n.begin()
			n.look(n.at("2028-05-05T00:30:01Z"))
			n.set(n.at("2028-05-05T04:00:01Z"))
			if h := n.health("orders"); !h.Late || !late && !h.LateSince.Equal(n.at("2028-05-05T04:00:00Z")) {
				t.Errorf("the next night: late %t since %s", h.Late, h.LateSince)
			}
		})
	}
}
