package jobs

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"exporter/ratelimit"
)

// place is a slice's place among those at work. Requests of the slice that wait
// for quota give it up, so that a vendor whose quota is used up does not keep the
// slices of others waiting.
type place struct {
	slots *semaphore.Weighted // nil: of work that needs no slot

	mu    sync.Mutex
	away  int  // requests that wait for quota
	held  bool // the slot is ours
	ended bool // the work had to end while a request waited
}

var _ ratelimit.Place = (*place)(nil)

// take waits for a free slot.
func take(ctx context.Context, slots *semaphore.Weighted) (*place, error) {
	if err := slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return &place{slots: slots, held: true}, nil
}

// Leave implements ratelimit.Place.
func (p *place) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away++
	p.drop()
}

// Return implements ratelimit.Place. It does not keep the lock while it waits for a
// slot: whoever has one may be asking whether this one waits.
func (p *place) Return(ctx context.Context) error {
	p.mu.Lock()
	p.away--
	p.ended = p.ended || ctx.Err() != nil
	back := p.away > 0 || p.held || p.slots == nil
	p.mu.Unlock()
	if back {
		return nil
	}
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held { // another request of the slice was faster
		p.slots.Release(1)
	}
	p.held = true
	return nil
}

// waits reports whether a request waits now, and whether one did when the work had
// to end.
func (p *place) waits() (now, atEnd bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away > 0, p.ended
}

// free gives the slot up for good.
func (p *place) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

func (p *place) drop() {
	if p.held {
		p.held = false
		p.slots.Release(1)
	}
}
