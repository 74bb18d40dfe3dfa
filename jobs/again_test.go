package jobs_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/state"
)

// What failed for reasons that pass is tried again after minutes, then hours, until
// the next firing; a restart forgets none of it.
func TestFailedSlicesAreTriedAgainUntilTheNextFiring(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	n.look(n.now)
	runs := n.night(n.at("2028-05-01T00:30:00Z"), fault.Transient)
	if len(runs) != 1 {
		t.Fatal(runs)
	}
	ended, again := n.now, 0
	for {
		n.look(n.now)
		at := n.health("orders").RetryAt
		if at.IsZero() {
			break
		}
		if again == 2 {
			n.stop()
			n.start()
		}
		if got := n.night(at.Add(-time.Second), fault.Transient); len(got) != 0 {
			t.Errorf("too early: %+v", got)
		}
		got := n.night(at, fault.Transient)
		if len(got) != 1 || got[0].Trigger != state.TriggerAgain || got[0].Only != state.OnlyFailed {
			t.Fatalf("at %s: %+v", at, got)
		}
		want := []time.Duration{5 * time.Minute, 15 * time.Minute, 45 * time.Minute, 2 * time.Hour}[min(again, 3)]
		if pause := at.Sub(ended); pause < want || pause > want+want/10 {
			t.Errorf("time %d after %s, want %s", again+1, pause, want)
		}
		ended, again = at, again+1
	}
	if left := n.at("2028-05-02T00:30:00Z").Sub(ended); left > 2*time.Hour+12*time.Minute {
		t.Errorf("given up %s before the next firing", left)
	}
	if again < 12 || again > 14 {
		t.Errorf("tried again %d times in a day", again)
	}
	if h := n.health("orders"); h.FailedInARow != 1 || h.Flagged || !h.FailingSince.Equal(runs[0].Started) || !h.LastSuccess.IsZero() {
		t.Errorf("%+v", h)
	}
	if got := n.night(n.at("2028-05-02T00:30:01Z"), ""); len(got) != 1 || got[0].Only != "" {
		t.Errorf("the next firing: %+v", got)
	}
	n.look(n.now.Add(time.Second))
	if h := n.health("orders"); h.FailedInARow != 0 || !h.RetryAt.IsZero() || h.Retries != 0 || h.LastSuccess.IsZero() {
		t.Errorf("%+v", h)
	}
}

// A retry that does what was left makes the firing a success of when it began.
func TestARetryHealsItsFiring(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	n.look(n.now)
	firing := n.night(n.at("2028-05-01T00:30:00Z"), fault.Transient)[0]
	n.look(n.now)
	if h := n.health("orders"); h.RetryAt.IsZero() || !h.Late && h.FailedInARow != 1 {
		t.Errorf("%+v", h)
	}
	if got := n.night(n.now.Add(6*time.Minute), ""); len(got) != 1 {
		t.Fatal(got)
	}
	n.look(n.now)
	if h := n.health("orders"); !h.LastSuccess.Equal(firing.Started) || h.FailedInARow != 0 || h.Late || !h.RetryAt.IsZero() {
		t.Errorf("%+v", h)
	}
}

// What a person has to mend is not tried again, and is flagged at once; other failures
// are when they come in a row.
func TestWhatDoesNotPassIsFlagged(t *testing.T) {
	for class, c := range map[fault.Class]struct {
		again   bool
		flagged int // from which night on
	}{
		fault.Transient: {true, jobs.FlagAfter}, fault.Drift: {true, jobs.FlagAfter},
		fault.Auth: {false, 1}, fault.Config: {false, 1}, fault.Permanent: {false, jobs.FlagAfter}, fault.Check: {false, jobs.FlagAfter},
	} {
		t.Run(string(class), func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
			n.look(n.now)
			for night := range 4 {
				if got := n.night(n.at("2028-05-01T00:30:00Z").AddDate(0, 0, night), class); len(got) != 1 {
					t.Fatalf("night %d: %+v", night, got)
				}
				n.look(n.now)
				h := n.health("orders")
				if h.RetryAt.IsZero() == c.again || h.FailedInARow != night+1 || h.Flagged != (night+1 >= c.flagged) {
					t.Errorf("night %d: %d failed, flagged %t, again at %s", night, h.FailedInARow, h.Flagged, h.RetryAt)
				}
				if got := n.night(n.now.Add(6*time.Minute), class); (len(got) == 1) != c.again {
					t.Errorf("tried again: %+v", got)
				}
			}
		})
	}
}

// In the real thing, a retry asks the vendor for what failed and for nothing else, and
// leaves alone what is no matter of time.
func TestARetryReadsOnlyWhatFailed(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.parts = []string{"a"}
	cfg := w.configure(`lookback = "3d"`)
	vendor.fail = func(part, day string) error {
		switch day {
		case "2026-11-20":
			return fault.New(fault.Transient, "the vendor is down")
		case "2026-11-19":
			return fault.New(fault.Data, "nonsense")
		}
		return nil
	}
	var clock atomic.Int64
	clock.Store(w.now.Unix())
	o, _ := w.open(cfg, func() time.Time { return time.Unix(clock.Load(), 0).UTC() }, nil)
	s, err := jobs.NewScheduler(t.Context(), o.engine)
	if err != nil {
		t.Fatal(err)
	}
	step := func(at string) []string {
		t.Helper()
		clock.Store(w.time(at).Unix())
		if err := s.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
		return vendor.read()
	}
	step("2026-11-22T00:00:00Z")
	if got := step("2026-11-22T03:30:00Z"); len(got) < 3 {
		t.Errorf("the firing read %q", got)
	}
	step("2026-11-22T03:31:00Z")
	vendor.fail = nil
	if got := step("2026-11-22T03:37:00Z"); strings.Join(got, ",") != "a 2026-11-20" {
		t.Errorf("the retry read %q", got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
