package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"exporter/fault"
	"exporter/jobs"
	"exporter/state"
)

// A deadline is a reading of the schedule's wall clock, on both nights on which it
// changes too; a job is late from then on until its firing has succeeded.
func TestDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		schedule, deadline string
		began              string // the scheduler
		ok                 string // when a firing last succeeded, "" = never
		late               string // from when on it is late
	}{
		"nightly":                     {"30 3 * * *", "06:00", "2028-05-01T00:00:00Z", "2028-05-02T01:30:00Z", "2028-05-03T04:00:00Z"},
		"never succeeded":             {"30 3 * * *", "06:00", "2028-05-01T00:00:00Z", "", "2028-05-01T04:00:00Z"},
		"the short night":             {"30 1 * * *", "06:00", "2028-03-20T00:00:00Z", "2028-03-25T00:30:00Z", "2028-03-26T04:00:00Z"},
		"the long night":              {"30 1 * * *", "06:00", "2028-10-20T00:00:00Z", "2028-10-27T23:30:00Z", "2028-10-29T05:00:00Z"},
		"at an hour that is skipped":  {"30 1 * * *", "02:30", "2028-03-20T00:00:00Z", "2028-03-25T00:30:00Z", "2028-03-26T01:00:00Z"},
		"at an hour that comes twice": {"30 1 * * *", "02:30", "2028-10-20T00:00:00Z", "2028-10-27T23:30:00Z", "2028-10-29T00:30:00Z"},
		"weekly, only on its day":     {"30 3 * * 1", "06:00", "2028-05-01T00:00:00Z", "2028-05-01T01:30:00Z", "2028-05-08T04:00:00Z"},
		"in the evening, by morning":  {"0 22 * * *", "06:00", "2028-05-01T00:00:00Z", "2028-05-01T20:00:00Z", "2028-05-03T04:00:00Z"},
		"hourly, once a day":          {"0 * * * *", "06:00", "2028-05-01T00:00:00Z", "2028-05-01T01:00:00Z", "2028-05-01T04:00:00Z"},
		"on a leap day":               {"30 3 29 2 *", "06:00", "2027-05-01T00:00:00Z", "", "2028-02-29T05:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNights(t, c.began, nightly("orders", `schedule = "`+c.schedule+`"`, `deadline = "`+c.deadline+`"`))
			n.look(n.now)
			if c.ok != "" {
				n.set(n.at(c.ok))
				if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerSchedule}); err != nil {
					t.Fatal(err)
				}
				n.end(n.begin()[0], "")
			}
			late := n.at(c.late)
			n.set(late.Add(-time.Second))
			if h := n.health("orders"); h.Late || !h.Deadline.Equal(late) {
				t.Errorf("a second before: late %t, deadline %s", h.Late, h.Deadline)
			}
			n.set(late)
			if h := n.health("orders"); !h.Late || !h.LateSince.Equal(late) || h.Owed.IsZero() {
				t.Errorf("at the deadline: late %t since %s, owed %s, deadline %s", h.Late, h.LateSince, h.Owed, h.Deadline)
			}
			if _, err := n.Enqueue(t.Context(), state.Run{Job: "orders", Trigger: state.TriggerSchedule}); err != nil {
				t.Fatal(err)
			}
			n.end(n.begin()[0], "")
			if h := n.health("orders"); h.Late {
				t.Errorf("late after it has succeeded: %+v", h)
			}
		})
	}
}

// Without a deadline a job is late when what was due has failed or nobody was there
// for it, and not while its first attempt is at work.
func TestLateWithoutADeadline(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	n.look(n.now)
	if h := n.health("orders"); h.Late || !h.NextFiring.Equal(n.at("2028-05-01T00:30:00Z")) {
		t.Errorf("new: %+v", h)
	}
	n.look(n.at("2028-05-01T00:30:00Z"))
	runs := n.begin()
	n.set(n.now.Add(2 * time.Hour))
	if h := n.health("orders"); h.Late || h.Running != runs[0].ID {
		t.Errorf("at work: %+v", h)
	}
	n.end(runs[0], fault.Permanent)
	if h := n.health("orders"); !h.Late || !h.LateSince.Equal(n.at("2028-05-01T00:31:00Z")) || h.LastFailure.ID != runs[0].ID || h.LastRun.ID != runs[0].ID {
		t.Errorf("failed: %+v", h)
	}
	n.night(n.at("2028-05-02T00:30:00Z"), "")
	n.set(n.at("2028-05-05T12:00:00Z"))
	if h := n.health("orders"); !h.Late || !h.Owed.Equal(n.at("2028-05-03T00:30:00Z")) {
		t.Errorf("nobody was there: %+v", h)
	}
}

// What waits for quota or was interrupted is no failure, what a person asked for of
// some days is no success.
func TestHealthCountsFirings(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "30 2 * * *"`))
	n.look(n.now)
	end := func(request state.Run, status string) {
		t.Helper()
		n.set(n.now.Add(time.Hour))
		request.Job = "orders"
		if _, err := n.Enqueue(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		r := n.begin()[0]
		if r.State = status; status == state.RunFailed {
			r.Class = string(fault.Permanent)
		}
		if err := n.Finish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	firing := state.Run{Trigger: state.TriggerSchedule}
	end(firing, state.RunSucceeded)
	good := n.now
	end(firing, state.RunFailed)
	since := n.now
	end(firing, state.RunInterrupted)
	end(firing, state.RunParked)
	end(state.Run{Trigger: state.TriggerAgain, Only: state.OnlyFailed}, state.RunFailed)
	end(firing, state.RunFailed)
	end(state.Run{Trigger: state.TriggerCLI, From: since, To: since.Add(time.Hour)}, state.RunSucceeded)
	end(state.Run{Trigger: state.TriggerPurge}, state.RunSucceeded)
	if h := n.health("orders"); h.FailedInARow != 2 || !h.FailingSince.Equal(since) || !h.LastSuccess.Equal(good) || h.Flagged {
		t.Errorf("%d failed since %s, succeeded at %s, want 2 since %s, %s", h.FailedInARow, h.FailingSince, h.LastSuccess, since, good)
	}
	end(firing, state.RunFailed)
	if h := n.health("orders"); h.FailedInARow != jobs.FlagAfter || !h.Flagged {
		t.Errorf("%+v", h)
	}
}

// However long a job fails, when it last succeeded is not forgotten.
func TestTheLastSuccessIsNotForgotten(t *testing.T) {
	n := newNights(t, "2028-05-01T00:00:00Z", nightly("orders", `schedule = "* * * * *"`))
	good := n.night(n.now.Add(time.Minute), "")
	if len(good) == 0 {
		good = n.night(n.now.Add(time.Minute), "")
	}
	ctx := context.Background()
	bad := n.night(n.now.Add(time.Minute), fault.Permanent)
	db, err := sql.Open("sqlite", n.cfg.Exporter.State+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	var others string
	if err := db.QueryRowContext(ctx, `SELECT group_concat(name, ', ') FROM pragma_table_info('runs') WHERE name NOT IN ('seq', 'id')`).Scan(&others); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(ctx, `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1005)
			INSERT INTO runs (id, `+others+`) SELECT id || '-' || i, `+others+` FROM runs, c WHERE id = '`+bad[0].ID+`'`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	n.set(n.now.Add(time.Hour))
	if forgotten, err := n.PruneRuns(ctx, state.KeptRuns); err != nil || forgotten == 0 {
		t.Errorf("forgot %d runs, %v", forgotten, err)
	}
	if h := n.health("orders"); !h.LastSuccess.Equal(good[0].Started) || h.FailedInARow < 990 || !h.Late {
		t.Errorf("succeeded at %s, %d failed, late %t", h.LastSuccess, h.FailedInARow, h.Late)
	}
}

// BenchmarkIdle is one look of a scheduler with a hundred jobs of which none is due;
// there are two looks a second.
func BenchmarkIdle(b *testing.B) {
	n := hundred(b)
	n.look(n.now)
	for b.Loop() {
		n.look(n.now)
	}
}

// BenchmarkHealth asks where a hundred jobs stand.
func BenchmarkHealth(b *testing.B) {
	n := hundred(b)
	for range 3 {
		n.set(n.now.AddDate(0, 0, 1))
		n.night(n.now, "")
	}
	for b.Loop() {
		if all, err := n.engine.Health(context.Background()); err != nil || len(all) != 100 {
			b.Fatal(len(all), err)
		}
	}
}

// A firing that a retry has healed was a success, whatever becomes of other slices that
// a person asks for afterwards.
func TestAHealedFiringStaysHealed(t *testing.T) {
	w, vendor := newFakeWorld(t)
	cfg := w.configure(`lookback = "3d"`)
	vendor.fail = refuse("b", "2026-11-20")
	firing := w.run(cfg, state.Run{})
	w.want(firing, 4, 5, 0, 1)
	vendor.fail = nil
	w.want(w.run(cfg, state.Run{Only: state.OnlyFailed}), 0, 1, 0, 0)
	vendor.fail = refuse("a", "2026-11-16")
	w.want(w.run(cfg, state.Run{From: w.time("2026-11-16T00:00:00Z"), To: w.time("2026-11-17T00:00:00Z")}), 4, 1, 0, 1)

	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	all, err := o.engine.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h := all[0]; h.FailedInARow != 0 || !h.LastSuccess.Equal(firing.Started) {
		t.Errorf("%d failed in a row, last success %s, want none and %s", h.FailedInARow, h.LastSuccess, firing.Started)
	}
}
