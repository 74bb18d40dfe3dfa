package ratelimit

import "context"

// Place is what a caller gives up while it waits for quota, so that others who
// wait for nothing can use it: its turn among the work at hand.
type Place interface {
	// Leave gives the place up.
	Leave()
	// Return waits for a place again; it fails when ctx ends.
	Return(ctx context.Context) error
}

type placeKey struct{}

// WithPlace returns a context whose holder leaves its place while
// [Limiter.Acquire] makes it wait.
func WithPlace(ctx context.Context, p Place) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

// away waits for w without the place that ctx may hold.
func (l *Limiter) away(ctx context.Context, w *waiter) (*Permit, error) {
	place, ok := ctx.Value(placeKey{}).(Place)
	if !ok {
		return l.wait(ctx, w)
	}
	place.Leave()
	permit, err := l.wait(ctx, w)
	if back := place.Return(ctx); back != nil && err == nil {
		permit.giveBack()
		return nil, l.ended(ctx)
	}
	return permit, err
}
