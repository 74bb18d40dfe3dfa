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

// Away calls wait without the place that ctx may hold. Whoever waits for what
// another holder asks the vendor for has to wait so: that one may have left its own
// place for quota and could not return to it.
func Away(ctx context.Context, wait func() error) error {
	place, ok := ctx.Value(placeKey{}).(Place)
	if !ok {
		return wait()
	}
	place.Leave()
	err := wait()
	if back := place.Return(ctx); err == nil {
		err = back
	}
	return err
}

// away waits for w without the place that ctx may hold.
func (l *Limiter) away(ctx context.Context, w *waiter) (permit *Permit, err error) {
	err = Away(ctx, func() (err error) {
		permit, err = l.wait(ctx, w)
		return err
	})
	if err != nil && permit != nil { // there is no place to use it
		permit.giveBack()
		return nil, l.ended(ctx)
	}
	return permit, err
}
