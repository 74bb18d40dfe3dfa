package ratelimit

import (
	"cmp"
	"context"
	"time"

	"exporter/fault"
)

const (
	// markAhead is how long a stored mark lets permits be given without writing again.
	markAhead = time.Second
	// arrivalGrace bounds the time from a permit to the arrival of its request at
	// the vendor: name lookup, connection, handshake.
	arrivalGrace = time.Minute
	saveTimeout  = 10 * time.Second
)

// covered reports whether the stored usage already counts one more request, and uses that up.
func (l *Limiter) covered(now int64, rings []*ring, weight int) bool {
	if l.store == nil || len(rings) == 0 {
		return true
	}
	if l.reserved < weight || now > l.markUntil {
		return false
	}
	l.reserved -= weight
	return true
}

// ahead returns how many permits one mark covers: what a crash can cost.
func (l *Limiter) ahead() int {
	n := 0
	for r := range l.rings() {
		if tenth := max(r.limit/10, 1); n == 0 || tenth < n {
			n = tenth
		}
	}
	return n
}

// writeMark makes the stored usage count p, which is out already.
func (l *Limiter) writeMark(ctx context.Context, p *Permit) error {
	select {
	case <-l.saving:
		defer func() { l.saving <- struct{}{} }()
	case <-ctx.Done():
		return l.ended(ctx)
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return l.closedError()
	}
	now := l.now()
	if l.covered(now, p.lane.rings, p.ask.Weight) { // by a mark written while waiting to write one
		l.mu.Unlock()
		return nil
	}
	ahead := l.ahead()
	u := l.usage(now, true)
	u.Ahead = ahead
	l.reserved = 0 // what is given from here on is in neither the old mark nor this one
	l.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if err := l.store.Save(ctx, l.credential, u); err != nil {
		return l.saveError(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved, l.markUntil = ahead, now+int64(markAhead)
	return nil
}

// storePause stores the usage with its pause. It does not extend the mark, so the
// stored row must go on counting what was reserved before.
func (l *Limiter) storePause() error {
	if l.store == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	select {
	case <-l.saving:
		defer func() { l.saving <- struct{}{} }()
	case <-ctx.Done():
		return l.saveError(ctx.Err())
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	u := l.usage(l.now(), true)
	u.Ahead, u.ActiveUntil = l.reserved, l.wall(l.markUntil)
	l.mu.Unlock()
	return l.saveError(l.store.Save(ctx, l.credential, u))
}

// Close turns away whoever waits or comes later and stores the exact usage, so
// that the next start need not assume anything. Requests without an answer count
// from now. Close twice is one Close.
func (l *Limiter) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	for _, w := range l.queue {
		w.err = l.closedError()
		close(w.done)
	}
	l.queue = nil
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	if l.store == nil {
		return nil
	}
	select {
	case <-l.saving:
		defer func() { l.saving <- struct{}{} }()
	case <-ctx.Done():
		return l.saveError(context.Cause(ctx))
	}
	l.mu.Lock()
	u := l.usage(l.now(), false)
	l.mu.Unlock()
	return l.saveError(l.store.Save(ctx, l.credential, u))
}

func (l *Limiter) saveError(err error) error {
	if err == nil {
		return nil
	}
	class := fault.Transient
	if fault.ClassOf(err) == fault.Interrupted {
		class = fault.Interrupted
	}
	return fault.New(class, "store quota usage of %s: %w", l.credential, err).
		WithHint("%s", cmp.Or(fault.HintOf(err), "No request is sent while its use of the quota cannot be recorded. Check the state file and the space on its disk."))
}
