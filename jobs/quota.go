package jobs

import (
	"context"
	"time"

	"exporter/ratelimit"
)

const (
	quotaEvery = 500 * time.Millisecond // how often waits are looked for
	quotaNoted = 15 * time.Second       // shorter waits are the usual pace of small windows
)

// watchQuota tells whoever watches the run when its credential waits for quota,
// once for every end of the wait, until ctx ends.
func (w *work) watchQuota(ctx context.Context, limiter *ratelimit.Limiter) {
	tick := time.NewTicker(quotaEvery)
	defer tick.Stop()
	var told time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		next := limiter.Status().NextFree
		if time.Until(next) > quotaNoted && next.Sub(told).Abs() > quotaNoted {
			told = next
			w.event(Event{Kind: QuotaWaits, Until: next})
		}
	}
}
