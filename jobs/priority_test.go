package jobs_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"exporter/jobs"
	"exporter/ratelimit"
	"exporter/state"
)

// A backfill that has used its share of the quota and waits keeps nothing a
// scheduled run needs: not the reserve, and no turn either.
func TestAScheduledRunPassesAWaitingBackfill(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.limit, vendor.patience = []ratelimit.Window{{N: 20, Per: time.Hour}}, 2*time.Hour
	cfg := w.configure(`lookback = "20d"`, `[jobs.nightly]`, `source = "tune"`, `stream = "orders"`, `sinks = ["warehouse"]`, `schedule = "30 3 * * *"`)
	base, started := w.now, time.Now()
	ended, waits := make(chan state.Run, 1), make(chan bool)
	waitsOnce := sync.OnceFunc(func() { close(waits) })
	o, _ := w.open(cfg, func() time.Time { return base.Add(time.Since(started)) }, func(ev jobs.Event) {
		switch {
		case ev.Kind == jobs.QuotaWaits && ev.Run.Job == "conversions":
			waitsOnce()
		case ev.Kind == jobs.RunEnded && ev.Run.Job == "nightly":
			ended <- ev.Run
		}
	})
	request := func(r state.Run) {
		t.Helper()
		if _, err := o.Enqueue(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- o.engine.Serve(ctx, 0) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	request(state.Run{Job: "conversions", Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill})
	<-waits
	request(state.Run{Job: "nightly", Trigger: state.TriggerSchedule, Priority: state.PriorityScheduled})
	select {
	case r := <-ended:
		if r.Committed != 2 || r.State != state.RunSucceeded {
			t.Errorf("%s, committed %d: %s", r.State, r.Committed, r.Error)
		}
	case <-time.After(15 * time.Second):
		t.Error("the scheduled run waits behind the backfill")
	}
}
