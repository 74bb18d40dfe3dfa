package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/sinks/postgres/pgtest"
	"exporter/state"
)

// slowly is a world whose vendor lets so few requests pass that a backfill of five days
// takes some seconds.
func slowly(t *testing.T) (*world, *config.Config) {
	w, configured := limited(t, "8/900ms")
	cfg := configured(`lookback = "1d"`, `[jobs.conversions.options]`, `page_size = 10`)
	cfg.Source("tune").Limits.MaxWait = time.Minute
	return w, cfg
}

func backfillOf(w *world, from, to string) state.Run {
	return state.Run{
		Job: "conversions", Trigger: state.TriggerBackfill, Priority: state.PriorityBackfill, Only: state.OnlyMissing, Parallel: 1,
		From: w.time(from), To: w.time(to),
	}
}

const pastFrom, pastTo = "2026-11-14T05:00:00Z", "2026-11-19T05:00:00Z"

// A run of the same job that is asked for while a backfill is at work goes first, and
// the backfill then does the rest of what it had not done.
func TestABackfillLetsAScheduledRunThrough(t *testing.T) {
	w, cfg := slowly(t)
	asked := false
	var o opened
	o, closeAll := w.open(cfg, time.Now, func(ev jobs.Event) {
		if ev.Kind == jobs.SliceEnded && ev.Run.Trigger == state.TriggerBackfill && !asked {
			asked = true
			if _, err := o.Enqueue(context.Background(), state.Run{Job: "conversions", Trigger: state.TriggerSchedule}); err != nil {
				t.Error(err)
			}
		}
	})
	backfill, err := o.Enqueue(t.Context(), backfillOf(w, pastFrom, pastTo))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.engine.Serve(ctx, time.Minute) }()
	var runs []state.Run
	for done := false; !done; {
		select {
		case <-time.After(20 * time.Millisecond):
		case err := <-ended:
			t.Fatal(err)
		}
		if backfill, _, err = o.Run(t.Context(), backfill.ID); err != nil {
			t.Fatal(err)
		}
		done = backfill.Done()
	}
	if runs, err = o.Runs(t.Context(), "conversions", 10); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	closeAll()
	if len(runs) != 2 || runs[0].Trigger != state.TriggerSchedule || !runs[0].Done() || !runs[0].Finished.Before(backfill.Finished) {
		t.Fatalf("runs %+v, want a scheduled one that ended before the backfill", runs)
	}
	w.want(backfill, jobs.ExitOK, 5, 0, 0)
	if backfill.Slices != 5 {
		t.Errorf("the backfill counts %d slices, want 5", backfill.Slices)
	}
	if !backfill.Started.After(runs[0].Started) {
		t.Errorf("the backfill was begun at %v and never again, the scheduled run at %v: it gave way to nobody", backfill.Started, runs[0].Started)
	}
	if d := cmp.Diff(w.truth(pastFrom, pastTo), w.table()[:len(w.truth(pastFrom, pastTo))], byID); d != "" {
		t.Errorf("rows (-vendor +table):\n%s", d)
	}
	if n, days := w.calls(), 5+runs[0].Slices; n > 6*days+2 {
		t.Errorf("%d calls for %d days of six pages: more than the page at work was read twice", n, days)
	}
}

// Whoever follows a backfill that a serve works on and stops, stops it: what is
// complete stays, no serve goes on with it, and the same request does the rest.
func TestABackfillThatIsCancelled(t *testing.T) {
	w, cfg := slowly(t)
	serve, closeServe := w.open(cfg, time.Now, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve.engine.Serve(ctx, time.Minute) }()

	cause := errors.New("stopped by a test")
	follow, cancel := context.WithCancelCause(t.Context())
	client, closeClient := w.open(cfg, time.Now, func(ev jobs.Event) {
		if ev.Kind == jobs.RunProgress && ev.Run.Committed > 0 {
			cancel(cause)
		}
	})
	awaitReady(t, serve.engine, ended, "until it has the state", isReady)
	runs, err := client.engine.Run(follow, []state.Run{backfillOf(w, pastFrom, pastTo)})
	if !errors.Is(err, cause) || len(runs) != 1 {
		t.Fatalf("%+v, %v; want the run and what stopped it", runs, err)
	}
	r := runs[0]
	if r.State != state.RunInterrupted || r.ExitCode != jobs.ExitInterrupted || !r.Cancelled || r.Committed == 0 || r.Committed == 5 {
		t.Fatalf("the backfill ended %+v, want it interrupted with a part of it done", r)
	}
	again, err := client.engine.Run(t.Context(), []state.Run{backfillOf(w, pastFrom, pastTo)})
	if err != nil {
		t.Fatal(err)
	}
	w.want(again[0], jobs.ExitOK, 5-r.Committed, 0, 0)
	closeClient()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	closeServe()
	if d := cmp.Diff(w.truth(pastFrom, pastTo), w.table(), byID); d != "" {
		t.Errorf("rows (-vendor +table):\n%s", d)
	}
}

// A backfill of everything that ended early is gone on with: what it did is not done
// again, nor is it left out by the next one.
func TestABackfillOfEverythingGoesOn(t *testing.T) {
	w := newWorld(t, nil)
	cfg := w.configure()
	request := backfillOf(w, pastFrom, pastTo)
	request.Only = ""
	ask := func() (r state.Run, goes bool) {
		o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
		defer closeAll()
		r, goes, err := o.engine.Continue(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		return r, goes
	}
	first, goes := ask()
	if goes {
		t.Fatal("the first one goes on with something")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	w.onEvent = func(ev jobs.Event) {
		if ev.Kind == jobs.SliceEnded && ev.Err == nil {
			cancel(errors.New("enough"))
		}
	}
	r := w.runAll(ctx, cfg, first)[0]
	w.onEvent = nil
	if r.Committed == 0 || r.Committed == 5 {
		t.Fatalf("the first one ended %+v, want a part of it done", r)
	}
	w.now = w.now.Add(-time.Hour) // the clock was set back
	second, goes := ask()
	if !goes || !second.Since.Equal(first.Since) {
		t.Fatalf("the second is %+v (%t), want it to go on with the first", second, goes)
	}
	w.want(w.runAll(t.Context(), cfg, second)[0], jobs.ExitOK, 5-r.Committed, 0, 0)
	w.now = w.now.Add(time.Second)
	third, goes := ask()
	if goes {
		t.Fatal("the third goes on with one that has succeeded")
	}
	w.want(w.runAll(t.Context(), cfg, third)[0], jobs.ExitOK, 0, 5, 0)
}

// Rows that wait in the spool for a database are loaded without a call, but not by a
// backfill of everything that is asked for later: the vendor may have mended them since.
func TestABackfillOfEverythingAsksTheVendor(t *testing.T) {
	w := newWorld(t, nil)
	srv := pgtest.New(t, nil)
	w.dsn = srv.Database(t)
	cfg := w.configure(`lookback = "1d"`)
	request := backfillOf(w, "2026-11-20T05:00:00Z", "2026-11-21T05:00:00Z")
	srv.Stop(t)
	w.want(w.run(cfg, request), jobs.ExitFailed, 0, 0, 1)
	if _, err := w.vendor.HasOffers().Restate("2026-11-20", 5); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	request.Only = ""
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	request, _, err := o.engine.Continue(t.Context(), request)
	closeAll()
	if err != nil {
		t.Fatal(err)
	}
	w.want(w.run(cfg, request), jobs.ExitFailed, 0, 0, 1)
	srv.Start(t)
	w.calls()
	w.want(w.run(cfg, request), jobs.ExitOK, 1, 0, 0)
	if n := w.calls(); n != 0 {
		t.Errorf("%d calls were made for what the backfill itself has read", n)
	}
	if d := cmp.Diff(w.truth("2026-11-20T05:00:00Z", "2026-11-21T05:00:00Z"), w.table(), byID); d != "" {
		t.Error(d)
	}
}
