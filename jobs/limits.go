package jobs

import (
	"context"
	"fmt"

	"exporter/jobs/config"
	"exporter/ratelimit"
	"exporter/state"
)

// Limits returns where the limits of every credential stand, in the order of the
// configuration: of this process's limiters, and what is recorded of the others.
func (e *Engine) Limits(ctx context.Context) ([]ratelimit.Status, error) {
	var all []ratelimit.Status
	done := map[string]bool{}
	for _, src := range e.cfg.Sources {
		if done[src.Credential] {
			continue
		}
		done[src.Credential] = true
		e.mu.Lock()
		l := e.limiters[src.Credential]
		e.mu.Unlock()
		if l != nil {
			all = append(all, l.Status())
			continue
		}
		s, err := RecordedLimits(ctx, e.state, src)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// RecordedLimits asks a limiter of the source's credential what it would know if it
// started now; what it would store is dropped, so asking changes nothing.
func RecordedLimits(ctx context.Context, st *state.Store, src *config.Source) (ratelimit.Status, error) {
	limiter, err := ratelimit.New(ctx, src.Credential, src.Limits, ratelimit.Options{Store: readOnly{st.Quota()}})
	if err != nil {
		return ratelimit.Status{}, fmt.Errorf("limits of source %s: %w", src.Name, err)
	}
	return limiter.Status(), limiter.Close(ctx)
}

// readOnly is a store that keeps nothing.
type readOnly struct{ ratelimit.Store }

// Save implements ratelimit.Store.
func (readOnly) Save(context.Context, string, ratelimit.Usage) error { return nil }
