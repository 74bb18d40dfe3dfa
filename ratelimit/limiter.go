package ratelimit

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"exporter/fault"
)

// Limiter gives the permits of one credential. It is safe for concurrent use;
// waiting requests are served first come, first served, except that one whose
// class is used up lets others pass.
type Limiter struct {
	credential  string
	concurrency int
	maxWait     time.Duration
	store       Store // nil: nothing to survive
	jitter      func() time.Duration
	start       time.Time // time zero of all int64 times below
	general     []*ring
	classes     map[string][]*ring // the general rings, then those of the class

	saving chan struct{} // holds a token while nobody writes to the store

	mu          sync.Mutex
	inFlight    int
	queue       []*waiter
	timer       *time.Timer
	closed      bool
	pausedUntil int64
	pauseReason string
	resuming    bool  // a pause has not been followed by a permit yet
	staggered   int   // permits still to be spread after a pause
	notBefore   int64 // no permit earlier, to spread them
	reserved    int   // permits that the stored usage already counts
	markUntil   int64 // and until when they may be given
	stats       stats
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
}

// New returns the limiter of a credential, with the usage its store remembers.
func New(ctx context.Context, credential string, limits Limits, opts Options) (*Limiter, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	l := &Limiter{
		credential:  credential,
		concurrency: limits.Concurrency,
		maxWait:     limits.maxWait(),
		store:       opts.Store,
		jitter:      opts.Jitter,
		start:       time.Now(),
		classes:     make(map[string][]*ring, len(limits.Classes)),
		saving:      make(chan struct{}, 1),
	}
	l.saving <- struct{}{}
	if l.jitter == nil {
		l.jitter = func() time.Duration { return rand.N(50 * time.Millisecond) }
	}
	for _, w := range limits.Windows {
		l.general = append(l.general, newRing("", w))
	}
	for class, windows := range limits.Classes {
		rings := l.general[:len(l.general):len(l.general)]
		for _, w := range windows {
			rings = append(rings, newRing(class, w))
		}
		l.classes[class] = rings
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
	l.mu.Lock()
	p, w, err := l.enter(ask)
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
func (l *Limiter) enter(ask Ask) (*Permit, *waiter, error) {
	rings, ok := l.classes[ask.Class]
	if !ok {
		rings = l.general
	}
	for _, r := range rings {
		if ask.Weight > r.window.N {
			return nil, nil, fault.New(fault.Config, "request of weight %d can never pass limit %s of %s", ask.Weight, r.window, l.credential)
		}
	}
	if l.closed {
		return nil, nil, l.closedError()
	}
	now := l.now()
	if len(l.queue) == 0 && l.open(now) && l.ready(now, rings, ask.Weight) <= now {
		return l.grant(now, rings, ask), nil, nil
	}
	w := &waiter{ask: ask, rings: rings, since: now, done: make(chan struct{})}
	l.queue = append(l.queue, w)
	l.dispatch(now)
	return nil, w, nil
}

// now reads the limiter's clock. It is read under the lock, so that rings stay ascending.
func (l *Limiter) now() int64 { return int64(time.Since(l.start)) }

// wall converts a time of the limiter's clock.
func (l *Limiter) wall(at int64) time.Time { return l.start.Add(time.Duration(at)) }

func (l *Limiter) ended(ctx context.Context) error {
	return fault.New(fault.ClassOf(ctx.Err()), "wait for quota of %s: %w", l.credential, context.Cause(ctx))
}

func (l *Limiter) closedError() error {
	return fault.New(fault.Interrupted, "limiter of %s is closed", l.credential)
}

// MaxWait is the longest wait for quota before a request is parked.
func (l *Limiter) MaxWait() time.Duration { return l.maxWait }
