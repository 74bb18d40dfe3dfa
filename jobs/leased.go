package jobs

import (
	"context"

	"exporter/ratelimit"
	"exporter/state"
)

// leased is the limiters' store: use of quota is recorded under the lease alone, and
// a request whose use cannot be recorded is not sent. So of all processes on a
// state one at a time asks vendors, whatever the command. A command that got by
// without the lease takes it with its first request.
type leased struct {
	*state.Quota
	engine *Engine
}

var _ ratelimit.Store = leased{}

// Save implements ratelimit.Store.
func (q leased) Save(ctx context.Context, credential string, u ratelimit.Usage) error {
	lease := q.engine.holds.Load()
	if lease == nil {
		if err := q.engine.exclusive(ctx, "this command"); err != nil {
			return err
		}
		lease = q.engine.holds.Load()
	}
	if err := lease.Check(ctx); err != nil {
		return err
	}
	return q.Quota.Save(ctx, credential, u)
}
