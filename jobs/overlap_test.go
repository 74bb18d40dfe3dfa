package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"exporter/state"
)

func TestOverlap(t *testing.T) {
	for overlap, want := range map[string]struct{ queued, skipped int64 }{"skip": {0, 3}, "queue": {1, 0}} {
		t.Run(overlap, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`, fmt.Sprintf("overlap = %q", overlap)))
			n.look(n.now)
			n.look(n.at("2028-05-01T01:00:00Z"))
			first := n.begin()
			for h := 2; h < 5; h++ {
				n.look(n.at(fmt.Sprintf("2028-05-01T0%d:00:01Z", h)))
			}
			if h := n.health("orders"); int64(h.Queued) != want.queued || h.SkippedFirings != want.skipped || h.Running != first[0].ID {
				t.Errorf("%+v", h)
			}
			n.end(first[0], "")
			if got := n.night(n.now.Add(time.Minute), ""); int64(len(got)) != want.queued {
				t.Errorf("%d runs follow", len(got))
			}
		})
	}
}

// A backfill that goes on for days leaves no firing out: each waits behind it, once.
func TestAFiringWaitsBehindABackfill(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	from := n.at("2028-01-01T00:00:00Z")
	if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerBackfill, From: from, To: from.AddDate(0, 1, 0)}); err != nil {
		t.Fatal(err)
	}
	if got := n.begin(); len(got) != 1 {
		t.Fatal(got)
	}
	n.look(n.at("2028-05-01T01:00:01Z"))
	n.look(n.at("2028-05-01T02:00:01Z"))
	if h := n.health("orders"); h.Queued != 1 || h.SkippedFirings != 0 {
		t.Errorf("%+v", h)
	}
}

// A firing does not lean on the request of a person, who may take it back.
func TestAFiringBehindARequestThatIsWithdrawn(t *testing.T) {
	n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`))
	n.look(n.now)
	by, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI})
	if err != nil {
		t.Fatal(err)
	}
	n.look(n.at("2028-05-01T01:00:01Z"))
	if ok, err := n.Withdraw(t.Context(), by.ID); err != nil || !ok {
		t.Fatalf("%t, %v", ok, err)
	}
	if got := n.begin(); len(got) != 1 || got[0].Trigger != state.TriggerSchedule {
		t.Errorf("%+v", got)
	}
}

// What comes due in a pause is neither run nor missed; afterwards it is made up for
// once, or not, as for a process that was down. What a person asks for runs.
func TestPause(t *testing.T) {
	for missed, want := range map[string]int{"run": 1, "skip": 0} {
		t.Run(missed, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 * * * *"`, fmt.Sprintf("missed = %q", missed)))
			n.look(n.now)
			n.look(n.at("2028-05-01T01:00:01Z")) // queued when the pause begins
			pause := func(on bool) {
				t.Helper()
				if err := n.SetPaused(t.Context(), "orders", on); err != nil {
					t.Fatal(err)
				}
			}
			pause(true)
			if got := n.begin(); len(got) != 0 {
				t.Errorf("begun in a pause: %+v", got)
			}
			by, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerCLI})
			if err != nil {
				t.Fatal(err)
			}
			if got := n.begin(); len(got) != 1 || got[0].ID != by.ID {
				t.Errorf("a person's run: %+v", got)
			} else {
				n.end(got[0], "")
			}
			for h := 2; h < 6; h++ {
				n.look(n.at(fmt.Sprintf("2028-05-01T0%d:00:01Z", h)))
			}
			if h := n.health("orders"); !h.Paused || h.Late || !h.NextFiring.IsZero() || h.Queued != 1 {
				t.Errorf("paused: %+v", h)
			}
			n.set(n.at("2028-05-01T05:20:00Z"))
			pause(false)
			if got := n.night(n.now, ""); len(got) != 1 {
				t.Errorf("%d runs of the firing before the pause", len(got))
			}
			n.look(n.now.Add(time.Minute))
			if h := n.health("orders"); h.MissedFirings != 0 || h.Late || h.NextFiring.IsZero() {
				t.Errorf("resumed: %+v", h)
			}
			// And once without anything that was queued before.
			pause(true)
			n.look(n.at("2028-05-01T07:30:00Z"))
			pause(false)
			if got := n.night(n.at("2028-05-01T07:31:00Z"), ""); len(got) != want {
				t.Errorf("%d runs make up for the pause, want %d", len(got), want)
			}
		})
	}
}
