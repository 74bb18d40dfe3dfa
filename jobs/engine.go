package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"exporter/fault"
	"exporter/jobs/config"
	"exporter/jobs/spool"
	"exporter/ratelimit"
	"exporter/sinks"
	"exporter/sources"
	"exporter/sources/httpapi"
	"exporter/state"
)

// Engine holds what runs share: opened sinks, one limiter per credential, the
// spool, the state. It is safe for concurrent use.
type Engine struct {
	cfg    *config.Config
	state  *state.Store
	spools *spool.Root
	slots  *semaphore.Weighted // slices at work, over all runs
	log    *slog.Logger
	o      Options
	auths  httpapi.Auths
	holds  atomic.Pointer[state.Lease] // under which vendors are asked, whoever took it; nil = nobody yet
	ready  atomic.Pointer[error]       // see Ready
	ticked atomic.Pointer[time.Time]   // see LastTick
	pings  *pinger

	mu       sync.Mutex
	limiters map[string]*ratelimit.Limiter
	sinks    map[string]sinks.Sink
	atWork   map[turnsOf]*semaphore.Weighted
	lease    *state.Lease // of commands that ask a vendor outside of a run; nil = not held
}

// Options tune an engine; the zero value works.
type Options struct {
	Log    *slog.Logger
	Now    func() time.Time
	Retry  Retry
	Notify func(Event) // called for every change a person may want to see; must not block
	// OnRequest is called for every request to a vendor, status 0 = no answer.
	OnRequest func(source string, status int, took time.Duration)
}

// NewEngine returns an engine over an open state. It touches no network.
func NewEngine(cfg *config.Config, st *state.Store, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	if o.OnRequest == nil {
		o.OnRequest = func(string, int, time.Duration) {}
	}
	o.Retry = o.Retry.withDefaults()
	root, err := spool.OpenRoot(cfg.Exporter.Spool, cfg.Exporter.SpoolMax)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, state: st, spools: root, log: o.Log, o: o, pings: newPinger(o.Log),
		slots:    semaphore.NewWeighted(int64(max(1, cfg.Exporter.Concurrency))),
		limiters: map[string]*ratelimit.Limiter{}, sinks: map[string]sinks.Sink{}, atWork: map[turnsOf]*semaphore.Weighted{},
	}
	pinged := &told{Engine: e, runs: map[string]string{}}
	e.o.Notify = func(ev Event) {
		pinged.notify(ev)
		o.Notify(ev)
	}
	return e, nil
}

// Close gives up the lease, if it is held, sends the last pings and closes the sinks.
func (e *Engine) Close(ctx context.Context) error {
	errs := []error{e.shared(ctx)}
	e.pings.close(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.sinks {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// closeLimiters saves what the limiters used. Whoever holds the lease does so
// before giving it up: the next holder starts from there.
func (e *Engine) closeLimiters(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, l := range e.limiters {
		errs = append(errs, l.Close(ctx))
	}
	clear(e.limiters)
	return errors.Join(errs...)
}

// dropLimiters forgets the limiters without saving: another process has the
// lease, and its figures count.
func (e *Engine) dropLimiters() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.limiters)
}

// exclusive takes the lease until shared or Close: requests to vendors are
// counted by one process at a time, or their limits would not hold.
func (e *Engine) exclusive(ctx context.Context, what string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lease != nil {
		return nil
	}
	lease, err := e.state.Acquire(ctx, what)
	var held *state.HeldError
	if errors.As(err, &held) {
		way := "It ends by itself: call this again then."
		if held.Holder == holderServe {
			way = "Stop the serve (`systemctl stop exporter`), call this, and start it again: runs at work go on at their last page."
		}
		return fault.New(fault.Transient, "another process works on this state: %w", held).
			WithHint("A vendor's limits and tokens are kept by one process at a time. %s", way)
	}
	if err != nil {
		return err
	}
	e.lease = lease
	e.holds.Store(lease)
	return nil
}

// holderServe is what a serve calls itself in the lease: it never ends by itself.
const holderServe = "serve"

// shared gives up the lease that exclusive took, if it did. Without it nothing is
// saved of what the limiters used: their figures are older than those of whoever
// has it.
func (e *Engine) shared(ctx context.Context) error {
	e.mu.Lock()
	lease := e.lease
	e.lease = nil
	e.mu.Unlock()
	var err error
	if lease != nil {
		err = e.giveUp(ctx, lease)
	}
	e.dropLimiters()
	return err
}

// turnsOf is for whom turns are.
type turnsOf struct{ credential, priority string }

// turns returns how many slices of a source's credential may be at work at once:
// as many as it takes requests at once, and one that is being loaded meanwhile.
// Each priority has its own: slices of a backfill that wait for quota do not keep
// scheduled ones from asking for it, which the limiter serves first.
func (e *Engine) turns(s *config.Source, priority string) *semaphore.Weighted {
	const unlimited = 7
	e.mu.Lock()
	defer e.mu.Unlock()
	of := turnsOf{s.Credential, priority}
	t, ok := e.atWork[of]
	if !ok {
		t = semaphore.NewWeighted(int64(cmp.Or(s.Limits.Concurrency, unlimited)) + 1)
		e.atWork[of] = t
	}
	return t
}

// source opens a source for the options of one stream. The caller gives it up
// with shut. Sent, if not nil, is called for every request on the wire.
func (e *Engine) source(ctx context.Context, s *config.Source, options sources.Options, sent func()) (sources.Source, error) {
	limiter, err := e.limiter(ctx, s)
	if err != nil {
		return nil, err
	}
	deps := sources.Deps{Name: s.Name, Limiter: limiter, Tokens: e.state, Auths: &e.auths, Memory: e.state, Now: e.o.Now, Log: e.log.With("source", s.Name)}
	deps.OnRequest = func(status int, took time.Duration) {
		e.o.OnRequest(s.Name, status, took)
		if sent != nil {
			sent()
		}
	}
	src, err := s.Driver.Open(deps, s.Settings, options)
	if err != nil {
		return nil, fmt.Errorf("open source %s: %w", s.Name, err)
	}
	return src, nil
}

// shut gives up a source's connections.
func (e *Engine) shut(src sources.Source) {
	if c, ok := src.(io.Closer); ok {
		if err := c.Close(); err != nil {
			e.log.Warn("connections of a source were not closed", "err", err)
		}
	}
}

func (e *Engine) limiter(ctx context.Context, s *config.Source) (*ratelimit.Limiter, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, ok := e.limiters[s.Credential]; ok {
		return l, nil
	}
	l, err := ratelimit.New(ctx, s.Credential, s.Limits, ratelimit.Options{Store: leased{e.state.Quota(), e}})
	if err != nil {
		return nil, fmt.Errorf("limits of source %s: %w", s.Name, err)
	}
	e.limiters[s.Credential] = l
	return l, nil
}

// Sink opens a sink once and returns it; the engine closes it.
func (e *Engine) Sink(ctx context.Context, s *config.Sink) (sinks.Sink, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if k, ok := e.sinks[s.Name]; ok {
		return k, nil
	}
	k, err := s.Driver.Open(ctx, s.Settings)
	if err != nil {
		return nil, fmt.Errorf("open sink %s: %w", s.Name, err)
	}
	e.sinks[s.Name] = k
	return k, nil
}
