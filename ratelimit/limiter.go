package ratelimit

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"exporter/fault"
)

// Limiter gives the permits of one credential. It is safe for concurrent use;
// who waits is served in the order that [Limiter.next] says.
type Limiter struct {
	credential string
	configured int // requests in flight; 0 = any number
	maxWait    time.Duration
	store      Store // nil: nothing to survive
	jitter     func() time.Duration
	wallClock  func() time.Time
	start      time.Time // time zero of all int64 times below
	began      time.Time // start, by the wall clock

	saving chan struct{} // holds a token while nobody writes to the store

	mu          sync.Mutex
	common      lane             // of requests without a class
	lanes       map[string]*lane // by class
	concurrency int              // configured, or fewer by what was learned
	places      said             // the vendor's limit of requests in flight
	adaptAt     int64            // when a learned limit changes
	inFlight    int
	queue       []*waiter
	timer       *time.Timer
	closed      bool
	pausedUntil int64
	pauseReason string
	resuming    bool      // a pause has not been followed by a permit yet
	staggered   int       // permits still to be spread after a pause
	notBefore   int64     // no permit earlier, to spread them
	reserved    int       // permits that the stored usage already counts
	markUntil   int64     // and until when they may be given
	turn        int       // permits given to others while a backfill waited
	served      uint64    // counts permits given
	round       uint64    // counts looks at the queue
	order       []*waiter // scratch of inOrder
	stats       stats
	account     account
}

// stats counts since the limiter was made.
type stats struct {
	requests, throttles, waits int64
	waited                     time.Duration
}

// Options are the collaborators of a limiter; the zero value works.
type Options struct {
	// Store keeps usage over restarts; nil forgets it with the process.
	Store Store
	// Jitter is the distance between two permits given out of the queue after a
	// pause, so that not all workers start at once; nil draws up to 50 ms.
	Jitter func() time.Duration
	// Now is the wall clock of what is stored and shown; nil = time.Now.
	Now func() time.Time
}

// New returns the limiter of a credential, with the usage its store remembers.
func New(ctx context.Context, credential string, limits Limits, opts Options) (*Limiter, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	l := &Limiter{
		credential:  credential,
		configured:  limits.Concurrency,
		concurrency: limits.Concurrency,
		maxWait:     limits.maxWait(),
		store:       opts.Store,
		jitter:      opts.Jitter,
		wallClock:   opts.Now,
		start:       time.Now(),
		lanes:       make(map[string]*lane, len(limits.Classes)),
		adaptAt:     never,
		account:     account{users: make(map[string]*user)},
		saving:      make(chan struct{}, 1),
	}
	l.saving <- struct{}{}
	if l.jitter == nil {
		l.jitter = func() time.Duration { return rand.N(50 * time.Millisecond) }
	}
	if l.wallClock == nil {
		l.wallClock = time.Now
	}
	l.began = l.wallClock().Round(0)
	for _, w := range limits.Windows {
		l.common.rings = append(l.common.rings, newRing("", w))
	}
	for class, windows := range limits.Classes {
		n := &lane{class: class, rings: slices.Clone(l.common.rings)}
		for _, w := range windows {
			n.rings = append(n.rings, newRing(class, w))
		}
		l.lanes[class] = n
	}
	return l, l.load(ctx)
}

// Acquire waits until one more request may be sent and returns its permit. The
// request is to be sent at once, and the permit to be released in every case.
//
// It fails with class Parked, at once, when the wait would exceed the limits'
// MaxWait (errors.As finds the [ParkedError] that says until when); with Transient when
// the store cannot be written, because an unrecorded request could exceed a
// window after a crash; and when ctx ends.
func (l *Limiter) Acquire(ctx context.Context, ask Ask) (*Permit, error) {
	if ctx.Err() != nil {
		return nil, l.ended(ctx)
	}
	ask.Weight = max(ask.Weight, 1)
	claim := claimOf(ctx)
	l.mu.Lock()
	p, w, err := l.enter(ask, claim)
	l.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if w != nil {
		if p, err = l.away(ctx, w); err != nil {
			return nil, err
		}
	}
	if p.unmarked {
		if err := l.writeMark(ctx, p); err != nil {
			p.giveBack()
			return nil, err
		}
	}
	return p, nil
}

// enter gives the permit, or a place in the queue if it is not to be had now.
func (l *Limiter) enter(ask Ask, claim Claim) (*Permit, *waiter, error) {
	n := l.lane(ask.Class)
	for _, r := range n.rings {
		if ask.Weight > r.window.N && !r.learned {
			return nil, nil, fault.New(fault.Config, "request of weight %d can never pass limit %s of %s", ask.Weight, r.window, l.credential)
		}
	}
	if l.closed {
		return nil, nil, l.closedError()
	}
	now := l.now()
	if now >= l.adaptAt {
		l.adapt(now)
	}
	by := l.user(claim.Job)
	if len(l.queue) == 0 && l.open(now) && l.ready(now, n.rings, ask.Weight, claim.Backfill && !l.backfillsTurn()) <= now {
		return l.grant(now, n, by, ask, claim.Backfill), nil, nil
	}
	w := &waiter{ask: ask, backfill: claim.Backfill, lane: n, user: by, since: now, done: make(chan struct{})}
	l.queue = append(l.queue, w)
	l.dispatch(now)
	return nil, w, nil
}

// now reads the limiter's clock. It is read under the lock, so that rings stay ascending.
func (l *Limiter) now() int64 { return int64(time.Since(l.start)) }

// wall converts a time of the limiter's clock, by what the wall clock says now: it
// may have been set, or the machine been asleep, since the limiter was made.
func (l *Limiter) wall(at int64) time.Time { return l.wallClock().Add(time.Duration(at - l.now())) }

// instant converts a time of the limiter's clock for whoever compares it with others of that clock alone.
func (l *Limiter) instant(at int64) time.Time { return l.start.Add(time.Duration(at)) }

func (l *Limiter) ended(ctx context.Context) error {
	return fault.New(fault.ClassOf(ctx.Err()), "wait for quota of %s: %w", l.credential, context.Cause(ctx))
}

func (l *Limiter) closedError() error {
	return fault.New(fault.Interrupted, "limiter of %s is closed", l.credential)
}

// MaxWait is the longest wait for quota before a request is parked.
func (l *Limiter) MaxWait() time.Duration { return l.maxWait }
