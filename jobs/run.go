package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/plan"
	"exporter/ratelimit"
	"exporter/sinks"
	"exporter/sources"
	"exporter/state"
)

// work is one run at work: a job, its opened source, stream and sinks.
type work struct {
	*Engine
	job        *config.Job
	run        state.Run
	src        sources.Source
	stream     sources.Stream
	definition string
	sinks      []target
	notify     func(Event)
	dry        bool            // only planned: the vendor is not asked for what was edited
	alone      bool            // nobody else works on this state: what waits to be worked on waits for this run
	givesWay   atomic.Bool     // it ends early for a run that goes first, and goes on later
	before     map[string]bool // runs of the same backfill, by id
	calls      atomic.Int64    // requests on the wire
	quota      *ratelimit.Limiter

	mu     sync.Mutex // guards run and what follows
	err    []error
	places map[*place]bool // of the work that goes on
	said   map[string]bool // of columns
	warned []string        // for the ledgers, each once
	unkept []state.Slice   // that ended and the state did not take
}

// target is one sink of a job, with what its ledger knew when the run began. A
// sink that was down then has err; its slices are extracted all the same.
type target struct {
	name      string
	sink      sinks.Sink
	committed map[sliceKey]sinks.Committed
	err       error
}

type sliceKey struct {
	part  string
	start int64
}

func keyOf(part string, start time.Time) sliceKey { return sliceKey{part, start.UnixMicro()} }

// task is one slice of a run, with its record.
type task struct {
	part string
	plan.Slice
	rec *state.Slice
}

// execute runs a claimed run to its end and returns it with its outcome. The
// life of a run: open, plan, work through the slices, several at a time, sum up. A slice that fails does not stop the others.
func (e *Engine) execute(ctx context.Context, run state.Run) state.Run {
	return e.perform(ctx, run, false)
}

func (e *Engine) perform(ctx context.Context, run state.Run, alone bool) state.Run {
	log := e.log.With("job", run.Job, "run", run.ID)
	log.Info("run started", "trigger", run.Trigger)
	w := &work{Engine: e, run: run, alone: alone, notify: e.o.Notify, places: map[*place]bool{}, said: map[string]bool{}}
	w.event(Event{Kind: RunBegan})
	ctx = ratelimit.WithClaim(ctx, ratelimit.Claim{Job: run.Job, Backfill: run.Priority == state.PriorityBackfill})
	var code int
	if job := e.cfg.Job(run.Job); job == nil {
		code = w.failed(fault.New(fault.Config, "there is no job %q in %s", run.Job, e.cfg.Path))
	} else {
		w.job = job
		ctx, stop := w.obey(ctx)
		ctx, cancel := w.bounded(ctx, false)
		code = w.guarded(ctx)
		cancel()
		stop()
	}
	if w.putBack(ctx, code) {
		return w.run
	}
	w.stoppedByHand(context.WithoutCancel(ctx), code)
	w.finish(ctx, code)
	log.Info("run ended", "state", w.run.State, "exit", code, "slices", w.run.Slices, "rows", w.run.Rows, "took", w.run.Finished.Sub(w.run.Started))
	return w.run
}

// guarded turns a panic outside of the slices into a recorded failure.
func (w *work) guarded(ctx context.Context) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = w.failed(w.panicked(p))
		}
	}()
	return w.work(ctx)
}

// work opens, plans and works; it returns the run's exit code.
func (w *work) work(ctx context.Context) int {
	if w.run.Trigger == state.TriggerPurge {
		return w.purge(ctx)
	}
	var err error
	if w.quota, err = w.limiter(ctx, w.job.Source); err != nil {
		return w.failed(err)
	}
	defer w.watchQuota(ctx)()
	tasks, err := w.begin(ctx)
	if err != nil {
		return w.failed(err)
	}
	defer w.shut(w.src)
	codes := make([]int, len(tasks))
	var wait sync.WaitGroup
	turns, own := w.turns(w.job.Source, w.run.Priority), semaphore.NewWeighted(w.parallel())
	for i, t := range tasks { // each begins when it has a turn and a place, so in their order
		if err := own.Acquire(ctx, 1); err != nil {
			codes[i] = w.skipped(ctx, t)
			continue
		}
		if err := turns.Acquire(ctx, 1); err != nil {
			own.Release(1)
			codes[i] = w.skipped(ctx, t)
			continue
		}
		p, err := take(ctx, w.slots)
		if err != nil {
			own.Release(1)
			turns.Release(1)
			codes[i] = w.skipped(ctx, t)
			continue
		}
		leave := w.enter(p)
		wait.Go(func() {
			defer own.Release(1)
			defer turns.Release(1)
			defer p.free()
			defer leave()
			ctx, cancel := w.bounded(ctx, true)
			defer cancel()
			codes[i] = w.slice(ctx, t, p)
		})
	}
	wait.Wait()
	return combineSlices(codes)
}

// begin opens the job, plans its slices and says so. Whoever began without an
// error shuts the source.
func (w *work) begin(ctx context.Context) (tasks []task, err error) {
	p := &place{}
	defer w.enter(p)()
	ctx = ratelimit.WithPlace(ctx, p)
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	if w.before, err = w.begun(ctx); err == nil {
		tasks, err = w.plan(ctx)
	}
	if err == nil {
		w.update(func(r *state.Run) { r.Slices = r.Committed + r.Unchanged + len(tasks) }) // after it gave way it goes on counting
		w.event(Event{Kind: RunPlanned, Slices: len(tasks)})
		if err = w.announce(ctx, tasks); err == nil {
			w.progress(ctx) // so that it is known that it has slices, whatever ends it
		}
	}
	if err != nil {
		w.shut(w.src)
	}
	return tasks, err
}

// open opens the job's source and sinks and reads the sinks' ledgers. Whoever
// opened it without an error shuts the source.
func (w *work) open(ctx context.Context) error {
	src, err := w.source(ctx, w.job.Source, w.job.Options, func() { w.calls.Add(1) })
	if err != nil {
		return err
	}
	if w.stream, err = resolve(ctx, src, w.job, w.cfg.Exporter.HashKey); err != nil {
		w.shut(src)
		return err
	}
	w.src, w.definition = src, config.Fingerprint(w.job)
	if err := w.ledgers(ctx); err != nil {
		w.shut(src)
		return err
	}
	if err := w.frozen(ctx); err != nil {
		w.shut(src)
		return err
	}
	return nil
}

// ledgers opens the job's sinks and reads what they have.
func (w *work) ledgers(ctx context.Context) error {
	for _, s := range w.job.Sinks {
		t := target{name: s.Name, committed: map[sliceKey]sinks.Committed{}}
		var err error
		if t.sink, err = w.Sink(ctx, s); err != nil {
			return err
		}
		if !w.dry {
			err = rename(ctx, w.job, s.Name, t.sink)
		}
		if fault.ClassOf(err) == fault.Config {
			return fmt.Errorf("sink %s: %w", s.Name, err)
		}
		var ledger []sinks.Committed
		if err == nil {
			ledger, err = committedOf(ctx, w.job, t.sink, time.Time{}, time.Time{})
		}
		if t.err = err; err != nil {
			consequence := "slices are extracted and wait in the spool"
			if w.dry {
				consequence = "what it has is taken as last known"
			}
			w.event(Event{Kind: Warning, Sink: s.Name, Text: fmt.Sprintf("sink %s does not answer; %s: %v", s.Name, consequence, err)})
		}
		for _, c := range ledger {
			t.committed[keyOf(c.Slice.Part, c.Slice.Start)] = c
		}
		w.sinks = append(w.sinks, t)
	}
	return w.checkGrid()
}

// checkGrid refuses a job whose committed slices were cut differently: their
// rows would be there twice.
func (w *work) checkGrid() error {
	if !w.job.Kind.Windowed {
		return nil
	}
	grid := gridOf(w.job)
	for _, t := range w.sinks {
		for _, c := range t.committed {
			if now := grid.Containing(c.Slice.Start); !now.Start.Equal(c.Slice.Start) || !now.End.Equal(c.Slice.End) {
				return fault.New(fault.Config, "job %s: sink %s holds slice %s, which is no %s interval of zone %s", w.job.Name, t.name, c.Slice.Interval(), w.job.Interval, w.job.DataZone).
					WithHint("interval and data_timezone cannot change once slices are committed. Set them back, or remove them with `exporter purge %s` and load them anew with backfill.", w.job.Name)
			}
		}
	}
	return nil
}

// update changes the run's record under its lock.
func (w *work) update(change func(*state.Run)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.run)
}

// mostWarned is how many warnings of a run its ledgers get.
const mostWarned = 100

// event tells whoever watches.
func (w *work) event(ev Event) {
	w.mu.Lock()
	ev.Run = w.run
	if ev.Kind == Warning && len(w.warned) < mostWarned && !slices.Contains(w.warned, ev.Text) {
		w.warned = append(w.warned, ev.Text)
	}
	w.mu.Unlock()
	w.notify(ev)
}
