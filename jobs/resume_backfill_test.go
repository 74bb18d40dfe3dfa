package jobs_test

import (
	"testing"
	"time"

	"exporter/state"
)

// What a firing left waiting for quota goes on when its time has come, also while a
// backfill of the job is at work, which gives way. What a backfill left waits for its end.
func TestWhatWaitedGoesOnBesideABackfill(t *testing.T) {
	for _, left := range []string{state.PriorityScheduled, state.PriorityBackfill} {
		t.Run(left, func(t *testing.T) {
			n := newNights(t, "2028-05-01T00:10:00Z", nightly("orders", `schedule = "0 3 1 1 *"`))
			n.look(n.now)
			day := n.at("2028-04-30T00:00:00Z")
			if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Priority: left}); err != nil {
				t.Fatal(err)
			}
			r := n.begin()[0]
			slice := state.Slice{Job: "orders", Run: r.ID, Start: day, End: day.AddDate(0, 0, 1), State: state.SlicePlanned}
			for range 2 {
				if err := n.PutSlice(t.Context(), slice); err != nil {
					t.Fatal(err)
				}
				slice.State, slice.WaitUntil = state.SliceWaiting, n.now.Add(time.Hour)
			}
			r.State, r.Slices, r.Waiting, r.WaitUntil = state.RunParked, 1, 1, slice.WaitUntil
			if err := n.Finish(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			backfill, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill, From: day.AddDate(-1, 0, 0), To: day})
			if err != nil {
				t.Fatal(err)
			}
			begun := n.begin()
			if len(begun) != 1 || begun[0].ID != backfill.ID {
				t.Fatalf("%+v", begun)
			}
			requested := func() (other int) {
				t.Helper()
				open, err := n.OpenRuns(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range open {
					if r.Only == state.OnlyWaiting {
						other++
					}
				}
				return other
			}
			if n.look(n.now.Add(time.Minute)); requested() != 0 {
				t.Error("requested before its time")
			}
			want := map[string]int{state.PriorityScheduled: 1, state.PriorityBackfill: 0}[left]
			for range 2 { // the second time it is there already
				if n.look(n.now.Add(time.Hour)); requested() != want {
					t.Errorf("%d runs of what waited, want %d", requested(), want)
				}
			}
			if o, err := n.Orders(t.Context(), begun[0]); err != nil || o.OfJob != (want == 1) {
				t.Errorf("the backfill has orders %+v, %v", o, err)
			}
		})
	}
}
