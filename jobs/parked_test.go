package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporter/jobs"
	"exporter/jobs/config"
	"exporter/ratelimit"
	sandboxoffers "exporter/sandbox/hasoffers"
	"exporter/state"
)

// opened is a state with an engine over it, on one clock.
type opened struct {
	*state.Store
	engine *jobs.Engine
}

// open opens both and closes them with the test, if they are not closed before.
func (w *world) open(cfg *config.Config, now func() time.Time, on func(jobs.Event)) (o opened, closeAll func()) {
	w.t.Helper()
	st, err := state.Open(context.Background(), cfg.Exporter.State, state.Options{Now: now})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := jobs.NewEngine(cfg, st, jobs.Options{Now: now, Retry: jobs.Retry{Base: time.Millisecond, Cap: time.Millisecond}, Notify: on})
	if err != nil {
		w.t.Fatal(err)
	}
	closed := false
	closeAll = func() {
		if closed {
			return
		}
		closed = true
		if err := errors.Join(e.Close(context.Background()), st.Close()); err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(closeAll)
	return opened{st, e}, closeAll
}

// serveUntil serves until a run ends of which enough says so, and returns the runs
// of the job, oldest first. The world's clock goes on from where it is.
func (w *world) serveUntil(cfg *config.Config, enough func(state.Run) bool, requests ...state.Run) []state.Run {
	w.t.Helper()
	base, started := w.now, time.Now()
	seen := make(chan struct{}, 1)
	o, closeAll := w.open(cfg, func() time.Time { return base.Add(time.Since(started)) }, func(ev jobs.Event) {
		if ev.Kind == jobs.RunEnded && enough(ev.Run) {
			select {
			case seen <- struct{}{}:
			default:
			}
		}
	})
	for _, r := range requests {
		if _, err := o.Enqueue(w.t.Context(), r); err != nil {
			w.t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.engine.Serve(ctx, time.Minute) }()
	select {
	case <-seen:
	case <-time.After(30 * time.Second):
		open, err := o.Runs(w.t.Context(), "", 1000)
		w.t.Errorf("it never came to the end that was waited for: %+v %v", open, err)
	}
	stop()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
	runs, err := o.Runs(w.t.Context(), "conversions", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	closeAll()
	w.now = base.Add(time.Since(started))
	slices.Reverse(runs)
	return runs
}

func (w *world) slices(cfg *config.Config) []state.Slice {
	w.t.Helper()
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	all, err := o.Slices(w.t.Context(), "conversions", time.Time{}, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// limiter is the job's, as a process would have it that begins now.
func (w *world) limiter(cfg *config.Config) *ratelimit.Limiter {
	w.t.Helper()
	o, closeAll := w.open(cfg, func() time.Time { return w.now }, nil)
	defer closeAll()
	source := cfg.Source("tune")
	l, err := ratelimit.New(w.t.Context(), source.Credential, source.Limits, ratelimit.Options{Store: o.Quota()})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func healed(r state.Run) bool {
	return r.Trigger == state.TriggerQuota && r.State == state.RunSucceeded && r.Waiting == 0
}

// limited is a world whose vendor lets so many requests pass in a window.
func limited(t *testing.T, window string) (w *world, cfg func(more ...string) *config.Config) {
	t.Helper()
	w = newWorld(t, func(c *sandboxoffers.Config) { c.NetworkAPI.Limits = []string{window} })
	w.template = func() string {
		text := strings.Replace(fmt.Sprintf(template, w.server.URL, w.dsn), `api = "integrator"`, `api = "network"`, 1)
		text = strings.Replace(text, "integrator_id = \"acme\"\nclient_id = \"client\"\nclient_secret = \"secret\"\n", "network_token = \"NETdemo\"\n", 1)
		text = strings.Replace(text, `auth_url = "`+w.server.URL+`/authorize"`, "", 1)
		text = strings.Replace(text, "concurrency = 4", "concurrency = 1", 1)
		return strings.Replace(text, `limits = ["1000/1s"]`, `limits = ["`+window+`"]`, 1)
	}
	return w, func(more ...string) *config.Config {
		c := w.configure(more...)
		c.Source("tune").Limits.MaxWait = 250 * time.Millisecond
		return c
	}
}

// Five days of six requests each under a quota of eight: no run may use more than
// that, and in the end every day is there, and none of its pages was read twice.
func TestALookbackLargerThanTheQuotaReachesItsOldestDay(t *testing.T) {
	const window, length = "8/900ms", 900 * time.Millisecond
	job := []string{`lookback = "5d"`, `[jobs.conversions.options]`, `page_size = 10`}
	free, _ := limited(t, "100000/1s")
	free.want(free.run(free.configure(job...), state.Run{}), 0, 5, 0, 0)
	clean := free.calls()

	w, configured := limited(t, window)
	cfg := configured(job...)
	runs := w.serveUntil(cfg, healed, state.Run{Job: "conversions", Trigger: state.TriggerCLI})
	if d := cmp.Diff(w.truth("2026-11-17T05:00:00Z", lookbackTo), w.table(), byID); d != "" {
		t.Error(d)
	}
	if most := w.vendor.Meter().MaxInWindow("", length); most > 8 {
		t.Errorf("%d requests in a window", most)
	}
	if n := w.calls(); n != clean {
		t.Errorf("%d calls, a clean run takes %d: pages were read again", n, clean)
	}
	first := runs[0]
	if first.Waiting == 0 || first.WaitUntil.Sub(first.Finished) > length || !first.WaitUntil.After(first.Started) {
		t.Errorf("the first run left %d waiting until %s, it ended at %s: %s", first.Waiting, first.WaitUntil, first.Finished, first.Error)
	}
	committed := 0
	for i, r := range runs {
		committed += r.Committed
		if i > 0 && (r.Trigger != state.TriggerQuota || r.Only != state.OnlyWaiting || r.Requested.Before(runs[i-1].WaitUntil)) {
			t.Errorf("run %d: by %s, only %q, requested at %s, the one before it waits until %s", i, r.Trigger, r.Only, r.Requested, runs[i-1].WaitUntil)
		}
	}
	if committed != 5 || jobs.LastCompleteOf(reversed(runs)).IsZero() {
		t.Errorf("%d slices were committed, the job's last complete run began at %s", committed, jobs.LastCompleteOf(reversed(runs)))
	}
	t.Logf("%d calls in %d runs", clean, len(runs))
}

func reversed(runs []state.Run) []state.Run {
	out := slices.Clone(runs)
	slices.Reverse(out)
	return out
}

// A request that has to wait for longer than its run may take is parked, not failed.
func TestARunThatTimesOutWaitingForQuotaParks(t *testing.T) {
	w, vendor := newFakeWorld(t)
	vendor.limit, vendor.patience = []ratelimit.Window{{N: 2, Per: time.Hour}}, 2*time.Hour
	cfg := w.configure(`lookback = "2d"`, `timeout = "3s"`)
	r := w.run(cfg, state.Run{})
	if r.ExitCode != jobs.ExitPartial || r.Committed != 2 || r.Waiting != 2 || r.Failed != 0 {
		t.Errorf("exit %d, committed %d, waiting %d, failed %d: %s", r.ExitCode, r.Committed, r.Waiting, r.Failed, r.Error)
	}
	for _, s := range w.slices(cfg) {
		if wait := s.WaitUntil.Sub(w.now); s.State == state.SliceWaiting && (wait < 59*time.Minute || wait > time.Hour) {
			t.Errorf("slice %s waits for %s: %s", s.Start, wait, s.Error)
		}
	}
	if wait := r.WaitUntil.Sub(w.now); wait < 59*time.Minute || wait > time.Hour {
		t.Errorf("the run waits for %s", wait)
	}
}
